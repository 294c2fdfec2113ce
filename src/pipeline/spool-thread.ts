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
  #current: { readonly worker: Worker; readonly waiting: Waiting[] } | null = null;

  constructor(private readonly path: string) {}

  open(): Promise<Opened> {
    return this.#ask({ ask: 'open' }) as Promise<Opened>;
  }

  /** Answers the bytes in use. */
  append(batches: readonly StoredBatch[], heard: Heard | null): Promise<number> {
    return this.#ask({ ask: 'append', batches, heard }) as Promise<number>;
  }

  read(after: number, mostEvents: number): Promise<StoredBatch[]> {
    return this.#ask({ ask: 'read', after, mostEvents }) as Promise<StoredBatch[]>;
  }

  /** Answers the bytes in use. */
  checkpoint(seq: number, state: string): Promise<number> {
    return this.#ask({ ask: 'checkpoint', seq, state }) as Promise<number>;
  }

  async close(): Promise<void> {
    if (!this.#current) return;
    const exit = once(this.#current.worker, 'exit');
    await this.#ask({ ask: 'close' });
    await exit;
  }

  #ask(question: Question): Promise<unknown> {
    // One that died is started anew: the file says where it was.
    const { worker, waiting } = (this.#current ??= this.#start());
    return new Promise((resolve, reject) => {
      worker.postMessage(question);
      waiting.push({ resolve, reject });
    });
  }

  #start(): { worker: Worker; waiting: Waiting[] } {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const at = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url);
    const worker = new Worker(at('spool-worker'), {
      // What this process was started with, such as a script given by --eval, is not the thread's.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
      workerData: { path: this.path, module: at('spool-file').href } satisfies WorkerData,
    });
    const waiting: Waiting[] = [];
    worker.on('message', (reply: Reply) => {
      const asked = waiting.shift();
      if ('error' in reply) asked?.reject(new SpoolError(reply.error.code, reply.error.message));
      else asked?.resolve(reply.value);
    });
    const ended = (message: string): void => {
      if (this.#current?.worker === worker) this.#current = null;
      for (const { reject } of waiting.splice(0)) reject(new SpoolError('THREAD', message));
    };
    worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => ended(`the spool's thread ended (${code})`));
    return { worker, waiting };
  }
}
