import { Worker } from 'node:worker_threads';
import { pause } from '../ami/pause.js';
import { AskedThread } from '../asked-thread.js';
import type { Database } from '../database/database.js';
import { onConnection } from '../database/driver.js';
import { patiently } from '../database/writing.js';
import type { Output } from '../logs/output.js';
import type { PlainError, WriterData, WriterQuestion, WriterReply } from './writer-worker.js';
import { writeBatch } from './writer.js';

export interface WriterOptions {
  readonly database: Database;
  readonly databaseUrl: string;
  /** As whom it writes. */
  readonly listener: string;
}

export interface Writer {
  /** Writes a batch as {@link writeBatch} does. */
  write(outputs: readonly Output[]): Promise<number>;
  /** Whether this thread can do nothing else meanwhile. */
  readonly holdsUp: boolean;
  close(): Promise<void>;
}

/**
 * Who writes to this database: SQLite's driver waits for the disk within the call, so that a thread of its own writes there.
 * MariaDB is waited for without holding up anybody.
 */
export function writerOf({ database, databaseUrl, listener }: WriterOptions): Writer {
  const here: Writer = { holdsUp: database.dialect === 'sqlite', write: (outputs) => writeBatch(database, outputs, listener), close: () => Promise.resolve() };
  // Node resolves no `.js` to a `.ts` in a thread; tests of what is not built write here.
  if (database.dialect !== 'sqlite' || databaseUrl.includes(':memory:') || import.meta.url.endsWith('.ts')) return here;
  return new WriterThread(database, { databaseUrl, listener });
}

const CLOSING_MS = 3_000;

/** Writes to SQLite in a thread of its own. */
export class WriterThread implements Writer {
  readonly holdsUp = false;
  readonly #thread: AskedThread<WriterQuestion, WriterReply, number>;

  constructor(
    private readonly database: Database,
    data: WriterData,
    module = new URL('./writer-worker.js', import.meta.url),
  ) {
    this.#thread = new AskedThread(
      () => new Worker(module, { execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 8 }, workerData: data }),
      notKept,
      (message) => new Error(`the writer's thread: ${message}`),
    );
  }

  write(outputs: readonly Output[]): Promise<number> {
    return patiently(this.database.patienceMs, () => this.#alone(() => this.#thread.ask({ ask: 'write', outputs })));
  }

  /** Ends the thread, also where a write never ends: what is not committed is undone. */
  async close(): Promise<void> {
    const { worker } = this.#thread;
    if (!worker) return;
    await Promise.race([this.#thread.ask({ ask: 'close' }).catch(() => 0), pause(CLOSING_MS, new AbortController().signal)]);
    await worker.terminate();
  }

  /** This thread's only connection is held meanwhile: whoever else reads or writes here waits in its line, rather than in SQLite, which would stop the thread. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    return onConnection(this.database.knex, work);
  }
}

function notKept(reply: WriterReply): number {
  if ('error' in reply) throw asError(reply.error);
  return reply.notKept;
}

function asError({ isAboutTheValue, message, facts }: PlainError): Error {
  return Object.assign(isAboutTheValue ? new TypeError(message) : new Error(message), facts);
}
