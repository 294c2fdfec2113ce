import { setImmediate as nextTurn } from 'node:timers/promises';
import { pause } from '../ami/pause.js';
import type { PbxInput } from '../ami/input.js';
import { reasonOf } from '../database/database.js';
import { messageOf } from '../errors.js';
import type { Output } from '../logs/output.js';
import { deadEvent, deadLine, deadRow } from './dead-letters.js';
import { Packing } from './packing.js';
import { isAboutTheRow } from './row-errors.js';
import type { Spool, SpoolBatch } from './spool.js';

/** Rows of a transaction: more while they are quick, since each transaction waits for the disk once, fewer while they take long. */
const ROWS_FIRST = 250;
const ROWS_MOST = 4_000;
const ROWS_LEAST = 250;
/** What a transaction may take: another listener waits for its end. */
const TRANSACTION_MS = 300;
const INPUTS_A_TURN = 200;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;
const ABANDONED_MS = 500;
const CHECKPOINT_MS = 1_000;
/** Saving a large PBX's state takes a while itself; it may take this part of the time. */
const CHECKPOINT_SHARE = 50;
/** As many inputs as this are forgotten at the latest, fewer where the spool has little room left, or all that were written since so long. */
const CHECKPOINT_INPUTS = 100_000;
const CHECKPOINT_INPUTS_CROWDED = 20_000;
const CHECKPOINT_LATEST_MS = 60_000;
/** What an input takes in the spool at about: a checkpoint waits until it lets the spool forget as much as it writes itself. */
const INPUT_BYTES = 250;

export interface DrainerStatus {
  /** Null while writing works. */
  readonly failing: string | null;
  /** `performance.now()` when the write under way was handed to the database; null while there is none. */
  readonly busySince: number | null;
  readonly written: number;
  /** Events and rows that went to the dead letters since the start. */
  readonly dead: number;
  /** Those of them that were not kept, because too many of their name are kept already; never calls. */
  readonly notKept: number;
}

export interface DrainerParts {
  readonly pbx: string;
  readonly spool: Pick<Spool, 'take' | 'checkpoint'>;
  readonly translator: { handle(input: PbxInput): Output[]; savePieces(): Iterable<string> };
  /** Writes rows, in order. Where it fails, some of the first may stand; safe to repeat as a whole. Answers how many dead letters it did not keep. */
  readonly write: (outputs: readonly Output[]) => Promise<number>;
  readonly logger: DrainerLogger;
  /** Hears of each change of the status. */
  readonly onStatus?: (status: DrainerStatus) => void;
}

/** What of pino's it takes. */
export interface DrainerLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/**
 * Takes inputs from the spool, translates each once, writes until the database has it, and only then lets the
 * spool forget them, together with the translator's state.
 */
export class Drainer {
  private readonly stopping = new AbortController();
  private readonly abandon = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private failing: string | null = null;
  private busySince: number | null = null;
  private written = 0;
  private dead = 0;
  private notKept = 0;
  private readonly reported = new Set<string>();
  private uncheckpointed = 0;
  private checkpointDueAt = 0;
  private checkpointLatestAt = 0;
  private stateBytes = 0;
  private rowsAtOnce = ROWS_FIRST;
  /** Made, and not handed over yet. */
  private outputs: Output[] = [];
  /** The write under way; the next outputs are made meanwhile. */
  private writing: Promise<boolean> = Promise.resolve(true);

  constructor(private readonly parts: DrainerParts) {}

  start(): void {
    this.running = this.run();
  }

  /**
   * Stops when everything that is in the spool is in the database, or when `patienceMs` has passed: then the rest
   * stays in the spool for the next start. Waits no longer for a database that never answers.
   */
  async stop(patienceMs = 5_000): Promise<void> {
    this.stopping.abort();
    const ended = new AbortController();
    const running = this.running.finally(() => ended.abort());
    if (await pause(patienceMs, ended.signal)) {
      this.abandon.abort();
      await Promise.race([running, pause(ABANDONED_MS, ended.signal)]);
    }
  }

  status(): DrainerStatus {
    return { failing: this.failing, busySince: this.busySince, written: this.written, dead: this.dead, notKept: this.notKept };
  }

  private tell(): void {
    this.parts.onStatus?.(this.status());
  }

  private async run(): Promise<void> {
    let done: SpoolBatch | null = null;
    for (;;) {
      const batch = await this.parts.spool.take(this.stopping.signal);
      if (!batch || !(await this.drain(batch))) break;
      done = batch;
      this.uncheckpointed += batch.inputs.length;
      const isDue = this.isCheckpointDue(batch);
      // Where more is there already, it is translated meanwhile, and shares the transaction.
      if ((isDue || batch.more !== true) && !(await this.flush())) break;
      if (isDue) await this.checkpoint(done);
    }
    // After a batch that was given up the translator is ahead of the database; the last checkpoint is not.
    if ((await this.flush()) && done && this.uncheckpointed > 0 && !this.abandon.signal.aborted) await this.checkpoint(done);
  }

  /** Translates a batch, and hands over what is enough for a transaction. False when that was given up. */
  private async drain(batch: SpoolBatch): Promise<boolean> {
    const { pbx } = this.parts;
    for (const line of batch.damaged ?? []) this.outputs.push(this.deadLetter(deadLine(pbx, line)));
    for (let start = 0; start < batch.inputs.length; start += INPUTS_A_TURN) {
      const end = Math.min(start + INPUTS_A_TURN, batch.inputs.length);
      for (const input of batch.inputs.slice(start, end)) for (const output of this.translate(input)) this.outputs.push(output);
      while (this.outputs.length >= this.rowsAtOnce) {
        const some = this.outputs.slice(0, this.rowsAtOnce);
        this.outputs = this.outputs.slice(some.length);
        if (!(await this.handOver(some))) return false;
        // SQLite answers within the same turn of the event loop; without this nothing else would be heard in a storm.
        await nextTurn();
      }
      await nextTurn();
    }
    return true;
  }

