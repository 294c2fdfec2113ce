import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ExportsBusyError } from './failure.js';
import type { ExportWorkerData } from './export-worker.js';
import type { Block, ExportTask, FromThread, ToThread } from './export-task.js';

/** More at once would only share the same cores and disk; each has a heap and a connection. */
const MOST_THREADS = 4;
/** Less than a browser, or a proxy, waits for an answer to begin. */
const PATIENCE_MS = 10_000;
/** One thread waits so long for another file: who looks for the right columns asks for several. */
const IDLE_MS = 20_000;
/** What is kept between pages fits; a block's bytes lie outside. */
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 };

/** A file that a thread writes, ahead of its reader by a few blocks. */
export interface ThreadedFile {
  /** Throws what the database said, or that the thread died. */
  readonly blocks: AsyncIterable<Block>;
  /** Lets go of the thread, which ends wherever it is in a file. */
  close(): void;
}

/** Writers of long files, each in a thread of its own, a few at once. */
export class ExportThreads {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #idle: { readonly thread: WritingThread; readonly timer: NodeJS.Timeout } | null = null;

  /** Lets a thread load its code while it is still being found out what it is to write. */
  warm(url: string): void {
    if (this.#idle === null && this.#running < MOST_THREADS) this.#keep(new WritingThread(url));
  }

  /** Waits for a thread to be free. Throws ExportsBusyError when none is in time. `signal` ends the waiting and the thread. */
  async start(task: ExportTask, signal: AbortSignal): Promise<ThreadedFile> {
    await this.#turn(signal);
    try {
      const thread = this.#take() ?? new WritingThread(task.url);
      let open = true;
      const close = (): void => {
        if (!open) return;
        open = false;
        if (thread.state === 'free' && this.#idle === null) this.#keep(thread);
        else thread.end();
        this.#handOn();
      };
      const blocks = thread.write(task);
      if (signal.aborted) close();
      signal.addEventListener('abort', close, { once: true });
      return { blocks, close };
    } catch (error) {
      this.#handOn();
      throw error;
    }
  }

  #take(): WritingThread | null {
    const idle = this.#idle;
    if (!idle) return null;
    clearTimeout(idle.timer);
    this.#idle = null;
    return idle.thread.state === 'free' ? idle.thread : null;
  }

  #keep(thread: WritingThread): void {
    const timer = setTimeout(() => {
      if (this.#idle?.thread === thread) this.#idle = null;
      thread.end();
    }, IDLE_MS).unref();
    this.#idle = { thread, timer };
    thread.onEnded = () => {
      if (this.#idle?.thread === thread) this.#idle = null;
      clearTimeout(timer);
    };
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

/** A thread that writes one file after the other. */
class WritingThread {
  state: 'free' | 'writing' | 'ended' = 'free';
  onEnded: () => void = () => undefined;
  readonly #worker: Worker;
  // Heard from the beginning, whenever somebody reads: what a thread says to nobody is lost.
  readonly #heard: FromThread[] = [];
  #wake: () => void = () => undefined;

  constructor(url: string) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const workerData: ExportWorkerData = { driver: url.startsWith('sqlite:') ? 'better-sqlite3' : 'mysql2' };
    // What this process was started with, such as a script given by --eval, is not the thread's.
    this.#worker = new Worker(new URL(`./export-worker.${extension}`, import.meta.url), { execArgv: [], workerData, resourceLimits: LIMITS });
    const hear = (message: FromThread): void => {
      this.#heard.push(message);
      this.#wake();
    };
    const ended = (message: string): void => {
      this.state = 'ended';
      this.onEnded();
      hear({ error: { message, code: null } });
    };
    this.#worker.on('message', hear);
    this.#worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => ended(`the thread that writes a file ended (${code})`));
    this.#worker.unref();
  }

  /** Begins the file. When all its blocks are read the thread is free again. */
  write(task: ExportTask): AsyncGenerator<Block> {
    this.state = 'writing';
    this.#worker.ref();
    this.#say({ task });
    return this.#blocks();
  }

  end(): void {
    this.state = 'ended';
    void this.#worker.terminate();
  }

  async *#blocks(): AsyncGenerator<Block> {
    for (;;) {
      const next = this.#heard.shift();
      if (!next) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('end' in next) {
        this.state = 'free';
        this.#worker.unref();
        return;
      } else if ('error' in next) throw Object.assign(new Error(next.error.message), next.error.code === null ? {} : { code: next.error.code });
      else {
        yield next.block;
        const memory = next.block.bytes.buffer;
        this.#say({ memory }, [memory]);
      }
    }
  }

  #say(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
