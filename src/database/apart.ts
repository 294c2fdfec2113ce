import { Worker } from 'node:worker_threads';
import type { Knex } from 'knex';
import type { Question, Reply, WorkerData } from './apart-worker.js';
import type { RowArray } from './row-arrays.js';

/** The thread could not read; `code` is SQLite's own, such as `SQLITE_BUSY`. */
class ApartError extends Error {
  override readonly name = 'ApartError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A thread that has nothing to do for so long gives its memory back. */
const IDLE_MS = 30_000;
/** Of questions that wait for an answer, one after the other; an account's page asks eight. */
const MOST_WAITING = 64;
const BUSY_TIMEOUT_MS = 2_000;

interface Found {
  readonly columns: readonly string[];
  readonly rows: readonly RowArray[];
}

interface Started {
  readonly worker: Worker;
  /** Resolved when it can read, or never will. */
  readonly opened: Promise<unknown>;
  readonly waiting: { readonly resolve: (found: Found) => void; readonly reject: (error: Error) => void }[];
}

/** SQLite reads on the thread that asks, which also hears the PBX: what may take long is read by these. */
class ReadingThread {
  #current: Started | null = null;
  #idle: NodeJS.Timeout | null = null;

  constructor(
    private readonly path: string,
    private readonly standsBack: boolean,
  ) {}

  /** Somebody has given up waiting, and what was asked still goes on. */
  isLate = false;

  /** A thread that is to be started takes longer for it than for most questions. */
  open(): Promise<unknown> {
    return (this.#current ??= this.#start()).opened;
  }

  /** Rejects with {@link ApartError}. */
  read(question: Question): Promise<Found> {
    if (this.#idle) clearTimeout(this.#idle);
    const { worker, waiting } = (this.#current ??= this.#start());
    if (waiting.length >= MOST_WAITING) return Promise.reject(new ApartError('SQLITE_BUSY', 'too many lists are being looked through'));
    // So that a process does not end amid what it waits for.
    worker.ref();
    return new Promise((resolve, reject) => {
      worker.postMessage(question);
      waiting.push({ resolve, reject });
    });
  }

  end(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#current?.worker.postMessage('end');
    this.#current = null;
  }

  #start(): Started {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./apart-worker.${extension}`, import.meta.url), {
      // What this process was started with is not the thread's.
      execArgv: [],
      workerData: { path: this.path, busyTimeoutMs: BUSY_TIMEOUT_MS, standsBack: this.standsBack } satisfies WorkerData,
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    const waiting: Started['waiting'] = [];
    const opened = new Promise((resolve) => worker.once('message', resolve).once('exit', resolve));
    worker.on('message', (reply: Reply) => {
      if (reply === 'open') return;
      const asked = waiting.shift();
      if (waiting.length === 0) this.#rest(worker);
      if ('error' in reply) asked?.reject(new ApartError(reply.error.code, reply.error.message));
      else asked?.resolve(reply);
    });
    const ended = (message: string): void => {
      if (this.#current?.worker === worker) this.#current = null;
      this.isLate = false;
      for (const { reject } of waiting.splice(0)) reject(new ApartError('THREAD', message));
    };
    worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => ended(`the reading thread ended (${code})`));
    return { worker, opened, waiting };
  }

  #rest(worker: Worker): void {
    this.isLate = false;
    worker.unref();
    this.#idle = setTimeout(() => this.end(), IDLE_MS).unref();
  }
}

/** What is counted is given up when it takes too long; what is listed is not, and must not wait for it; a report waits for both. */
type Use = 'count' | 'list' | 'report';
const threads = new WeakMap<Knex.Client, Map<Use, ReadingThread>>();

/** The file of a SQLite database that others can read beside this connection; null for any other. */
function fileOf(knex: Knex): string | null {
  const { config } = knex.client as { readonly config: Knex.Config };
  const { filename } = (config.connection ?? {}) as { readonly filename?: string };
  return config.client !== 'better-sqlite3' || filename === undefined || filename === ':memory:' ? null : filename;
}

/** Whether a read that may take long need not hold up this thread: not on MariaDB, which reads for itself, nor in memory. */
export const canReadApart = (knex: Knex): boolean => fileOf(knex) !== null;

function threadOf(knex: Knex, use: Use): ReadingThread {
  const client = knex.client as Knex.Client;
  const own = threads.get(client) ?? new Map<Use, ReadingThread>();
  threads.set(client, own);
  const thread = own.get(use) ?? new ReadingThread(fileOf(knex) ?? '', use === 'report');
  own.set(use, thread);
  return thread;
}

/** The rows of a select as arrays of its columns, read by another thread. Only where `canReadApart`. */
export const readApart = async (knex: Knex, query: Knex.QueryBuilder | Knex.Raw): Promise<readonly RowArray[]> => (await threadOf(knex, 'list').read(query.toSQL().toNative())).rows;

/** The rows of a report's SQL, as knex has them. Only where `canReadApart`. */
export async function reportApart(knex: Knex, sql: string, bindings: readonly unknown[]): Promise<Readonly<Record<string, unknown>>[]> {
  const { columns, rows } = await threadOf(knex, 'report').read({ sql, bindings });
  return rows.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place]])));
}

/**
 * The one number that a query answers; null when that takes longer than `patienceMs`, and while one that took longer still
 * goes on: nothing stops SQLite amid a query, so that at most one thread counts what nobody waits for.
 */
export async function countApart(knex: Knex, query: Knex.QueryBuilder | Knex.Raw, patienceMs: number): Promise<number | null> {
  const thread = threadOf(knex, 'count');
  if (thread.isLate) return null;
  await thread.open();
  let timer: NodeJS.Timeout | undefined;
  const givenUp = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      thread.isLate = true;
      resolve(null);
    }, patienceMs);
  });
  const counted = thread.read(query.toSQL().toNative()).then(({ rows: [row] }) => Number(row?.[0] ?? 0));
  // Whoever gave up does not hear of it.
  counted.catch(() => undefined);
  return Promise.race([counted, givenUp]).finally(() => clearTimeout(timer));
}

/** Ends the threads of a database that is closed. */
export function endReading(knex: Knex): void {
  for (const thread of threads.get(knex.client as Knex.Client)?.values() ?? []) thread.end();
}
