import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { around } from '../../database/partitions.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { fromRow, storeValue, type Column, type DatabaseRow } from '../columns.js';
import type { NewCdr } from '../output.js';
import { rowsChanged } from '../statistics/summaries.js';
import { holdNames, rememberNames } from './caller-names.js';
import { cdrs, type Cdr } from './columns.js';
import { RANGES_A_QUERY, secondsAround } from './near-calls.js';
import { matchCalls } from './same-call.js';

/** What the key of a recovered call begins with; keys of calls that AMI told are hexadecimal. */
export const RECOVERED = 'r';

/** What lies so near is read in one range. */
const NEAR: Micros = 5 * MICROS_PER_SECOND;

/**
 * Writes calls that AMI told, once each. A call that `logbook backfill` has written before, because AMI's
 * own account of it came late, stays the one row it is.
 */
export async function insertCalls(trx: Knex, rows: readonly NewCdr[]): Promise<void> {
  if (rows.length === 0) return;
  await holdNames(trx);
  const recovered = (await anyRecovered(trx)) ? await recoveredAround(trx, rows.map(({ callDate }) => callDate)) : [];
  await writeCalls(trx, (await unmatched(trx, rows, recovered)).map(databaseRow));
}

/**
 * Writes calls as the table holds them, once each; has them found by the names of their callers, and undoes what was summed up without them.
 * `insert`: `insertFresh` where it is known that none is there.
 */
export async function writeCalls(trx: Knex, rows: readonly Record<string, string | number>[], insert = insertOnce): Promise<void> {
  await rememberNames(trx, rows.map(({ caller_id }) => String(caller_id ?? '')));
  await insert(trx, cdrs.table, rows);
  await rowsChanged(trx, cdrs.table, rows.map((row) => Number(row[cdrs.columns.callDate.db])));
}

/** From the end of the keys' index alone: in a storm thousands of calls begin within the same second. */
async function anyRecovered(trx: Knex): Promise<boolean> {
  return (await trx(cdrs.table).where('event_key', '>=', RECOVERED).orderBy('event_key', 'desc').first('event_key')) !== undefined;
}

async function unmatched(trx: Knex, rows: readonly NewCdr[], recovered: readonly Cdr[]): Promise<readonly NewCdr[]> {
  if (recovered.length === 0) return rows;
  // A row that is written already has its place, and must not take the one of its look-alike.
  const written = await writtenKeys(trx, rows);
  const fresh = rows.filter(({ key }) => !written.has(key));
  const found = ofEachPbx(fresh, recovered);
  return fresh.filter((row) => !found.has(row));
}

function ofEachPbx(rows: readonly NewCdr[], recovered: readonly Cdr[]): Set<NewCdr> {
  const found = new Set<NewCdr>();
  for (const pbx of new Set(rows.map((row) => row.pbx))) {
    const own = rows.filter((row) => row.pbx === pbx);
    const told = own.map((call) => ({ call, starts: [call.callDate] }));
    const there = recovered.filter((row) => row.pbx === pbx).map((call) => ({ call, starts: [call.callDate] }));
    for (const index of matchCalls(told, there).keys()) {
      const row = own[index];
      if (row) found.add(row);
    }
  }
  return found;
}

async function writtenKeys(trx: Knex, rows: readonly NewCdr[]): Promise<Set<string>> {
  const written = new Set<string>();
  for (let start = 0; start < rows.length; start += 500) {
    const some = rows.slice(start, start + 500);
    const found = (await trx(cdrs.table)
      .select('event_key')
      .whereIn('event_key', some.map(({ key }) => key))
      .whereBetween('call_date', around(some.map(({ callDate }) => callDate)))) as readonly { readonly event_key: string }[];
    for (const { event_key } of found) written.add(event_key);
  }
  return written;
}

/** The recovered calls that began within a second of any of these instants. */
async function recoveredAround(trx: Knex, instants: readonly Micros[]): Promise<Cdr[]> {
  const found = new Map<number, Cdr>();
  const ranges = secondsAround(instants, NEAR);
  for (let start = 0; start < ranges.length; start += RANGES_A_QUERY) {
    const some = ranges.slice(start, start + RANGES_A_QUERY);
    const query = trx(cdrs.table).where((any) => {
      for (const range of some) void any.orWhereBetween('call_date', [range.from, range.to]);
    });
    void query.where('event_key', 'like', `${RECOVERED}%`);
    const rows = await query.select<DatabaseRow[]>(Object.values(cdrs.columns).map(({ db }) => db));
    for (const row of rows) {
      const call = fromRow(cdrs.columns, row);
      found.set(call.id, call);
    }
  }
  return [...found.values()];
}

const DAY: Micros = 86_400 * MICROS_PER_SECOND;

/** How many calls of a PBX that ended in `[from, to)`, a day after they began at most, stand there as recovered. */
export async function recoveredCallsEnded(knex: Knex, pbx: string, from: Micros, to: Micros): Promise<number> {
  const [counted] = await knex(cdrs.table)
    .where('call_date', '>=', from - DAY)
    .where('call_date', '<', to)
    .where('end_date', '>=', from)
    .where('end_date', '<', to)
    .where('pbx', pbx)
    .where('event_key', 'like', `${RECOVERED}%`)
    .count<{ count: number | string }[]>({ count: '*' });
  return Number(counted?.count ?? 0);
}

const written = Object.entries(cdrs.columns).filter(([name]) => name !== 'id') as [Exclude<keyof NewCdr, 'key'>, Column][];

/** A call as the table holds it. */
export const databaseRow = (call: NewCdr): Record<string, string | number> => storedCall(call.key, call);

/** The same with a key of its own. An import makes millions, so by the list of columns rather than by what the record has. */
export function storedCall(key: string, call: Omit<NewCdr, 'key'>): Record<string, string | number> {
  const row: Record<string, string | number> = { event_key: key };
  for (const [name, column] of written) row[column.db] = storeValue(column, call[name]);
  return row;
}