  /** All that was translated is written; false when that was given up. */
  private async flush(): Promise<boolean> {
    const { outputs } = this;
    this.outputs = [];
    return (await this.handOver(outputs)) && (await this.writing);
  }

  /** Begins to write, once what was handed over before is written; false when that was given up. */
  private async handOver(outputs: readonly Output[]): Promise<boolean> {
    if (!(await this.writing)) return false;
    this.writing = this.write(outputs);
    return true;
  }

  /** An idle PBX's ticks are not worth the state of thousands of accounts each second; after a crash, what is not forgotten is translated again. */
  private isCheckpointDue({ crowded }: SpoolBatch): boolean {
    const now = performance.now();
    if (this.uncheckpointed >= (crowded === true ? CHECKPOINT_INPUTS_CROWDED : CHECKPOINT_INPUTS) || now >= this.checkpointLatestAt) return true;
    return now >= this.checkpointDueAt && this.uncheckpointed * INPUT_BYTES >= this.stateBytes;
  }

  private async checkpoint({ seq }: SpoolBatch): Promise<void> {
    const startedAt = performance.now();
    let tookMs = 0;
    try {
      const packing = new Packing();
      for (const piece of this.parts.translator.savePieces()) if (packing.add(piece)) await nextTurn();
      const state = packing.end();
      tookMs = performance.now() - startedAt;
      this.stateBytes = state.length;
      await this.parts.spool.checkpoint(seq, state);
      this.uncheckpointed = 0;
    } catch (error) {
      // What is written already is written again after a crash, and stays the same rows.
      this.parts.logger.warn({ reason: reasonOf(error) }, 'the spool could not forget what is written; tried again');
    }
    const now = performance.now();
    this.checkpointDueAt = now + Math.max(CHECKPOINT_MS, CHECKPOINT_SHARE * tookMs);
    this.checkpointLatestAt = now + CHECKPOINT_LATEST_MS;
  }

  /** One input that translation cannot bear must not stop the next one. */
  private translate(input: PbxInput): Output[] {
    try {
      return this.parts.translator.handle(input).map((output) => {
        if (output.kind !== 'untranslatable') return output;
        if (output.fault === undefined) this.report(output);
        else this.failed(output.fault, input);
        return this.deadLetter(deadEvent(this.parts.pbx, input, output.reason));
      });
    } catch (error) {
      this.failed(error, input);
      return [this.deadLetter(deadEvent(this.parts.pbx, input, messageOf(error)))];
    }
  }

  /** False when the database did not take it and nobody waits any longer. */
  private async write(outputs: readonly Output[]): Promise<boolean> {
    if (outputs.length === 0) return true;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_LONGEST_MS)) {
      try {
        const startedAt = performance.now();
        this.busySince = startedAt;
        this.tell();
        const notKept = await this.parts.write(outputs).finally(() => (this.busySince = null));
        if (notKept > 0 && this.notKept === 0) this.parts.logger.error({ notKept }, 'too many dead letters of one kind; further ones are counted (/readyz), not kept');
        this.notKept += notKept;
        if (this.failing !== null) this.parts.logger.info({}, 'the database takes rows again');
        this.failing = null;
        this.written += outputs.length;
        this.tell();
        this.adapt(outputs.length, performance.now() - startedAt);
        return true;
      } catch (error) {
        if (isAboutTheRow(error)) return this.writeOneByOne(outputs, error);
        if (this.failing === null) this.parts.logger.error({ reason: reasonOf(error) }, 'the database takes no rows; events are kept in the spool and tried again');
        this.failing = reasonOf(error);
        this.tell();
      }
      if (this.abandon.signal.aborted || !(await pause(waitMs, this.abandon.signal))) return false;
    }
  }

  private adapt(rows: number, tookMs: number): void {
    if (tookMs > TRANSACTION_MS) this.rowsAtOnce = Math.max(ROWS_LEAST, Math.min(this.rowsAtOnce, Math.round((rows * TRANSACTION_MS) / tookMs)));
    else if (rows >= this.rowsAtOnce && tookMs < TRANSACTION_MS / 2) this.rowsAtOnce = Math.min(ROWS_MOST, 2 * this.rowsAtOnce);
  }

  /** One bad row must not hold back the thousand around it. */
  private async writeOneByOne(outputs: readonly Output[], cause: unknown): Promise<boolean> {
    const [first] = outputs;
    if (first && outputs.length === 1) {
      if (first.kind !== 'dead-letter') return this.write([this.deadLetter(deadRow(this.parts.pbx, first, cause))]);
      this.parts.logger.error({ reason: reasonOf(cause), letter: first.letter }, 'not even a dead letter can be written; this line is all that is kept of it');
      this.tell();
      return true;
    }
    const middle = Math.ceil(outputs.length / 2);
    return (await this.write(outputs.slice(0, middle))) && (await this.write(outputs.slice(middle)));
  }

  private deadLetter(output: Extract<Output, { kind: 'dead-letter' }>): Output {
    this.dead += 1;
    return output;
  }

  private failed(error: unknown, input: PbxInput): void {
    this.parts.logger.error({ err: error, input: input.kind }, 'translation failed; this is a fault of Logbook');
  }

  private report({ event, reason, headers }: Extract<Output, { kind: 'untranslatable' }>): void {
    const kind = `${event}: ${reason}`;
    if (this.reported.has(kind)) return;
    this.reported.add(kind);
    this.parts.logger.warn({ event, reason, headers }, 'an event makes no row; it is kept as a dead letter (said once per kind)');
  }
}
