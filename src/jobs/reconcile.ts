import type { Database } from '../database/database.js';
import { reconcile } from '../logs/sip-session/reconcile.js';
import { fromMs } from '../time.js';
import type { Job } from './scheduler.js';

/** Binds loose connections to accounts, and asks the PBX who is on line to square the accounts with it. */
export function reconcileJob(database: Database, pbx: { requestSnapshot(): void }, everyMs: number): Job {
  return {
    name: 'reconcile',
    everyMs,
    async run() {
      pbx.requestSnapshot();
      const { looked, bound, ambiguous, unknown } = await reconcile(database, fromMs(Date.now()));
      return `looked at ${looked}, bound ${bound}, ambiguous ${ambiguous}, unknown ${unknown}`;
    },
  };
}
