import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { around } from '../../database/partitions.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { fromRow, toRow, type DatabaseRow } from '../columns.js';
import type { NewCdr } from '../output.js';
import { cdrs, type Cdr } from './columns.js';
import { matchCalls } from './same-call.js';

/** What the key of a recovered call begins with; keys of calls that AMI told are hexadecimal. */
export const RECOVERED = 'r';

// SQLite takes no deeper expression than 1,000 terms.
const RANGES_A_QUERY = 200;

/**
 * Writes calls that AMI told, once each. A call that `logbook backfill` has written before, because AMI's
 * own account of it came late, stays the one row it is.
 */
export async function insertCalls(trx: Knex, rows: readonly NewCdr[]): Promise<void> {
  const recovered = await callsAround(trx, rows.map(({ callDate }) => callDate), { recovered: true });
  await insertOnce(trx, cdrs.table, (await unmatched(trx, rows, recovered)).map(databaseRow));
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

/** The calls that began within a second of any of these instants: those of one PBX, or the recovered ones alone. */
export async function callsAround(trx: Knex, instants: readonly Micros[], which: { readonly pbx?: string; readonly recovered?: true }): Promise<Cdr[]> {
  const found = new Map<number, Cdr>();
  const ranges = merged(instants);
  for (let start = 0; start < ranges.length; start += RANGES_A_QUERY) {
    const some = ranges.slice(start, start + RANGES_A_QUERY);
    const query = trx(cdrs.table).where((any) => {
      for (const range of some) void any.orWhereBetween('call_date', [range.from, range.to]);
    });
    if (which.pbx !== undefined) void query.where('pbx', which.pbx);
    if (which.recovered === true) void query.where('event_key', 'like', `${RECOVERED}%`);
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

/** Ranges that hold every instant with a second before and after its own second; near ones become one. */
function merged(instants: readonly Micros[]): { from: Micros; to: Micros }[] {
  const ranges: { from: Micros; to: Micros }[] = [];
  for (const at of [...instants].sort((a, b) => a - b)) {
    const from = (Math.floor(at / MICROS_PER_SECOND) - 1) * MICROS_PER_SECOND;
    const to = from + 3 * MICROS_PER_SECOND;
    const last = ranges.at(-1);
    if (last && from <= last.to + 5 * MICROS_PER_SECOND) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges;
}

/** A call as the table holds it. */
export const databaseRow = ({ key, ...record }: NewCdr): Record<string, string | number> => ({ event_key: key, ...toRow(cdrs.columns, record) });
