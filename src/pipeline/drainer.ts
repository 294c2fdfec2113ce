import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { reasonOf, type Database } from '../database/database.js';
import type { PbxInput } from '../ami/input.js';
import { messageOf } from '../errors.js';
import type { Output } from '../logs/output.js';
import type { InputQueue } from './queue.js';
import type { Translator } from './translator.js';
import { writeBatch } from './writer.js';

const INPUTS_AT_ONCE = 500;
/** A batch on SQLite holds up everything else in the process; so many rows take some 20 ms. */
const ROWS_AT_ONCE = 250;
const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 5_000;

export interface DrainerStatus {
  /** Null while writing works. */
  readonly failing: string | null;
  readonly written: number;
  readonly untranslatable: number;
  /** Rows the database refused for what they are, not for the state it is in. */
  readonly rejected: number;
}

/** Takes inputs from the queue, translates each once, and writes until the database has it. */
export class Drainer {
  private readonly stopping = new AbortController();
  private readonly abandon = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private failing: string | null = null;
  private written = 0;
  private untranslatable = 0;
  private rejected = 0;
  private readonly reported = new Set<string>();

  constructor(
    private readonly queue: InputQueue,
    private readonly translator: Translator,
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /**
   * Stops when everything in the queue, and what waited for its counterpart, is in the database, or when `patienceMs` has passed: then
   * what is left is lost, and the log says how much.
   */
  async stop(patienceMs = 5_000): Promise<void> {
    this.stopping.abort();
    const timer = setTimeout(() => this.abandon.abort(), patienceMs);
    await this.running;
    clearTimeout(timer);
  }

  status(): DrainerStatus {
    return { failing: this.failing, written: this.written, untranslatable: this.untranslatable, rejected: this.rejected };
  }

  private async run(): Promise<void> {
    for (;;) {
      const inputs = await this.queue.take(INPUTS_AT_ONCE, this.stopping.signal);
      const last = inputs.length === 0 && this.stopping.signal.aborted;
      const outputs = last ? this.translator.finish() : inputs.flatMap((input) => this.translate(input));
      this.report(outputs);
      const rows = outputs.filter((output) => output.kind !== 'untranslatable');
      for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
        await this.write(rows.slice(start, start + ROWS_AT_ONCE));
        // SQLite answers within the same turn of the event loop; without this the socket would never be read in a storm.
        await nextTurn();
      }
      if (last) return;
      if (this.abandon.signal.aborted && this.queue.length > 0) {
        this.logger.error({ lost: this.queue.length }, 'stopped with events that the database never took');
        return;
      }
    }
  }

  /** One input that translation cannot bear must not stop the next one. */
  private translate(input: PbxInput): Output[] {
    try {
      return this.translator.handle(input);
    } catch (error) {
      this.logger.error({ err: error, input: input.kind }, 'translation failed; this is a fault of Logbook');
      const event = input.kind === 'event' ? input.event.name : input.kind;
      return [{ kind: 'untranslatable', event, reason: messageOf(error), headers: [] }];
    }
  }

  private async write(outputs: readonly Output[]): Promise<void> {
    if (outputs.length === 0) return;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_LONGEST_MS)) {
      try {
        await writeBatch(this.database, outputs);
        if (this.failing !== null) this.logger.info('the database takes rows again');
        this.failing = null;
        this.written += outputs.length;
        return;
      } catch (error) {
        if (isAboutTheRow(error)) return this.writeOneByOne(outputs, error);
        if (this.failing === null) this.logger.error({ reason: reasonOf(error) }, 'the database takes no rows; events are kept and tried again');
        this.failing = reasonOf(error);
      }
      if (this.abandon.signal.aborted) {
        this.logger.error({ lost: outputs.length }, 'stopped with rows that the database never took');
        return;
      }
      await sleep(waitMs, this.abandon.signal);
    }
  }

  /** One bad row must not hold back the thousand around it. */
  private async writeOneByOne(outputs: readonly Output[], cause: unknown): Promise<void> {
    if (outputs.length === 1) {
      this.rejected += 1;
      this.logger.error({ reason: reasonOf(cause), row: outputs[0] }, 'the database refuses this row for good');
      return;
    }
    const middle = Math.ceil(outputs.length / 2);
    await this.write(outputs.slice(0, middle));
    await this.write(outputs.slice(middle));
  }

  private report(outputs: readonly Output[]): void {
    for (const output of outputs) {
      if (output.kind !== 'untranslatable') continue;
      this.untranslatable += 1;
      const kind = `${output.event}: ${output.reason}`;
      if (this.reported.has(kind)) continue;
      this.reported.add(kind);
      this.logger.warn({ event: output.event, reason: output.reason, headers: output.headers }, 'an event makes no row (said once per kind)');
    }
  }
}

/** What no retry can mend: the value itself does not fit. Everything else is the state of the database. */
function isAboutTheRow(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  if (!(error instanceof Error)) return false;
  const { code, sqlState } = error as { readonly code?: unknown; readonly sqlState?: unknown };
  // SQL's own classes 22 (data exception) and 23 (constraint violation); a text in another character set has HY000.
  if (code === 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD' || code === 'ER_NET_PACKET_TOO_LARGE') return true;
  if (typeof sqlState === 'string') return /^2[23]/.test(sqlState);
  return typeof code === 'string' && /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
