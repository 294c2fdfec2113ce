import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BullScheduler } from '../../../src/jobs/bull.js';
import { InProcessScheduler } from '../../../src/jobs/in-process.js';
import type { Job, Scheduler } from '../../../src/jobs/scheduler.js';
import { describeWith } from '../../support/needs.js';
import { startRedis } from '../../support/redis.js';
import { redisUrl } from '../../support/servers.js';

const logger = pino({ level: 'silent' });
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const AGAIN_MS = 200;
let names = 0;

/** Waits for what has to come; how long that takes says nothing but how busy the machine is. */
async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await sleep(20);
  }
}

/**
 * Waits for five runs in a row that stand an interval apart: a busy machine delays some of them, but no wrong schedule
 * ever shows such a row. Then there must not have been more runs than intervals since `from`.
 */
async function expectOncePerInterval(runs: readonly number[], everyMs: number, from: number): Promise<void> {
  const spanMs = (last: number): number => (runs[last] ?? Infinity) - (runs[last - 4] ?? -Infinity);
  await until(() => runs.some((_, last) => spanMs(last) > 3 * everyMs && spanMs(last) < 5 * everyMs), `five runs every ${everyMs} ms`);
  expect(runs.length).toBeLessThanOrEqual((Date.now() - from) / everyMs + 1);
}

/** The contract of src/jobs/scheduler.ts, for one kind. `pair` makes schedulers that share what there is to share. */
function contract(pair: () => [Scheduler, Scheduler | null]): void {
  const start = async (scheduler: Scheduler, ...jobs: Job[]): Promise<void> => {
    onTestFinished(() => scheduler.stop());
    await scheduler.start(jobs);
  };

  it('runs a job once each interval', async () => {
    const [scheduler] = pair();
    const runs: number[] = [];
    const from = Date.now();
    await start(scheduler, { name: 'count', everyMs: 300, run: () => Promise.resolve(`run ${runs.push(Date.now())}`) });
    await expectOncePerInterval(runs, 300, from);
    expect(scheduler.status()).toMatchObject([{ name: 'count', everyMs: 300, lastError: null, lastResult: expect.stringMatching(/^run \d+$/) as string }]);
    expect(scheduler.trouble()).toBeNull();
  });

  it('tries what failed before a long interval is over, unless it is costly', async () => {
    const [scheduler] = pair();
    const runs = { cheap: [] as number[], costly: [] as number[] };
    const failing = (name: keyof typeof runs): Job['run'] => () => {
      runs[name].push(Date.now());
      return Promise.reject(new Error('no luck'));
    };
    await start(scheduler, { name: 'cheap', everyMs: 2_000, run: failing('cheap') }, { name: 'costly', everyMs: 2_000, isCostly: true, run: failing('costly') });
    await until(() => runs.costly.length === 3, 'three runs of the costly one');
    expect(runs.cheap.length).toBeGreaterThan(6);
  });

  it('reports a failure and runs again', async () => {
    const [scheduler] = pair();
    let runs = 0;
    await start(scheduler, {
      name: 'fail',
      everyMs: 300,
      run: () => {
        runs += 1;
        return Promise.reject(new Error('no luck'));
      },
    });
    await until(() => runs > 1, 'a second run');
    expect(scheduler.status()).toMatchObject([{ lastError: 'no luck' }]);
  });

  it('never has two runs of a job at once', async () => {
    const [scheduler] = pair();
    let running = 0;
    let most = 0;
    let ended = 0;
    await start(scheduler, {
      name: 'slow',
      everyMs: 200,
      async run() {
        running += 1;
        most = Math.max(most, running);
        await sleep(500);
        running -= 1;
        ended += 1;
        return 'done';
      },
    });
    await until(() => ended >= 4, 'four runs');
    expect(most).toBe(1);
  });

  it('runs nothing after stop, which waits for the run under way', async () => {
    const [scheduler] = pair();
    let started = 0;
    let ended = 0;
    await scheduler.start([
      {
        name: 'last',
        everyMs: 200,
        async run() {
          started += 1;
          await sleep(300);
          ended += 1;
          return 'done';
        },
      },
    ]);
    await until(() => started > 0, 'a run');
    await scheduler.stop();
    const runs = started;
    expect(ended).toBe(started);
    await sleep(700);
    expect(started).toBe(runs);
  });

  it('shares the runs of one interval where there is something to share', async () => {
    const [first, second] = pair();
    if (!second) return;
    const at: number[] = [];
    const from = Date.now();
    const job: Job = { name: 'shared', everyMs: 500, run: () => Promise.resolve(String(at.push(Date.now()))) };
    await start(first, job);
    await start(second, job);
    await expectOncePerInterval(at, 500, from);
  });
}

describe('the scheduler in process', () => {
  contract(() => [new InProcessScheduler(logger, AGAIN_MS), null]);
});

describeWith(['redis'], 'the scheduler on Redis', () => {
  contract(() => {
    const queue = `test-${(names += 1)}`;
    return [new BullScheduler(redisUrl(), logger, queue, AGAIN_MS), new BullScheduler(redisUrl(), logger, queue, AGAIN_MS)];
  });

  it('replaces an interval that changed', async () => {
    const queue = `test-${(names += 1)}`;
    const before = new BullScheduler(redisUrl(), logger, queue);
    await before.start([{ name: 'changing', everyMs: 100, run: () => Promise.resolve('') }]);
    await before.stop();
    let runs = 0;
    const after = new BullScheduler(redisUrl(), logger, queue);
    onTestFinished(() => after.stop());
    const from = Date.now();
    await after.start([{ name: 'changing', everyMs: 1_000, run: () => Promise.resolve(String((runs += 1))) }]);
    await until(() => runs >= 2, 'two runs');
    // The old interval beside the new one would make ten more each second.
    expect(runs).toBeLessThanOrEqual((Date.now() - from) / 1_000 + 2);
  });

  it('says that Redis is away, survives it, and schedules anew when it comes back empty', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const scheduler = new BullScheduler(redis.url, logger, 'test-outage');
    onTestFinished(() => scheduler.stop());
    let runs = 0;
    await scheduler.start([{ name: 'outage', everyMs: 200, run: () => Promise.resolve(String((runs += 1))) }]);
    await until(() => runs > 0, 'a run');
    await redis.halt();
    await until(() => scheduler.trouble() !== null, 'a word about Redis');
    await redis.start();
    const before = runs;
    await until(() => runs >= before + 3, 'runs after the outage');
    await until(() => scheduler.trouble() === null, 'an end of trouble');
  });

  it('schedules anew when somebody empties Redis while it runs', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const scheduler = new BullScheduler(redis.url, logger, 'test-emptied');
    onTestFinished(() => scheduler.stop());
    let runs = 0;
    await scheduler.start([{ name: 'emptied', everyMs: 200, run: () => Promise.resolve(String((runs += 1))) }]);
    await until(() => runs > 0, 'a run');
    const other = new Redis(redis.url);
    await other.flushall();
    other.disconnect();
    // What was taken out of Redis before may still be under way.
    await sleep(500);
    const before = runs;
    await until(() => runs >= before + 3, 'runs after the emptying');
  });
});
