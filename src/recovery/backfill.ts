import type { Knex } from 'knex';
import { monthsCover } from '../database/cover-months.js';
import { insertOnce, type Database } from '../database/database.js';
import { takeTurn } from '../database/turns.js';
import { letOthersWrite, writing } from '../database/writing.js';
import { cdrs } from '../logs/cdr/columns.js';
import { matchCalls } from '../logs/cdr/same-call.js';
import { callsAround, databaseRow, RECOVERED } from '../logs/cdr/store.js';
import { eventKey } from '../logs/key.js';
import type { NewCdr } from '../logs/output.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { RecentCounts, RecentIds } from './recent.js';
import { emptyReport, UNREADABLE_SHOWN, type BackfillReport } from './report.js';
import type { CallSource, SourceRecord } from './source-call.js';
import { translateSourceCall, type RecoveredCdr, type Translated } from './translate.js';

/** On SQLite, where the service recovers in the thread that reads AMI, so many take some 20 ms. */
const CALLS_AT_ONCE = 250;

export interface BackfillOptions {
  readonly pbx: string;
  /** Calls that began in `[from, to)`. */
  readonly from: Micros;
  readonly to: Micros;
  /** And of those only the ones that had not ended before it. */
  readonly endedFrom?: Micros;
  /** Called with the calls that each batch has added. */
  readonly onAdded?: (calls: readonly RecoveredCdr[]) => void;
  /** Called after each batch with the part that is done, 0 to 1. */
  readonly onProgress?: (report: Readonly<BackfillReport>, done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Adds the calls of a source that the table does not hold. Safe to repeat, to overlap and to break off:
 * a call that is there is left as it is, and a new one has a key made of what it is.
 */
export async function backfill(database: Database, source: CallSource, options: BackfillOptions): Promise<BackfillReport> {
  const report = emptyReport(source);
  const clock = source.clock.instants;
  const cover = monthsCover(database, cdrs.table);
  const memory = { taken: new RecentIds(), twins: new RecentCounts() };
  let scope = '';
  for await (const batch of source.batches()) {
    if (options.signal?.aborted === true) break;
    // The same line in another file is the same call: only within one file are twins two.
    if (batch.scope !== scope) {
      memory.taken.clear();
      memory.twins.clear();
      scope = batch.scope;
    }
    const calls = batch.records.flatMap((record) => {
      const translated = read(record);
      return translated && isWanted(translated) ? [{ starts: translated.starts, row: { ...translated.row, key: keyOf(translated.row, memory.twins) } }] : [];
    });
    await cover(calls.flatMap(({ starts }) => starts));
    for (let start = 0; start < calls.length; start += CALLS_AT_ONCE) {
      const startedAt = performance.now();
      count(await writing(database, (trx) => addMissing(trx, calls.slice(start, start + CALLS_AT_ONCE))));
      await letOthersWrite(database, performance.now() - startedAt);
    }
    options.onProgress?.(report, batch.done);
  }
  return report;

  function read(record: SourceRecord): Translated | null {
    report.read += 1;
    const translated = record.kind === 'call' ? translateSourceCall(options.pbx, record.call, clock) : record.reason;
    if (typeof translated !== 'string') return translated;
    report.unreadable += 1;
    if (report.firstUnreadable.length < UNREADABLE_SHOWN) report.firstUnreadable.push(`${record.where}: ${translated}`);
    return null;
  }

  function isWanted({ starts, row }: Translated): boolean {
    const inside = starts.some((start) => start >= options.from && start < options.to);
    // Where two instants may be its start, it may have ended as much later.
    const ended = (row.endDate ?? row.callDate) + (starts.at(-1) ?? row.callDate) - row.callDate;
    const wanted = inside && ended >= (options.endedFrom ?? ended);
    if (!wanted) report.outside += 1;
    return wanted;
  }

  /** May run again from the start, so it changes nothing but the database. */
  async function addMissing(trx: Knex, calls: readonly Keyed[]): Promise<Added> {
    // What AMI tells of the same calls meanwhile waits until these are there.
    await takeTurn(trx, options.pbx);
    const around = await callsAround(trx, calls.flatMap(({ starts }) => starts), { pbx: options.pbx });
    const there = around.filter(({ id }) => !memory.taken.has(id)).map((call) => ({ call, starts: [call.callDate] }));
    const matched = matchCalls(calls.map(({ row, starts }) => ({ call: row, starts })), there, source.limits);
    const missing = calls.filter((_, index) => !matched.has(index));
    await insertOnce(trx, cdrs.table, missing.map(({ row }) => databaseRow(row)));
    const matchedIds = [...matched.values()].flatMap((index) => there[index]?.call.id ?? []);
    return { missing, matched: matched.size, ids: [...matchedIds, ...(await idsOf(trx, missing.map(({ row }) => row)))] };
  }

  /** A row that stands for a record, or that this run has written for it, stands for no look-alike in the next batch. */
  function count({ missing, matched, ids }: Added): void {
    for (const id of ids) memory.taken.add(id);
    report.added += missing.length;
    report.alreadyThere += matched;
    report.ambiguous += missing.filter(({ starts }) => starts.length > 1).length;
    if (missing.length > 0) options.onAdded?.(missing.map(({ row }) => row));
  }
}

interface Keyed {
  readonly row: NewCdr;
  readonly starts: Translated['starts'];
}

interface Added {
  readonly missing: readonly Keyed[];
  readonly matched: number;
  /** Of the rows that stand for the records of this batch. */
  readonly ids: readonly number[];
}

async function idsOf(trx: Knex, rows: readonly NewCdr[]): Promise<number[]> {
  const ids: number[] = [];
  for (let start = 0; start < rows.length; start += 500) {
    const keys = rows.slice(start, start + 500).map(({ key }) => key);
    const found = (await trx(cdrs.table).select('id').whereIn('event_key', keys)) as { id: number | string }[];
    for (const { id } of found) ids.push(Number(id));
  }
  return ids;
}

/** What the call is, to the second as every source has it, and its number among those that are the same in all of that. */
function keyOf(row: RecoveredCdr, twins: RecentCounts): string {
  const parts = [
    row.pbx, Math.floor(row.callDate / MICROS_PER_SECOND), row.uniqueid, row.sequence, row.channel, row.dstchannel, row.src, row.dst,
    row.dcontext, row.lastapp, row.duration, row.billsec, row.disposition,
  ];
  const ordinal = twins.next(eventKey(...parts));
  return `${RECOVERED}${eventKey('recovered cdr', ...parts, ordinal).slice(1)}`;
}
