import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { AskedThread } from '../asked-thread.js';
import type { Heard, Opened, StoredBatch } from './spool-file.js';
import type { Question, Reply, WorkerData } from './spool-worker.js';

/** The spool's file could not do what was asked; `code` is SQLite's own, such as `SQLITE_FULL`. */
export class SpoolError extends Error {
  override readonly name = 'SpoolError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The spool's file in a thread of its own, so that no disk holds up whoever reads the socket. All calls reject with {@link SpoolError}. */
export class SpoolThread {
  readonly #thread: AskedThread<Question, Reply, unknown>;

  /** A thread that died is started anew: the file says where it was. */
  constructor(path: string) {
    this.#thread = new AskedThread(() => startWorker(path), valueOf, (message) => new SpoolError('THREAD', `the spool's thread: ${message}`));
  }

  open(): Promise<Opened> {
    return this.#thread.ask({ ask: 'open' }) as Promise<Opened>;
  }

  /** Answers the bytes in use. */
  append(batches: readonly StoredBatch[], heard: Heard | null): Promise<number> {
    return this.#thread.ask({ ask: 'append', batches, heard }) as Promise<number>;
  }

  read(after: number, mostEvents: number): Promise<StoredBatch[]> {
    return this.#thread.ask({ ask: 'read', after, mostEvents }) as Promise<StoredBatch[]>;
  }

  /** Answers the bytes in use. */
  checkpoint(seq: number, state: Uint8Array): Promise<number> {
    return this.#thread.ask({ ask: 'checkpoint', seq, state }) as Promise<number>;
  }

  async close(): Promise<void> {
    const { worker } = this.#thread;
    if (!worker) return;
    const exit = once(worker, 'exit');
    await this.#thread.ask({ ask: 'close' });
    await exit;
  }
}

function startWorker(path: string): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const at = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url);
  return new Worker(at('spool-worker'), {
    // What this process was started with, such as a script given by --eval, is not the thread's.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
    workerData: { path, module: at('spool-file').href } satisfies WorkerData,
  });
}

function valueOf(reply: Reply): unknown {
  if ('error' in reply) throw new SpoolError(reply.error.code, reply.error.message);
  return reply.value;
}
