import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ExportsBusyError } from './failure.js';
import type { ExportWorkerData } from './export-worker.js';
import { type Block, type ExportTask, type FromThread, type Written } from './export-task.js';

/** More at once would only share the same cores and disk; each has a heap and a connection. */
const MOST_THREADS = 4;
/** Less than a browser, or a proxy, waits for an answer to begin. */
const PATIENCE_MS = 10_000;
/** What is kept between pages fits; a block's bytes lie outside. */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 };

/** A file that a thread writes, ahead of its reader by a block. */
export interface ThreadedFile {
  /** Throws what the database said, or that the thread died. */
  readonly blocks: AsyncIterable<Block>;
  /** Ends the thread, wherever it is. */
  close(): void;
}

/** Writers of long files, each in a thread of its own, a few at once. */
export class ExportThreads {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Waits for a thread to be free. Throws ExportsBusyError when none is in time. `signal` ends the waiting and the thread. */
  async start(task: ExportTask, signal: AbortSignal): Promise<ThreadedFile> {
    await this.#turn(signal);
    let open = true;
    const close = (): void => {
      if (!open) return;
      open = false;
      void worker.terminate();
      this.#handOn();
    };
    const worker = this.#started(task);
    const blocks = blocksOf(worker);
    if (signal.aborted) close();
    signal.addEventListener('abort', close, { once: true });
    return { blocks, close };
  }

  #started(task: ExportTask): Worker {
    try {
      return startWorker(task);
    } catch (error) {
      this.#handOn();
      throw error;
    }
  }

  #handOn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }

  /** Returns when a thread more may run, which `close` hands on. */
  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#running < MOST_THREADS) {
      this.#running += 1;
      return;
    }
    const waited = new AbortController();
    const handedOn = () => waited.abort();
    this.#waiting.push(handedOn);
    await sleep(PATIENCE_MS, null, { signal: AbortSignal.any([signal, waited.signal]) }).catch(() => null);
    const place = this.#waiting.indexOf(handedOn);
    if (place === -1) return;
    this.#waiting.splice(place, 1);
    throw new ExportsBusyError();
  }
}

function startWorker(task: ExportTask): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const at = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url);
  const workerData: ExportWorkerData = { task, module: at(task.format === 'xlsx' ? 'export-book' : 'export-lines').href };
  // What this process was started with, such as a script given by --eval, is not the thread's.
  return new Worker(at('export-worker'), { execArgv: [], workerData, resourceLimits: LIMITS });
}

/** Listens from now on, whenever somebody reads: what a thread says to nobody is lost. */
function blocksOf(worker: Worker): AsyncGenerator<Block> {
  const heard: FromThread[] = [];
  let wake: () => void = () => undefined;
  const hear = (message: FromThread): void => {
    heard.push(message);
    wake();
  };
  const failed = (message: string): void => hear({ error: { message, code: null } });
  worker.on('message', hear);
  worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => failed(`the thread that writes a file ended (${code})`));
  return (async function* () {
    for (;;) {
      const next = heard.shift();
      if (!next) await new Promise<void>((resolve) => (wake = resolve));
      else if ('end' in next) return;
      else if ('error' in next) throw Object.assign(new Error(next.error.message), next.error.code === null ? {} : { code: next.error.code });
      else {
        yield next.block;
        const memory = next.block.bytes.buffer;
        worker.postMessage({ memory } satisfies Written, [memory]);
      }
    }
  })();
}
