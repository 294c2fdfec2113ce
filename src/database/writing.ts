import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Database } from './database.js';

const PAUSE_FIRST_MS = 20;
const PAUSE_LONGEST_MS = 500;

/**
 * Runs `work` in one transaction that begins with the right to write, so that what it reads still holds when it writes.
 * While another process has that right, or on a deadlock, `work` runs again from the start, for up to the
 * database's patience; so it must leave nothing behind outside its transaction. Then rejects as the database did.
 */
export async function writing<T>(database: Database, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  const deadline = Date.now() + database.patienceMs;
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_LONGEST_MS)) {
    try {
      return await database.knex.transaction((trx) => (trx.isCompleted() ? neverBegun() : work(trx)));
    } catch (error) {
      if (!isContention(error) || Date.now() + pauseMs > deadline) throw error;
    }
    // Two that met once must not go on meeting.
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

/** Whether somebody else was in the way, who will be gone: the same again may work. */
export function isContention(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^SQLITE_(BUSY|LOCKED)/.test(code) || code === 'ER_LOCK_DEADLOCK' || code === 'ER_LOCK_WAIT_TIMEOUT' || code === 'ER_CHECKREAD';
}

// knex calls the work also when BEGIN failed; its own rejection with the reason is under way then.
const neverBegun = (): Promise<never> => Promise.reject(new Error('the transaction never began'));
