import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { pause } from '../ami/pause.js';
import type { Database } from '../database/database.js';
import { messageOf } from '../errors.js';
import type { DiskSpool } from './disk-spool.js';
import { Drainer, type DrainerStatus } from './drainer.js';
import type { Order, Told, WorkerData } from './drainer-worker.js';
import { unpack } from './packing.js';
import { Translator } from './translator.js';
import { writeBatch } from './writer.js';

export interface DrainerThreadParts {
  readonly pbx: string;
  readonly spool: DiskSpool;
  readonly database: Pick<Database, 'url' | 'turn'>;
  readonly logger: Logger;
  /** Rows have been written. */
  readonly onRows: () => void;
  /** For tests: what the thread runs. */
  readonly module?: URL;
  /** For tests: a thread that owes an answer for longer is said to be silent. */
  readonly silentMs?: number;
}

const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 30_000;
/** One that went so long did not die of what it began with. */
const WENT_WELL_MS = 60_000;
/** Beyond the drainer's own patience: to give up what it does and to close the database. */
const CLOSING_MS = 3_000;
/** Translation of what it takes at once is a matter of milliseconds. */
const SILENT_MS = 30_000;
const IDLE: DrainerStatus = { failing: null, busySince: null, written: 0, dead: 0, notKept: 0 };

/** The drainer of a process: in a thread of its own, but for a database that no other thread can see. */
export function drainerOf({ database, ...parts }: DrainerThreadParts & { readonly database: Database }): Pick<Drainer, 'start' | 'stop' | 'status'> {
  if (database.url !== 'sqlite::memory:') return new DrainerThread({ ...parts, database });
  const { pbx, spool, logger, onRows } = parts;
  const translator = new Translator(pbx);
  if (spool.state !== null) translator.load(unpack(spool.state));
  return new Drainer({ pbx, spool, translator, write: (outputs) => writeBatch(database, outputs, spool.listener).finally(onRows), logger });
}

/**
 * The drainer, with translation and the writing to the database, in a thread of its own, which has what it takes from the spool
 * through this one as text. One that dies is started anew from the spool's last checkpoint, as after a crash.
 */
export class DrainerThread {
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #worker: Worker | null = null;
  /** Ends the waiting of the thread of now for something to take. */
  #taking = new AbortController();
  #lastTake: Promise<void> = Promise.resolve();
  #died: string | null = null;
  /** `performance.now()` when it was last heard, or told something; null while it waits for this thread. */
  #owesSince: number | null = null;
  #status = IDLE;
  /** What those that died had counted. */
  #before = IDLE;

  constructor(private readonly parts: DrainerThreadParts) {}

  /** Begins where the spool was told last that all is written. */
  start(): void {
    this.#running = this.#run();
  }

  /** As {@link Drainer.stop}; afterwards there is no thread. */
  async stop(patienceMs = 5_000): Promise<void> {
    this.#stopping.abort();
    this.#taking.abort();
    this.#tell(this.#worker, { order: 'stop', patienceMs });
    const ended = new AbortController();
    const running = this.#running.finally(() => ended.abort());
    if (await pause(patienceMs + CLOSING_MS, ended.signal)) await this.#worker?.terminate();
    else await running;
  }

  status(): DrainerStatus {
    const { failing, busySince, written, dead, notKept } = this.#status;
    return { failing: this.#died ?? failing ?? (busySince === null ? this.#silence() : null), busySince, written: this.#before.written + written, dead: this.#before.dead + dead, notKept: this.#before.notKept + notKept };
  }

  /** Of a thread that is at work, but not with the database. */
  #silence(): string | null {
    const silentMs = this.#owesSince === null ? 0 : performance.now() - this.#owesSince;
    return silentMs > (this.parts.silentMs ?? SILENT_MS) ? `the drainer's thread has said nothing for ${Math.floor(silentMs / 1_000)} s` : null;
  }

  async #run(): Promise<void> {
    const { logger } = this.parts;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_LONGEST_MS)) {
      const begun = performance.now();
      const reason = await this.#live().catch(messageOf);
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - begun > WENT_WELL_MS) waitMs = RETRY_FIRST_MS;
      logger.error({ reason }, "the drainer's thread ended; it is started anew, from what the spool keeps");
      this.#before = { ...this.status(), failing: null };
      this.#status = IDLE;
      this.#died = `the drainer's thread ended: ${reason}`;
      if (!(await pause(waitMs, this.#stopping.signal))) return;
    }
  }

  /** From a thread's start to its end; answers why it ended. Rejects when the spool cannot be read. */
  async #live(): Promise<string> {
    const { pbx, spool, database } = this.parts;
    let state = await spool.rewind();
    if (this.#stopping.signal.aborted) return 'stopped';
    this.#taking = new AbortController();
    const worker = new Worker(this.parts.module ?? new URL(`./drainer-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url), {
      // What this process was started with is not the thread's.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
      workerData: { pbx, databaseUrl: database.url, listener: spool.listener, turn: database.turn?.memory ?? null } satisfies WorkerData,
    });
    this.#worker = worker;
    // Not with its start: a thread keeps what it was started with.
    worker.postMessage({ order: 'begin', state } satisfies Order);
    state = null;
    worker.on('message', (told: Told) => this.#hear(worker, told));
    const ended = await new Promise<string>((resolve) => {
      let reason: string | null = null;
      worker.once('error', (error) => (reason = messageOf(error)));
      worker.once('exit', (code) => resolve(reason ?? `exit code ${code}`));
    });
    this.#worker = null;
    this.#owesSince = null;
    database.turn?.ended('drainer');
    this.#taking.abort();
    await this.#lastTake;
    return ended;
  }

  #hear(worker: Worker, told: Told): void {
    const { spool, logger } = this.parts;
    if (this.#owesSince !== null) this.#owesSince = told.tell === 'take' || told.tell === 'checkpoint' ? null : performance.now();
    switch (told.tell) {
      case 'take':
        this.#lastTake = spool.takeStored(this.#taking.signal).then((taken) => this.#tell(worker, { order: 'batches', taken }));
        break;
      case 'checkpoint':
        void spool.checkpoint(told.seq, told.state).then(
          () => this.#tell(worker, { order: 'checkpoint done', error: null }),
          (error: unknown) => this.#tell(worker, { order: 'checkpoint done', error: messageOf(error) }),
        );
        break;
      case 'status':
        this.#heardStatus(told.status);
        break;
      case 'log':
        logger[told.level](told.details, told.message);
    }
  }

  #heardStatus(status: DrainerStatus): void {
    const { written } = this.#status;
    this.#died = null;
    // Each thread's clock begins with it.
    this.#status = { ...status, busySince: status.busySince === null ? null : performance.now() };
    if (status.written > written) this.parts.onRows();
  }

  /** Not to one that is gone: what waited for it when it died is answered later. */
  #tell(worker: Worker | null, order: Order): void {
    if (worker === null || worker !== this.#worker) return;
    this.#owesSince = performance.now();
    worker.postMessage(order);
  }
}
