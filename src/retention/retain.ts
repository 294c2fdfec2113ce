import type { Knex } from 'knex';
import type { Database } from '../database/database.js';
import { letOthersWrite, writing } from '../database/writing.js';
import { messageOf } from '../errors.js';
import type { Micros } from '../time.js';
import { AGING_LOGS, blocksOf, deleteByKeys, deleteSome, lastIdIn, oldestIn, type AgingLog } from './aging-log.js';
import { archiveName, archivePath, faultOf, readArchive, writeArchive, type ArchiveFormat } from './archive-file.js';
import { addArchived, archivedMonths, markDropped, markRestored, type ArchivedMonth } from './archived-months.js';
import { takeLease, type Lease } from './lease.js';
import { giveBackMonths } from './spare-months.js';
import { emptyOut, letGo, partitionOf, takenOut, takeOut, type GivenBack, type TakenOut } from './taken-out.js';
import { leavesBefore, monthOf, rangeOf, type Month } from '../month.js';

/** How many days each log keeps its rows, by the log's name; a log without a number keeps them for ever. */
export interface RetentionConfig {
  readonly days: Readonly<Record<string, number | null>>;
  /** Where months are written to before they leave; null: they leave for good. */
  readonly archiveDir: string | null;
  /** CSV when not given. */
  readonly archiveFormat?: ArchiveFormat;
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

const BLOCK = 1_000;
/** Rows a transaction deletes: what waits behind it waits for some ten milliseconds. */
const STEP = 1_000;

/**
 * Lets leave what is older than its log keeps, by whole months, oldest first: written to the archive and read back
 * before the first row goes, when there is an archive. A month that has a partition is taken out whole, others are deleted
 * in steps. Ended anywhere, the next run goes on from there: a file that is
 * whole is not written again, only rows that are in it go, and a row that came after it waits for a part of its own. No
 * file is ever written over or deleted. Null when another process is at
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
      try {
        const leaving = new Leaving(database, config, log, lease, options);
        await leaving.settle();
        if (days === null) continue;
        const before = leavesBefore(options.clock(), days);
        let left = 0;
        for await (const rows of monthsLeaving(leaving, before)) {
          total.months += 1;
          left += rows;
        }
        total.rows += left;
        if (left > 0 || log.forgets === 'by age') await leaving.forget(before);
        if (!leaving.isStopped()) await giveBackMonths(database, log, monthOf(before));
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
    if (oldest === null || leaving.isStopped()) return;
    const month = monthOf(oldest);
    const rows = await leaving.leave(month);
    if (rows !== null) yield rows;
    from = rangeOf(month).to;
  }
}

class Leaving {
  constructor(
    private readonly database: Database,
    private readonly config: RetentionConfig,
    private readonly log: AgingLog,
    private readonly lease: Lease,
    private readonly options: RetainOptions,
  ) {}

  private get archiveDir(): string | null {
    return this.config.archiveDir;
  }

  isStopped(): boolean {
    return this.options.signal.aborted;
  }

  oldest(from: Micros, before: Micros): Promise<Micros | null> {
    return oldestIn(this.database.knex, this.log, from, before);
  }

  /** Ends what a run before this has begun: rows that were taken out, and parts whose rows had all left before it could say so. */
  async settle(): Promise<void> {
    const { knex } = this.database;
    for (const out of await takenOut(this.database, this.log)) {
      if (this.isStopped()) return;
      const parts = await archivedMonths(knex, { log: this.log.name, month: out.month });
      // Without a sound file of theirs all rows are in the log again.
      const part = this.archiveDir === null ? undefined : await this.#soundPart(this.archiveDir, parts);
      await this.#letGo(out, part);
    }
    if (this.isStopped()) return;
    for (const { id, month, droppedAt } of await archivedMonths(knex, { log: this.log.name })) {
      const { from, to } = rangeOf(month);
      if (droppedAt === null && (await this.oldest(from, to)) === null) await this.#dropped([id]);
    }
  }

