import { insertOnce, type Database } from '../database/database.js';
import { toRow } from '../logs/columns.js';
import { insertCalls } from '../logs/cdr/store.js';
import type { Output } from '../logs/output.js';
import { writeAccountStates } from '../logs/registered-account/store.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { fillDetails, writeSocketUses } from '../logs/sip-session/store.js';
import { webSessions } from '../logs/web-session/columns.js';

type OutputOf<K extends Output['kind']> = Extract<Output, { kind: K }>;

/**
 * Writes a batch in one transaction. Safe to repeat as a whole: every row has a key made of what
 * it is, and states and details are the same when written twice.
 */
export async function writeBatch(database: Database, outputs: readonly Output[]): Promise<void> {
  const of = <K extends Output['kind']>(kind: K): OutputOf<K>[] => outputs.filter((output): output is OutputOf<K> => output.kind === kind);
  await database.knex.transaction(async (trx) => {
    await insertCalls(trx, of('cdr').map(({ row }) => row));
    await insertOnce(
      trx,
      sipSessions.table,
      of('sip-session').map(({ row: { key, ...record } }) => ({ event_key: key, ...toRow(sipSessions.columns, record) })),
    );
    await insertOnce(
      trx,
      webSessions.table,
      of('web-session').map(({ row: { key, ...record } }) => ({ event_key: key, ...toRow(webSessions.columns, record) })),
    );
    await writeSocketUses(trx, of('socket-use'));
    await fillDetails(trx, of('sip-session-detail'));
    await writeAccountStates(trx, of('account-state').map(({ account }) => account));
  });
}
