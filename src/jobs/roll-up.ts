import type { Database } from '../database/database.js';
import { rollUp } from '../logs/statistics/roll-up.js';
import { fromMs } from '../time.js';
import type { Job } from './scheduler.js';

const EVERY_MS = 60_000;

/** Sums up the hours that the overview counts. */
export function rollUpJob(database: Database): Job {
  return {
    name: 'roll-up',
    everyMs: EVERY_MS,
    async run({ signal }) {
      return `summaries ${await rollUp(database, fromMs(Date.now()), signal)}`;
    },
  };
}
