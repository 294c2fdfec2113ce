import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/database.js';
import { InProcessScheduler } from '../../src/jobs/in-process.js';
import type { JobStatus } from '../../src/jobs/scheduler.js';
import { Drainer, type DrainerStatus } from '../../src/pipeline/drainer.js';
import type { SpoolBatch } from '../../src/pipeline/spool.js';
import { jobProblem, readinessOf } from '../../src/readiness.js';

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

describe('a write that does not end', () => {
  const database = openDatabase('sqlite::memory:');
  const logger = pino({ level: 'silent' });
  beforeAll(() => database.migrate());
  afterAll(() => database.close());
  const databaseCheck = async (drainer: { status(): DrainerStatus }, waiting = 7) => {
    const spool = { status: () => ({ waiting, usedMb: 0, maxMb: 2_048, dropped: 0, failing: null }) };
    const connection = { status: () => ({ state: 'connecting', attempt: 1, lastError: null }) as const };
    const [scheduler, ownJobs] = [new InProcessScheduler(logger), new InProcessScheduler(logger)];
    return (await readinessOf({ database, opening: { waitsFor: null }, connection, drainer, spool, scheduler, ownJobs })()).database;
  };
  const busyFor = (seconds: number | null): { status(): DrainerStatus } => ({
    status: () => ({ failing: null, busySince: seconds === null ? null : performance.now() - seconds * 1_000, written: 0, dead: 0, notKept: 0 }),
  });

  it('is said after half a minute, with what waits behind it', async () => {
    expect(await databaseCheck(busyFor(31))).toMatchObject({ ok: false, message: 'has not ended a write for 31 s; 7 events wait in the spool' });
    expect(await databaseCheck(busyFor(3_600), 0)).toMatchObject({ ok: false, message: 'has not ended a write for 3600 s' });
    for (const seconds of [null, 1, 28]) expect(await databaseCheck(busyFor(seconds))).toMatchObject({ ok: true, message: 'takes rows; 7 events wait in the spool' });
  });

  it('is one from when it was handed over until it ended, well or not', async () => {
    const batches: SpoolBatch[] = [1, 2].map((seq) => ({ seq, inputs: [{ kind: 'connected', at: seq }] }));
    const ends: ((error?: Error) => void)[] = [];
    const drainer = new Drainer({
      pbx: 'lab',
      logger,
      spool: { take: () => (batches.length > 0 ? Promise.resolve(batches.shift() ?? null) : new Promise(() => undefined)), checkpoint: () => Promise.resolve() },
      translator: { handle: (input) => [{ kind: 'listening', pbx: 'lab', from: input.kind === 'event' ? 0 : input.at, until: 9, reason: null }], savePieces: () => [] },
      write: () => new Promise((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve(0)))),
    });
    expect(drainer.status().busySince).toBeNull();
    const before = performance.now();
    drainer.start();
    const written = async (count: number): Promise<number | null> => {
      await expect.poll(() => ends.length).toBe(count);
      return drainer.status().busySince;
    };
    const first = await written(1);
    expect(first).toBeGreaterThanOrEqual(before);
    ends[0]?.(new Error('the connection was lost'));
    await expect.poll(() => drainer.status().failing).not.toBeNull();
    expect(drainer.status().busySince).toBeNull();
    const again = await written(2);
    expect(again).toBeGreaterThan(first ?? Infinity);
    ends[1]?.();
    expect(await written(3)).toBeGreaterThan(again ?? Infinity);
    ends[2]?.();
    await expect.poll(() => drainer.status().busySince).toBeNull();
    await drainer.stop(0);
  });
});
