import type { Knex } from 'knex';
import { fromMs, type Micros } from '../time.js';
import type { Job } from './scheduler.js';

const TABLE = 'job_run';

/** The same job, which leaves a note of each run in the database: whichever process ran it, all can see when. */
export function journalled(knex: Knex, job: Job): Job {
  return {
    ...job,
    async run(how) {
      const startedAt = fromMs(Date.now());
      const result = await job.run(how);
      await knex(TABLE)
        .insert({ job: job.name, started_at: startedAt, finished_at: fromMs(Date.now()), result: result.slice(0, 255) })
        .onConflict('job')
        .merge();
      return result;
    },
  };
}

/** When a job last ended well, in any process; null when it never has. */
export async function lastRunOf(knex: Knex, jobName: string): Promise<Micros | null> {
  const row = await knex<{ job: string; finished_at: number | string }>(TABLE).where('job', jobName).first('finished_at');
  return row ? Number(row.finished_at) : null;
}

/** The last run of a job that ended well. */
export interface LastRun {
  readonly job: string;
  readonly startedAt: Micros;
  readonly finishedAt: Micros;
  readonly result: string;
}

/** The last run of each job that leaves a note, by name. */
export async function lastRuns(knex: Knex): Promise<LastRun[]> {
  const rows = await knex<{ job: string; started_at: number | string; finished_at: number | string; result: string }>(TABLE).select().orderBy('job');
  return rows.map(({ job, started_at, finished_at, result }) => ({ job, startedAt: Number(started_at), finishedAt: Number(finished_at), result }));
}
