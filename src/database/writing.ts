import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Database } from './database.js';

const PAUSE_FIRST_MS = 5;
/** Whoever writes all the time leaves short moments only. */
const PAUSE_LONGEST_MS = 50;
const MOST_YIELDED_MS = 200;

/**
 * Runs `work` in one transaction that begins with the right to write, so that what it reads still holds when it writes.
 * While another process has that right, or on a deadlock, `work` runs again from the start, for up to the
 * database's patience; so it must leave nothing behind outside its transaction. Then rejects as the database did.
 */
export function writing<T>(database: Database, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  const container = (trx: Knex.Transaction): Promise<T> => (trx.isCompleted() ? neverBegun() : work(trx));
  return patiently(database.patienceMs, () => (database.dialect === 'mysql' ? within(database, container) : database.knex.transaction(container)));
}

interface Connection {
  readonly stream: { destroy(error: Error): void };
}

interface Pool {
  acquireConnection(): Promise<Connection>;
  releaseConnection(connection: Connection): Promise<void>;
}

/**
 * A connection whose other end is gone without a word answers nothing for ever; at the limit it is destroyed, which
 * rejects what waits on it and makes the pool forget it.
 */
async function within<T>({ knex, transactionLimitMs }: Database, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  const pool = knex.client as Pool;
  const connection = await pool.acquireConnection();
  const late: { error: Error | null } = { error: null };
  const timer = setTimeout(() => {
    late.error = new Error(`the database did not end a transaction within ${transactionLimitMs / 1_000} s`);
    connection.stream.destroy(late.error);
  }, transactionLimitMs);
  try {
    return await knex.transaction(work, { connection });
  } catch (error) {
    throw late.error ?? error;
  } finally {
    clearTimeout(timer);
    await pool.releaseConnection(connection);
  }
}

/** Tries again what fails because somebody else is in the way, for so long; then rejects as it did. */
export async function patiently<T>(patienceMs: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_LONGEST_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isContention(error) || performance.now() + pauseMs > deadline) throw error;
    }
    // Two that met once must not go on meeting.
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

/**
 * Between the batches of a long import, for as long as the last one took: in SQLite there is one writer at a time, and
 * who tries again at intervals never meets the moment between two transactions.
 */
export async function letOthersWrite({ dialect }: Database, tookMs: number): Promise<void> {
  if (dialect === 'sqlite') await sleep(Math.min(tookMs, MOST_YIELDED_MS));
}

/** The last three: a month was made or left since the transaction began, or by two at once. */
const CONTENTION: ReadonlySet<string> = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD', 'ER_TABLE_DEF_CHANGED', 'ER_SAME_NAME_PARTITION', 'ER_DROP_PARTITION_NON_EXISTENT']);

/** Whether somebody else was in the way, who will be gone: the same again may work. */
export function isContention(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^SQLITE_(BUSY|LOCKED)/.test(code) || CONTENTION.has(code);
}

// knex calls the work also when BEGIN failed; its own rejection with the reason is under way then.
const neverBegun = (): Promise<never> => Promise.reject(new Error('the transaction never began'));
