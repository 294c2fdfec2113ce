import type { Knex } from 'knex';
import { monthAfter, monthOf, rangeOf, type Month } from '../month.js';
import type { Micros } from '../time.js';
import { onConnection } from './driver.js';

/**
 * The tables that MariaDB keeps in a partition a month, and the column that says in which a row is. Their unique keys
 * hold that column too, so `event_key` alone is kept unique by whoever writes (docs/decisions/0015).
 */
export const BY_MONTH: Readonly<Record<string, string>> = { cdr: 'call_date', sip_session: 'at' };

/** Before the first month, whatever month it is of. */
export const OLD = 'p_old';
/** Behind the last month, so that a row always has its place. */
export const NEW = 'p_new';

/** A partition of one month. */
export interface MonthPartition {
  readonly name: string;
  readonly month: Month;
}

/** So many rows of the outer partitions are moved where a month is cut from them; the table cannot be written meanwhile, for some seconds. */
export const MOST_MOVED = 500_000;
/** Times that a wrong clock made must not make partitions without end: no month that long before the last has one. */
const MOST_MONTHS = 120;

/** Whether rows of this table lie by month: no table of SQLite does. */
export const isByMonth = (knex: Knex, table: string): boolean => isMysql(knex) && table in BY_MONTH;

const isMysql = (knex: Knex): boolean => (knex.client as { readonly dialect: string }).dialect === 'mysql';

/** The months that have a partition, in order. */
export async function monthsOf(knex: Knex, table: string): Promise<MonthPartition[]> {
  if (!isByMonth(knex, table)) return [];
  const [rows] = (await knex.raw(
    'select partition_name as name, partition_description as below from information_schema.partitions where table_schema = database() and table_name = ? and partition_name is not null order by partition_ordinal_position',
    [table],
  )) as [{ readonly name: string; readonly below: string }[]];
  return rows.filter(({ name }) => name !== OLD && name !== NEW).map(({ name, below }) => ({ name, month: monthOf(Number(below) - 1) }));
}

/**
 * Sees to it that each month of `[from, to]`, of the last ten years at most, has a partition: rows of other months lie
 * together. Answers how many were made. Where so many rows lie there that moving them would hold up others,
 * they stay; `left` says of which end.
 */
export async function makeMonths(knex: Knex, table: string, from: Month, to: Month): Promise<{ readonly made: number; readonly left: readonly string[] }> {
  const there = (await monthsOf(knex, table)).map(({ month }) => month);
  const [first, last] = [there[0], there.at(-1)];
  if (first === undefined || last === undefined) return { made: 0, left: [] };
  const before = monthsBetween(from, last).slice(-MOST_MONTHS).filter((month) => month < first);
  const after = monthsBetween(monthAfter(last), monthAfter(to));
  const left: string[] = [];
  let made = 0;
  for (const { months, partition } of [{ months: before, partition: OLD }, { months: after, partition: NEW }]) {
    if (months.length === 0) continue;
    if (await hasMany(knex, table, partition)) left.push(partition);
    else {
      const parts = partition === OLD ? [oldBefore(months[0] ?? first), ...months.map(monthSql)] : [...months.map(monthSql), NEW_SQL];
      await alterByMonth(knex, table, `reorganize partition ${partition} into (${parts.join(', ')})`);
      made += months.length;
    }
  }
  return { made, left };
}

/** The clause of a table that lies by month, from the month of its oldest row, or ten years back at most, to `to`. */
export function byMonthSql(column: string, from: Month, to: Month): string {
  const months = monthsBetween(from, monthAfter(to)).slice(-MOST_MONTHS);
  return `partition by range (${column}) (${[oldBefore(months[0] ?? to), ...months.map(monthSql), NEW_SQL].join(', ')})`;
}

/**
 * Gives the first months, which are empty, back to the partition before them; what comes for them still lies there.
 * Nothing when that partition has many rows.
 */
export async function mergeMonths(knex: Knex, table: string, months: readonly MonthPartition[]): Promise<void> {
  const last = months.at(-1);
  if (!last || (await hasMany(knex, table, OLD))) return;
  await alterByMonth(knex, table, `reorganize partition ${[OLD, ...months.map(({ name }) => name)].join(', ')} into (${oldBefore(monthAfter(last.month))})`);
}

const PATIENCE_S = 2;

/**
 * Alters a table that others write to. It waits for the transactions under way, and all that come later wait behind it:
 * where one goes on for long, such as a dump of the database, it gives up after two seconds. Rejects as the database did, which may be
 * contention (`isContention`).
 */
export async function alterByMonth(knex: Knex, table: string, change: string): Promise<void> {
  await onConnection(knex, async (connection) => {
    const say = (sql: string): PromiseLike<unknown> => knex.raw(sql).connection(connection);
    const [rows] = (await say('select @@session.lock_wait_timeout as seconds')) as [{ readonly seconds: number }[]];
    await say(`set session lock_wait_timeout = ${PATIENCE_S}`);
    try {
      await say(`alter table ${table} ${change}`);
    } finally {
      await Promise.resolve(say(`set session lock_wait_timeout = ${Number(rows[0]?.seconds)}`)).catch(() => undefined);
    }
  });
}

const monthName = (month: Month): string => `p${month.replace('-', '')}`;
const monthSql = (month: Month): string => `partition ${monthName(month)} values less than (${rangeOf(month).to})`;
const oldBefore = (month: Month): string => `partition ${OLD} values less than (${rangeOf(month).from})`;
const NEW_SQL = `partition ${NEW} values less than maxvalue`;

/** `[from, before)`. */
function monthsBetween(from: Month, before: Month): Month[] {
  const months: Month[] = [];
  for (let month = from; month < before; month = monthAfter(month)) months.push(month);
  return months;
}

async function hasMany(knex: Knex, table: string, partition: string): Promise<boolean> {
  const [rows] = (await knex.raw(`select 1 from ${table} partition (${partition}) limit 1 offset ${MOST_MOVED}`)) as [unknown[]];
  return rows.length > 0;
}

/** The times around a batch within which a row of the same key lies, whoever read its time: zones differ by a day, clocks by less. */
const AROUND: Micros = 2 * 86_400_000_000;

const KEYS_A_QUERY = 1_000;

/** Where a row with the key of one of these lies. */
export const around = (times: readonly Micros[]): [Micros, Micros] => [Math.min(...times) - AROUND, Math.max(...times) + AROUND];

/** The rows whose key is in no row around their time, each key once. Whoever else writes such rows must be kept waiting meanwhile (`takeTurn`). */
export async function withoutWritten<R extends Readonly<Record<string, string | number>>>(trx: Knex, table: string, rows: readonly R[]): Promise<R[]> {
  const column = BY_MONTH[table] ?? '';
  const byKey = new Map(rows.toReversed().map((row) => [String(row['event_key']), row]));
  const once = [...byKey.values()].reverse();
  for (let start = 0; start < once.length; start += KEYS_A_QUERY) {
    const some = once.slice(start, start + KEYS_A_QUERY);
    // The server would take it for the name of a column.
    if (!some.every((row) => Number.isFinite(Number(row[column])))) throw new TypeError(`a row has no value for ${column}`);
    const there = await trx(table)
      .whereIn('event_key', some.map((row) => String(row['event_key'])))
      .whereBetween(column, around(some.map((row) => Number(row[column]))))
      .select<{ readonly event_key: string }[]>('event_key');
    for (const { event_key: key } of there) byKey.delete(key);
  }
  return once.filter((row) => byKey.has(String(row['event_key'])));
}