  /** How many rows left; null when the month is back on purpose, and stays a while. */
  async leave(month: Month): Promise<number | null> {
    const { knex } = this.database;
    const parts = await archivedMonths(knex, { log: this.log.name, month });
    if (parts.some(({ restoredUntil }) => restoredUntil !== null && restoredUntil > this.options.clock())) return null;
    const partition = await partitionOf(this.database, this.log, month);
    if (this.archiveDir === null) return partition ? emptyOut(this.database, this.log, partition) : this.#inSteps((trx) => deleteSome(trx, this.log, rangeOf(month), STEP));
    const part = await this.#archived(month, this.archiveDir, parts);
    if (!part || this.isStopped()) return 0;
    await this.#goOn();
    const rows = partition ? (await this.#letGo(await takeOut(this.database, this.log, partition), part)).left : await this.#deleteWhatIsIn(archivePath(this.archiveDir, part.file), month);
    if (this.isStopped()) return rows;
    await this.#dropped([part.id]);
    await writing(this.database, (trx) => markRestored(trx, parts.map(({ id }) => id), null));
    return rows;
  }

  /** The file that holds what is there now: the one a run before this has written, or a new one. Null when stopped. */
  async #archived(month: Month, folder: string, parts: readonly ArchivedMonth[]): Promise<ArchivedMonth | null> {
    const { knex } = this.database;
    const sound = await this.#soundPart(folder, parts);
    if (sound) return sound;
    // A file that was damaged amid it, or lies on a disk that is not there now, keeps its place; what is still in the table goes into another.
    await this.#dropped(parts.filter(({ droppedAt }) => droppedAt === null).map(({ id }) => id));
    const { from, to } = rangeOf(month);
    const lastId = await lastIdIn(knex, this.log, from, to);
    const number = Math.max(0, ...parts.map(({ part }) => part)) + 1;
    const file = archiveName(this.log.name, month, number, this.config.archiveFormat ?? 'csv');
    const blocks = this.#watched(blocksOf(knex, this.log, { from, to, lastId }, BLOCK));
    const facts = await writeArchive(archivePath(folder, file), this.log.archived, blocks, this.#alive).catch((error: unknown) => {
      if (this.isStopped()) return null;
      throw error;
    });
    if (!facts) return null;
    await writing(this.database, (trx) => addArchived(trx, { log: this.log.name, month, part: number, file, archivedAt: this.options.clock(), ...facts }));
    return (await archivedMonths(knex, { log: this.log.name, month })).find(({ part }) => part === number) ?? null;
  }

  /** The part that a run before this has written, and whose rows have not all left. */
  async #soundPart(folder: string, parts: readonly ArchivedMonth[]): Promise<ArchivedMonth | undefined> {
    for (const part of parts) if (part.droppedAt === null && (await faultOf(archivePath(folder, part.file), part, this.#alive)) === null) return part;
    return undefined;
  }

  /** Stopped amid it, the next run ends it. */
  async #letGo(out: TakenOut, part: ArchivedMonth | undefined): Promise<GivenBack> {
    const kept = part && this.archiveDir !== null ? readArchive(archivePath(this.archiveDir, part.file), STEP) : nothing();
    try {
      return await letGo(this.database, this.log, out, kept, async () => {
        this.options.signal.throwIfAborted();
        await this.#goOn();
      });
    } catch (error) {
      if (this.isStopped()) return { left: 0, back: 0 };
      throw error;
    }
  }

  /** By the keys in the file: what came while it was written is in none, and stays for the next. */
  async #deleteWhatIsIn(path: string, month: Month): Promise<number> {
    let rows = 0;
    for await (const block of readArchive(path, STEP)) {
      if (this.isStopped()) break;
      await this.#goOn();
      const before = performance.now();
      rows += await writing(this.database, (trx) => deleteByKeys(trx, this.log, rangeOf(month), block.map((row) => row['event_key'] ?? '')));
      await letOthersWrite(this.database, performance.now() - before);
    }
    return rows;
  }

  #dropped(ids: readonly number[]): Promise<void> {
    return writing(this.database, (trx) => markDropped(trx, ids, this.options.clock()));
  }

  readonly #alive = (): Promise<void> => this.#goOn();

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

  /** Again and again until a step deletes less than it might; answers how many rows all did. */
  async #inSteps(step: (trx: Knex) => Promise<number>): Promise<number> {
    let rows = 0;
    while (!this.isStopped()) {
      await this.#goOn();
      const before = performance.now();
      const deleted = await writing(this.database, step);
      rows += deleted;
      if (deleted < STEP) break;
      await letOthersWrite(this.database, performance.now() - before);
    }
    return rows;
  }

  async #goOn(): Promise<void> {
    await this.lease.hold();
    this.options.onAlive?.();
  }
}

async function* nothing(): AsyncGenerator<never> {}
