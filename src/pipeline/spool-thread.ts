import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
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

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: SpoolError) => void;
}

/** The spool's file in a thread of its own, so that no disk holds up whoever reads the socket. All calls reject with {@link SpoolError}. */
export class SpoolThread {
  #worker: Worker | null = null;
  readonly #waiting: Waiting[] = [];

  constructor(private readonly path: string) {}

  open(): Promise<Opened> {
    return this.#ask({ ask: 'open' }) as Promise<Opened>;
  }

  /** Answers the bytes in use. */
  append(batches: readonly StoredBatch[], heard: Heard | null): Promise<number> {
    return this.#ask({ ask: 'append', batches, heard }) as Promise<number>;
  }

  read(after: number, most: number): Promise<StoredBatch[]> {
    return this.#ask({ ask: 'read', after, most }) as Promise<StoredBatch[]>;
  }

  /** Answers the bytes in use. */
  checkpoint(seq: number, state: string): Promise<number> {
    return this.#ask({ ask: 'checkpoint', seq, state }) as Promise<number>;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const exit = once(worker, 'exit');
    await this.#ask({ ask: 'close' });
    await exit;
  }

  #ask(question: Question): Promise<unknown> {
    // One that died is started anew: the file says where it was.
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.postMessage(question);
    });
  }

  #start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const at = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url);
    const worker = new Worker(at('spool-worker'), {
      // What this process was started with, such as a script given by --eval, is not the thread's.
      execArgv: [],
      workerData: { path: this.path, module: at('spool-file').href } satisfies WorkerData,
    });
    worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.shift();
      if ('error' in reply) waiting?.reject(new SpoolError(reply.error.code, reply.error.message));
      else waiting?.resolve(reply.value);
    });
    const ended = (message: string): void => {
      if (this.#worker === worker) this.#worker = null;
      for (const { reject } of this.#waiting.splice(0)) reject(new SpoolError('THREAD', message));
    };
    worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => ended(`the spool's thread ended (${code})`));
    return worker;
  }
}
