import { describe, expect, it } from 'vitest';
import type { JobStatus } from '../../src/jobs/scheduler.js';
import { jobProblem } from '../../src/readiness.js';

const NOW = 1_795_369_894_000;
const ago = (seconds: number): number => NOW - seconds * 1_000;
const status = (fields: Partial<JobStatus>): JobStatus => ({ name: 'try', everyMs: 10_000, since: ago(3_600), lastRunAt: ago(5), aliveAt: null, lastResult: 'done', lastError: null, ...fields });

describe('the watchdog of jobs', () => {
  it.each<[string, Partial<JobStatus>, number, string | null]>([
    ['ran a moment ago', {}, ago(5), null],
    ['ran a moment ago in another process', { lastRunAt: null }, ago(5), null],
    ['has not run for three intervals', { lastRunAt: ago(60) }, ago(60), 'try has not run for 3 intervals'],
    ['was just taken on', { since: ago(10), lastRunAt: null }, 0, null],
    ['was taken on long ago and never ran', { since: ago(100), lastRunAt: null }, 0, 'try has not run for 3 intervals'],
    ['failed', { lastError: 'no luck' }, ago(15), 'try failed'],
    ['failed here, and went well elsewhere since', { lastError: 'no luck', lastRunAt: ago(15) }, ago(5), null],
    ['takes long and shows that it is alive', { lastRunAt: ago(600), aliveAt: ago(20) }, ago(600), null],
    ['takes long without a sign of life', { lastRunAt: ago(1_900), aliveAt: ago(1_800) }, ago(1_900), 'try hangs: no sign of life for 30 minutes'],
    ['takes long, as its interval allows', { everyMs: 1_200_000, aliveAt: ago(1_800) }, ago(1_900), null],
  ])('a job that %s', (_, fields, lastWellAt, problem) => {
    expect(jobProblem(status(fields), lastWellAt, NOW)).toBe(problem);
  });
});
