import type { Knex } from 'knex';
import type { Database } from '../database/database.js';
import { letOthersWrite, writing } from '../database/writing.js';
import { messageOf } from '../errors.js';
import type { Micros } from '../time.js';
import { AGING_LOGS, blocksOf, deleteSome, lastIdIn, oldestIn, type AgingLog, type Stretch } from './aging-log.js';
import { archiveName, archivePath, faultOf, removeArchive, writeArchive } from './archive-file.js';
import { addArchived, archivedMonths, forgetArchived, markDropped, markRestored, type ArchivedMonth } from './archived-months.js';
import { takeLease, type Lease } from './lease.js';
import { leavesBefore, monthOf, rangeOf, type Month } from './month.js';

/** How many days each log keeps its rows, by the log's name; a log without a number keeps them for ever. */
export interface RetentionConfig {
  readonly days: Readonly<Record<string, number | null>>;
  /** Where months are written to before they leave; null: they leave for good. */
  readonly archiveDir: string | null;
}

export interface RetainOptions {
  readonly signal: AbortSignal;
  readonly clock: () => Micros;
  /** Called now and then while a long run goes on. */
  readonly onAlive?: () => void;
}

export interface Retained {
  readonly months: number;
  readonly rows: number;
}

const BLOCK = 2_000;
/** Rows a transaction deletes: what waits behind it waits for some ten milliseconds. */
const STEP = 1_000;

/**
 * Lets leave what is older than its log keeps, by whole months, oldest first: written to the archive and read back
 * before the first row goes, when there is an archive. Ended anywhere, the next run goes on from there: a file that is
 * whole is not written again, and a row that came after it waits for a part of its own. Null when another process is at
 * it. Throws when a month cannot be archived; its rows stay.
 */
export async function retain(database: Database, config: RetentionConfig, options: RetainOptions): Promise<Retained | null> {
  const lease = await takeLease(database, options.clock);
  if (!lease) return null;
  const total = { months: 0, rows: 0 };
  const failures: string[] = [];
  try {
    for (const log of AGING_LOGS) {
      const days = config.days[log.name] ?? null;
      if (days === null) continue;
      try {
        const leaving = new Leaving(database, config.archiveDir, log, lease, options);
        const before = leavesBefore(options.clock(), days);
        for await (const rows of monthsLeaving(leaving, before)) {
          total.months += 1;
          total.rows += rows;
        }
        await leaving.forget(before);
      } catch (error) {
        // The other logs have nothing to do with it.
        failures.push(`${log.name}: ${messageOf(error)}`);
      }
    }
  } finally {
    await lease.release();
  }
  if (failures.length > 0) throw new Error(failures.join('; '));
  return total;
}

/** Months that leave, and the rows that left with each. */
async function* monthsLeaving(leaving: Leaving, before: Micros): AsyncGenerator<number> {
  let from: Micros = 0;
  for (;;) {
    const oldest = await leaving.oldest(from, before);
    if (oldest === null || leaving.stopped) return;
    const month = monthOf(oldest);
    const rows = await leaving.leave(month);
    if (rows !== null) yield rows;
    from = rangeOf(month).to;
  }
}

class Leaving {
  constructor(
    private readonly database: Database,
    private readonly archiveDir: string | null,
    private readonly log: AgingLog,
    private readonly lease: Lease,
    private readonly options: RetainOptions,
  ) {}

  get stopped(): boolean {
    return this.options.signal.aborted;
  }

  oldest(from: Micros, before: Micros): Promise<Micros | null> {
    return oldestIn(this.database.knex, this.log, from, before);
  }

  /** How many rows left; null when the month is back on purpose, and stays a while. */
  async leave(month: Month): Promise<number | null> {
    const { knex } = this.database;
    const parts = await archivedMonths(knex, { log: this.log.name, month });
    if (parts.some(({ restoredUntil }) => restoredUntil !== null && restoredUntil > this.options.clock())) return null;
    if (this.archiveDir === null) return this.#delete({ ...rangeOf(month), lastId: Number.MAX_SAFE_INTEGER });
    const part = await this.#archived(month, this.archiveDir, parts);
    if (!part) return 0;
    const rows = await this.#delete({ ...rangeOf(month), lastId: part.lastId });
    if (this.stopped) return rows;
    await markDropped(knex, part.id, this.options.clock());
    await this.#supersede(this.archiveDir, parts.filter(({ id, restoredUntil }) => id !== part.id && restoredUntil !== null));
    return rows;
  }

  /** The file that holds what is there now: the one a run before this has written, or a new one. Null when stopped. */
  async #archived(month: Month, folder: string, parts: readonly ArchivedMonth[]): Promise<ArchivedMonth | null> {
    const { knex } = this.database;
    const begun = parts.find(({ droppedAt }) => droppedAt === null);
    if (begun) {
      if ((await faultOf(archivePath(folder, begun.file), begun)) === null) return begun;
      await forgetArchived(knex, [begun.id]);
    }
    const { from, to } = rangeOf(month);
    const lastId = await lastIdIn(knex, this.log, from, to);
    const number = Math.max(0, ...parts.filter(({ id }) => id !== begun?.id).map(({ part }) => part)) + 1;
    const file = archiveName(this.log.name, month, number);
    const facts = await writeArchive(archivePath(folder, file), this.log.columns, this.#watched(blocksOf(knex, this.log, { from, to, lastId }, BLOCK))).catch((error: unknown) => {
      if (this.stopped) return null;
      throw error;
    });
    if (!facts) return null;
    await addArchived(knex, { log: this.log.name, month, part: number, file, lastId, archivedAt: this.options.clock(), ...facts });
    return (await archivedMonths(knex, { log: this.log.name, month })).find(({ part }) => part === number) ?? null;
  }

  async *#watched<T>(blocks: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const block of blocks) {
      this.options.signal.throwIfAborted();
      await this.#goOn();
      yield block;
    }
  }

  async forget(before: Micros): Promise<void> {
    const { forget } = this.log;
    if (forget) await this.#inSteps((trx) => forget(trx, before, STEP));
  }

  #delete(stretch: Stretch): Promise<number> {
    return this.#inSteps((trx) => deleteSome(trx, this.log, stretch, STEP));
  }

  /** Again and again until a step deletes less than it might; answers how many rows all did. */
  async #inSteps(step: (trx: Knex) => Promise<number>): Promise<number> {
    let rows = 0;
    while (!this.stopped) {
      await this.#goOn();
      const before = performance.now();
      const deleted = await writing(this.database, step);
      rows += deleted;
      if (deleted < STEP) break;
      await letOthersWrite(this.database, performance.now() - before);
    }
    return rows;
  }

  /** Rows that had all been brought back have left again in the newest part: the older files say nothing more. */
  async #supersede(folder: string, parts: readonly ArchivedMonth[]): Promise<void> {
    const { knex } = this.database;
    for (const { id, file, restoredAt } of parts) {
      if (restoredAt === null) {
        await markRestored(knex, [id], { until: null, at: null });
        continue;
      }
      await forgetArchived(knex, [id]);
      await removeArchive(archivePath(folder, file));
    }
  }

  async #goOn(): Promise<void> {
    await this.lease.hold();
    this.options.onAlive?.();
  }
}
