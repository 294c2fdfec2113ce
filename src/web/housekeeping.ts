import type { Database } from '../database/database.js';
import type { Job } from '../jobs/scheduler.js';
import { fromMs } from '../time.js';
import { clearForgotten } from './lock-out.js';
import { clearExpiredSessions } from './sessions.js';

const EVERY_MS = 10 * 60 * 1_000;

/** Clears away what strangers leave: sessions of the sign-in form, and counts of failures that no longer matter. */
export function housekeepingJob({ knex }: Database): Job {
  return {
    name: 'housekeeping',
    everyMs: EVERY_MS,
    async run() {
      const sessions = await clearExpiredSessions(knex);
      const failures = await clearForgotten(knex, fromMs(Date.now()));
      return `cleared ${sessions} sessions, ${failures} counts of failures`;
    },
  };
}
