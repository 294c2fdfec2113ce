import type { Database } from '../database/database.js';
import { reconcile } from '../logs/sip-session/reconcile.js';
import { fromMs } from '../time.js';
import type { Job } from './scheduler.js';

/** Binds loose connections to accounts. */
export function reconcileJob(database: Database, everyMs: number): Job {
  return {
    name: 'reconcile',
    everyMs,
    async run() {
      const { looked, bound, ambiguous, unknown } = await reconcile(database, fromMs(Date.now()));
      return `looked at ${looked}, bound ${bound}, ambiguous ${ambiguous}, unknown ${unknown}`;
    },
  };
}

/** Asks the PBX who is on line, to square the accounts with it. Each listener does so itself, of its own PBX. */
export function squareJob(pbx: { requestSnapshot(): void }, everyMs: number): Job {
  return {
    name: 'square',
    everyMs,
    run() {
      pbx.requestSnapshot();
      return Promise.resolve('asked');
    },
  };
}
