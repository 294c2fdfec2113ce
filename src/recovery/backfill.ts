import type { Knex } from 'knex';
import { insertOnce, type Database } from '../database/database.js';
import { cdrs } from '../logs/cdr/columns.js';
import { matchCalls } from '../logs/cdr/same-call.js';
import { callsAround, databaseRow, RECOVERED } from '../logs/cdr/store.js';
import { wallClock } from '../logs/cdr/zone.js';
import { eventKey } from '../logs/key.js';
import type { NewCdr } from '../logs/output.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { RecentCounts, RecentIds } from './recent.js';
import { emptyReport, UNREADABLE_SHOWN, type BackfillReport } from './report.js';
import type { CallSource, SourceRecord } from './source-call.js';
import { translateSourceCall, type RecoveredCdr, type Translated } from './translate.js';

export interface BackfillOptions {
  readonly pbx: string;
  /** Calls that began in `[from, to)`. */
  readonly from: Micros;
  readonly to: Micros;
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
  const clock = wallClock(source.zone);
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
      return translated && inRange(translated) ? [translated] : [];
    });
    await database.knex.transaction(async (trx) => addMissing(trx, calls));
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

  function inRange({ starts }: Translated): boolean {
    const inside = starts.some((start) => start >= options.from && start < options.to);
    if (!inside) report.outside += 1;
    return inside;
  }

  async function addMissing(trx: Knex, calls: readonly Translated[]): Promise<void> {
    const keyed = calls.map(({ row, starts }) => ({ starts, row: { ...row, key: keyOf(row, memory.twins) } }));
    const around = await callsAround(trx, calls.flatMap(({ starts }) => starts), { pbx: options.pbx });
    const there = around.filter(({ id }) => !memory.taken.has(id)).map((call) => ({ call, starts: [call.callDate] }));
    const matched = matchCalls(keyed.map(({ row, starts }) => ({ call: row, starts })), there, source.limits);
    for (const index of matched.values()) {
      const id = there[index]?.call.id;
      if (id !== undefined) memory.taken.add(id);
    }
    const missing = keyed.filter((_, index) => !matched.has(index));
    await insertOnce(trx, cdrs.table, missing.map(({ row }) => databaseRow(row)));
    await takeInserted(trx, missing.map(({ row }) => row));
    report.added += missing.length;
    report.alreadyThere += matched.size;
    report.ambiguous += missing.filter(({ starts }) => starts.length > 1).length;
  }

  /** A row that this run has written stands for its own record, and for no look-alike that comes in the next batch. */
  async function takeInserted(trx: Knex, rows: readonly NewCdr[]): Promise<void> {
    for (let start = 0; start < rows.length; start += 500) {
      const keys = rows.slice(start, start + 500).map(({ key }) => key);
      const found = (await trx(cdrs.table).select('id').whereIn('event_key', keys)) as { id: number | string }[];
      for (const { id } of found) memory.taken.add(Number(id));
    }
  }
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
