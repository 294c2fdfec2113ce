import { Worker } from 'node:worker_threads';
import { pause } from '../ami/pause.js';
import type { Database } from '../database/database.js';
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

interface Waiting {
  readonly resolve: (notKept: number) => void;
  readonly reject: (error: Error) => void;
}

const CLOSING_MS = 3_000;

interface Connections {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

/** Writes to SQLite in a thread of its own. */
export class WriterThread implements Writer {
  readonly holdsUp = false;
  #current: { readonly worker: Worker; readonly waiting: Waiting[] } | null = null;

  constructor(
    private readonly database: Database,
    private readonly data: WriterData,
    private readonly module = new URL('./writer-worker.js', import.meta.url),
  ) {}

  write(outputs: readonly Output[]): Promise<number> {
    return patiently(this.database.patienceMs, () => this.#alone(() => this.#ask({ ask: 'write', outputs })));
  }

  /** Ends the thread, also where a write never ends: what is not committed is undone. */
  async close(): Promise<void> {
    const worker = this.#current?.worker;
    if (!worker) return;
    await Promise.race([this.#ask({ ask: 'close' }).catch(() => 0), pause(CLOSING_MS, new AbortController().signal)]);
    await worker.terminate();
  }

  /** This thread's only connection is held meanwhile: whoever else reads or writes here waits in its line, rather than in SQLite, which would stop the thread. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const connections = this.database.knex.client as Connections;
    const connection = await connections.acquireConnection();
    try {
      return await work();
    } finally {
      await connections.releaseConnection(connection);
    }
  }

  #ask(question: WriterQuestion): Promise<number> {
    // One that died is started anew.
    const { worker, waiting } = (this.#current ??= this.#start());
    return new Promise((resolve, reject) => {
      worker.postMessage(question);
      waiting.push({ resolve, reject });
    });
  }

  #start(): { worker: Worker; waiting: Waiting[] } {
    const worker = new Worker(this.module, { execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 8 }, workerData: this.data });
    const waiting: Waiting[] = [];
    worker.on('message', (reply: WriterReply) => {
      const asked = waiting.shift();
      if ('error' in reply) asked?.reject(asError(reply.error));
      else asked?.resolve(reply.notKept);
    });
    const ended = (message: string): void => {
      if (this.#current?.worker === worker) this.#current = null;
      for (const { reject } of waiting.splice(0)) reject(new Error(message));
    };
    worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => ended(`the writer's thread ended (${code})`));
    return { worker, waiting };
  }
}

function asError({ isAboutTheValue, message, facts }: PlainError): Error {
  return Object.assign(isAboutTheValue ? new TypeError(message) : new Error(message), facts);
}
