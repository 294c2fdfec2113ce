import type { Database } from '../database/database.js';
import { BY_MONTH, makeMonths, MOST_MOVED } from '../database/partitions.js';
import { patiently } from '../database/writing.js';
import { monthAfter, monthOf } from '../month.js';
import { fromMs, type Micros } from '../time.js';
import type { Job } from './scheduler.js';

const EVERY_MS = 3_600_000;

/** Makes the partitions of this month and the next three, where the logs lie by month. */
export function partitionsJob(database: Database): Job {
  return {
    name: 'partitions',
    everyMs: EVERY_MS,
    isCostly: true,
    run: () => makeMonthsAhead(database, fromMs(Date.now())),
  };
}

/** Answers in a few words what it did. Throws when so much lies behind the last month that no more can be cut from it. */
export async function makeMonthsAhead(database: Database, now: Micros): Promise<string> {
  const month = monthOf(now);
  const to = monthAfter(monthAfter(monthAfter(month)));
  let made = 0;
  for (const table of Object.keys(BY_MONTH)) {
    const done = await patiently(database.patienceMs, () => makeMonths(database.knex, table, month, to));
    made += done.made;
    if (done.left.length > 0) throw new Error(`more than ${MOST_MOVED} rows of ${table} lie behind its last month, and moving them would keep others waiting; docs/retention.md says how to do it by hand`);
  }
  return made === 0 ? 'no month is missing' : `months ${made}`;
}
