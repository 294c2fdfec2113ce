import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { toRow } from '../columns.js';
import type { NewWebSession } from '../output.js';
import { webSessions } from './columns.js';

/** Writes rows of the log; one that is there already, by its key, is left as it is. */
export async function insertWebSessions(knex: Knex, rows: readonly NewWebSession[]): Promise<void> {
  await insertOnce(
    knex,
    webSessions.table,
    rows.map(({ key, ...record }) => ({ event_key: key, ...toRow(webSessions.columns, record) })),
  );
}
