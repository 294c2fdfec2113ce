import type { Knex } from 'knex';
import { insertOnce } from '../database/database.js';
import { forgetNames } from '../logs/cdr/caller-names.js';
import { cdrs } from '../logs/cdr/columns.js';
import { writeCalls } from '../logs/cdr/store.js';
import { isInstant, type DatabaseRow, type LogDefinition } from '../logs/columns.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { forgetSocketUses } from '../logs/sip-session/store.js';
import { rangeChanged, rowsChanged } from '../logs/statistics/summaries.js';
import { webSessions } from '../logs/web-session/columns.js';
import type { Micros } from '../time.js';
import type { ArchiveColumn } from './archive-parquet.js';

/** A log whose rows leave when they are old. Registered Accounts is a state, and gaps are few: both stay. */
export interface AgingLog {
  readonly name: string;
  readonly table: string;
  /** The database column that says how old a row is; its index ends with the id. */
  readonly time: string;
  /** The database columns that make the row, in the order of the archive: all but the id, which a restored row has anew. */
  readonly columns: readonly string[];
  /** The same, with their types. */
  readonly archived: readonly ArchiveColumn[];
  /** Deletes up to so many of the rows from before an instant that serve only to make rows of this log; answers how many. */
  readonly forget: ((trx: Knex, before: Micros, most: number) => Promise<number>) | null;
  /** Whether that is asked every time, or only when rows have left, since it looks through all that serves them. */
  readonly forgets: 'by age' | 'with rows';
  /** Writes rows that were archived, with what serves to find them. */
  readonly insert: (trx: Knex, rows: readonly Record<string, string | number>[]) => Promise<void>;
}

const FORGET: Readonly<Record<string, AgingLog['forget']>> = { [sipSessions.name]: forgetSocketUses, [cdrs.name]: (trx, _before, most) => forgetNames(trx, most) };

export const AGING_LOGS: readonly AgingLog[] = [cdrs, sipSessions, webSessions].map((log: LogDefinition) => ({
  name: log.name,
  table: log.table,
  time: log.columns[log.timeColumn]?.db ?? '',
  columns: archivedColumns(log).map(({ name }) => name),
  archived: archivedColumns(log),
  forget: FORGET[log.name] ?? null,
  forgets: log.name === cdrs.name ? 'with rows' : 'by age',
  insert: log.name === cdrs.name ? writeCalls : (trx, rows) => insertOnce(trx, log.table, rows),
}));

function archivedColumns(log: LogDefinition): ArchiveColumn[] {
  const own = new Map(Object.values(log.columns).map(({ db, type, optional }) => [db, { name: db, type, isOptional: optional === true && isInstant({ type }) }] as const));
  own.delete('id');
  return [{ name: 'event_key', type: 'text', isOptional: false }, ...own.values()];
}

/** Rows of one log in `[from, to)` whose id is at most `lastId`. */
export interface Stretch {
  readonly from: Micros;
  readonly to: Micros;
  readonly lastId: number;
}

/** When the oldest row in `[from, to)` was; null when there is none. */
export async function oldestIn(knex: Knex, { table, time }: AgingLog, from: Micros, to: Micros): Promise<Micros | null> {
  const row = await knex(table).where(time, '>=', from).where(time, '<', to).orderBy(time).first<{ readonly at: number | string } | undefined>(`${time} as at`);
  return row ? Number(row.at) : null;
}

/** The highest id in `[from, to)`, which a row that comes later will exceed; 0 when there is none. */
export async function lastIdIn(knex: Knex, { table, time }: AgingLog, from: Micros, to: Micros): Promise<number> {
  const row = await knex(table).where(time, '>=', from).where(time, '<', to).max<{ readonly id: number | string | null }>({ id: 'id' }).first();
  return Number(row?.id ?? 0);
}

/** All rows of a stretch in blocks, by time; each block is one short query. */
export async function* blocksOf(knex: Knex, log: AgingLog, { from, to, lastId }: Stretch, size: number): AsyncGenerator<readonly DatabaseRow[]> {
  let after = { at: from, id: 0 };
  for (;;) {
    const { at, id } = after;
    const rows = (await knex(log.table)
      .select('id', ...log.columns)
      .where(log.time, '>=', at)
      .where(log.time, '<', to)
      .where('id', '<=', lastId)
      .where((either) => void either.where(log.time, '>', at).orWhere('id', '>', id))
      .orderBy([log.time, 'id'])
      .limit(size)) as DatabaseRow[];
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    if (rows.length < size) return;
    after = { at: Number(last[log.time]), id: Number(last['id']) };
  }
}

/** Deletes the rows of some keys of a time, and no others; answers how many were there. */
export async function deleteByKeys(trx: Knex, { table, time }: AgingLog, { from, to }: Pick<Stretch, 'from' | 'to'>, keys: readonly string[]): Promise<number> {
  const sought = (): Knex.QueryBuilder => trx(table).whereIn('event_key', [...keys]).where(time, '>=', from).where(time, '<', to);
  const rows = await sought().select<{ readonly at: number | string }[]>(`${time} as at`);
  await rowsChanged(trx, table, rows.map(({ at }) => Number(at)));
  return sought().delete();
}

/** Deletes up to `most` rows in `[from, to)`, oldest first; answers how many they were. */
export async function deleteSome(trx: Knex, { table, time }: AgingLog, { from, to }: Pick<Stretch, 'from' | 'to'>, most: number): Promise<number> {
  const rows = await trx(table).where(time, '>=', from).where(time, '<', to).orderBy([time, 'id']).limit(most).select<{ id: number }[]>('id');
  if (rows.length === 0) return 0;
  await rangeChanged(trx, table, { from, to });
  return trx(table).whereIn('id', rows.map(({ id }) => id)).where(time, '>=', from).where(time, '<', to).delete();
}
