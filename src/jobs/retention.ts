import type { Database } from '../database/database.js';
import { retain, type RetentionConfig } from '../retention/retain.js';
import { fromMs } from '../time.js';
import type { Job } from './scheduler.js';

const EVERY_MS = 3_600_000;

/** Lets leave what is older than the settings say. */
export function retentionJob(database: Database, config: RetentionConfig): Job {
  return {
    name: 'retention',
    everyMs: EVERY_MS,
    isCostly: true,
    async run({ signal, alive }) {
      const left = await retain(database, config, { signal, clock: () => fromMs(Date.now()), onAlive: alive });
      if (left === null) return 'another process is at it';
      return left.months === 0 ? 'nothing is old enough' : `months ${left.months}, rows ${left.rows}`;
    },
  };
}
