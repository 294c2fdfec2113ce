import type { Database } from '../database/database.js';
import { alterByMonth, isByMonth, monthsOf, type MonthPartition } from '../database/partitions.js';
import { takeTurns } from '../database/turns.js';
import { isContention, letOthersWrite, patiently, writing } from '../database/writing.js';
import type { DatabaseRow } from '../logs/columns.js';
import { rangeChanged, rowsChanged } from '../logs/statistics/summaries.js';
import { isMonth, rangeOf, type Month } from '../month.js';
import { blocksOf, type AgingLog } from './aging-log.js';

const BLOCK = 1_000;

/** A month's rows that were taken out of their log whole, and still wait for the proof that each of them is in the file. */
export interface TakenOut {
  readonly month: Month;
  readonly table: string;
}

/** What a process that ended amid it has left. */
export async function takenOut({ knex }: Database, { table }: AgingLog): Promise<TakenOut[]> {
  if (!isByMonth(knex, table)) return [];
  const prefix = `${table}_leaving_`;
  const [rows] = (await knex.raw('select table_name as name from information_schema.tables where table_schema = database() and left(table_name, ?) = ?', [prefix.length, prefix])) as [{ readonly name: string }[]];
  return rows.map(({ name }) => ({ table: name, month: name.slice(prefix.length).replace('_', '-') })).filter(({ month }) => isMonth(month));
}

/** The partition that holds this month and nothing else; null where its rows lie among others. */
export async function partitionOf({ knex }: Database, { table }: AgingLog, month: Month): Promise<MonthPartition | null> {
  return (await monthsOf(knex, table)).find((partition) => partition.month === month) ?? null;
}

/**
 * Takes all rows of a month out of the log in one step; the partition stays, empty, for what comes late. None of that
 * month may be taken out already.
 */
export async function takeOut(database: Database, { table }: AgingLog, { name, month }: MonthPartition): Promise<TakenOut> {
  const { knex } = database;
  const out = { month, table: `${table}_leaving_${month.replace('-', '_')}` };
  await knex.raw(`create table ${out.table} like ${table}`);
  await knex.raw(`alter table ${out.table} remove partitioning`);
  await altered(database, table, `exchange partition ${name} with table ${out.table}`);
  await writing(database, (trx) => rangeChanged(trx, table, rangeOf(month)));
  return out;
}

/** Empties a month for good; answers how many rows it had. */
export async function emptyOut(database: Database, { table }: AgingLog, { name, month }: MonthPartition): Promise<number> {
  const [[counted]] = (await database.knex.raw(`select count(*) as count from ${table} partition (${name})`)) as [[{ readonly count: number | string } | undefined]];
  const rows = Number(counted?.count ?? 0);
  if (rows > 0) {
    await altered(database, table, `truncate partition ${name}`);
    await writing(database, (trx) => rangeChanged(trx, table, rangeOf(month)));
  }
  return rows;
}

export interface GivenBack {
  /** Rows that are in the file, and are gone now. */
  readonly left: number;
  /** Rows that came after the file was written, and are in the log again. */
  readonly back: number;
}

/**
 * Ends what `takeOut` began: rows that are not among `kept`, which come in the order of their times, go back into the log, then
 * the rest goes. `goOn` is called before each step, and what it throws ends it; the same again goes on from there.
 */
export async function letGo(database: Database, log: AgingLog, out: TakenOut, kept: AsyncIterable<readonly Readonly<Record<string, string>>[]>, goOn: () => Promise<void>): Promise<GivenBack> {
  const total = { left: 0, back: 0 };
  const isKept = ahead(kept, log.time);
  const all = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER, lastId: Number.MAX_SAFE_INTEGER };
  for await (const rows of blocksOf(database.knex, { ...log, table: out.table }, all, BLOCK)) {
    await goOn();
    const back: DatabaseRow[] = [];
    for (const row of rows) if (!(await isKept(Number(row[log.time]), String(row['event_key'])))) back.push(row);
    if (back.length > 0) await putBack(database, log, back);
    total.left += rows.length - back.length;
    total.back += back.length;
  }
  await goOn();
  // Once more, for whoever was killed right after the exchange.
  await writing(database, (trx) => rangeChanged(trx, log.table, rangeOf(out.month)));
  await database.knex.schema.dropTable(out.table);
  return total;
}

/** As rows of the log, with the ids that they had. */
async function putBack(database: Database, log: AgingLog, rows: readonly DatabaseRow[]): Promise<void> {
  const before = performance.now();
  await writing(database, async (trx) => {
    await takeTurns(trx, rows.map((row) => String(row['pbx'])));
    await log.insert(trx, rows as Record<string, string | number>[]);
    await rowsChanged(trx, log.table, rows.map((row) => Number(row[log.time])));
  });
  await letOthersWrite(database, performance.now() - before);
}

/** Whether a row is among those of the file, which is read along: both go by time. */
function ahead(blocks: AsyncIterable<readonly Readonly<Record<string, string>>[]>, time: string): (at: number, key: string) => Promise<boolean> {
  const rows = flat(blocks);
  let next = rows.next();
  // It fails where it is awaited, which may be a while from now.
  next.catch(() => undefined);
  let keys = new Set<string>();
  let reached = Number.NEGATIVE_INFINITY;
  return async (at, key) => {
    while (reached < at) {
      let row = await next;
      if (row.done === true) return false;
      reached = Number(row.value[time]);
      keys = new Set();
      while (row.done !== true && Number(row.value[time]) === reached) {
        keys.add(row.value['event_key'] ?? '');
        next = rows.next();
        row = await next;
      }
    }
    return reached === at && keys.has(key);
  };
}

async function* flat<T>(blocks: AsyncIterable<readonly T[]>): AsyncGenerator<T, undefined> {
  for await (const block of blocks) yield* block;
}

async function altered(database: Database, table: string, change: string): Promise<void> {
  try {
    await patiently(database.patienceMs, () => alterByMonth(database.knex, table, change));
  } catch (error) {
    if (isContention(error)) throw new Error(`a transaction that goes on for long, such as a dump of the database, keeps ${table} from being altered; the next run tries again`, { cause: error });
    throw error;
  }
}
