import type { Knex } from 'knex';
import { monthsCover } from '../database/cover-months.js';
import type { Database } from '../database/database.js';
import { insertFresh } from '../database/statements.js';
import { takeTurn } from '../database/turns.js';
import { writing } from '../database/writing.js';
import { holdNames } from '../logs/cdr/caller-names.js';
import { cdrs } from '../logs/cdr/columns.js';
import { NearCalls } from '../logs/cdr/near-calls.js';
import { matchCalls } from '../logs/cdr/same-call.js';
import { storedCall, writeCalls } from '../logs/cdr/store.js';
import type { Micros } from '../time.js';
import { Pace } from './pace.js';
import { keyOf, Preparation, type NumberedCall, type PreparedBatch } from './prepare.js';
import { readAhead } from './read-ahead.js';
import { RecentKeys } from './recent.js';
import { emptyReport, UNREADABLE_SHOWN, type BackfillReport } from './report.js';
import type { CallSource } from './source-call.js';
import type { RecoveredCdr } from './translate.js';

/** On SQLite, where the service recovers in the thread that reads AMI. */
const TRANSACTION_MS = 25;

export interface BackfillOptions {
  readonly pbx: string;
  /** Calls that began in `[from, to)`. */
  readonly from: Micros;
  readonly to: Micros;
  /** And of those only the ones that had not ended before it. */
  readonly endedFrom?: Micros;
  /** How long one transaction may take on SQLite while nobody else writes there; a command has more time than the service. */
  readonly transactionMs?: number;
  /** Called with the calls that each transaction has added. */
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
  const cover = monthsCover(database, cdrs.table);
  const preparation = new Preparation(source.clock.instants, options);
  const pace = new Pace(database, options.transactionMs ?? TRANSACTION_MS);
  const near = new NearCalls();
  const taken = new RecentKeys();
  let scope = '';
  for await (const batch of readAhead(preparation.of(source))) {
    if (options.signal?.aborted === true) break;
    if (batch.scope !== scope) {
      taken.clear();
      scope = batch.scope;
    }
    countRead(batch);
    const { calls } = batch;
    await cover(calls.flatMap(({ starts }) => starts));
    for (let start = 0; start < calls.length; ) {
      await pace.wait();
      const some = calls.slice(start, start + pace.size);
      let startedAt = performance.now();
      const added = await writing(database, (trx) => {
        // Not when it began to wait for its turn.
        startedAt = performance.now();
        return addMissing(trx, some);
      });
      pace.took(some.length, performance.now() - startedAt);
      count(added);
      start += some.length;
    }
    options.onProgress?.(report, batch.done);
  }
  return report;

  function countRead({ read, unreadable, outside }: PreparedBatch): void {
    report.read += read;
    report.outside += outside;
    report.unreadable += unreadable.length;
    report.firstUnreadable.push(...unreadable.slice(0, UNREADABLE_SHOWN - report.firstUnreadable.length));
  }

  /** May run again from the start, so it changes nothing but the database. */
  async function addMissing(trx: Knex, calls: readonly NumberedCall[]): Promise<Added> {
    // What AMI tells of the same calls meanwhile waits until these are there.
    await takeTurn(trx, options.pbx);
    await holdNames(trx);
    const around = await near.find(trx, options.pbx, calls.flatMap(({ starts }) => starts));
    const there = around.filter(({ key }) => !taken.has(key)).map((call) => ({ call, starts: [call.callDate] }));
    const matched = matchCalls(calls.map(({ row, starts }) => ({ call: row, starts })), there, source.limits);
    const missing = calls.filter((_, index) => !matched.has(index));
    const rows = missing.map((call) => storedCall(keyOf(call), call.row));
    // A row of the same key began in the same second, so it would be among these.
    const known = new Set(around.map(({ key }) => key));
    await writeCalls(trx, rows.filter(({ event_key: key }) => !known.has(String(key))), insertFresh);
    const matchedKeys = [...matched.values()].flatMap((index) => there[index]?.call.key ?? []);
    return { missing, matched: matched.size, keys: [...matchedKeys, ...rows.map((row) => String(row['event_key']))] };
  }

  /** A row that stands for a record, or that this run has written for it, stands for no look-alike in the next batch. */
  function count({ missing, matched, keys }: Added): void {
    for (const key of keys) taken.add(key);
    report.added += missing.length;
    report.alreadyThere += matched;
    report.ambiguous += missing.filter(({ starts }) => starts.length > 1).length;
    if (missing.length > 0) options.onAdded?.(missing.map(({ row }) => row));
  }
}

interface Added {
  readonly missing: readonly NumberedCall[];
  readonly matched: number;
  /** Of the rows that stand for the records of this batch. */
  readonly keys: readonly string[];
}
