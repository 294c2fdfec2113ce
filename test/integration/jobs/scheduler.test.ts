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
let names = 0;

/** The contract of src/jobs/scheduler.ts, for one kind. `pair` makes schedulers that share what there is to share. */
function contract(pair: () => [Scheduler, Scheduler | null]): void {
  const start = async (scheduler: Scheduler, ...jobs: Job[]): Promise<void> => {
    onTestFinished(() => scheduler.stop());
    await scheduler.start(jobs);
  };

  it('runs a job once each interval', async () => {
    const [scheduler] = pair();
    let runs = 0;
    await start(scheduler, { name: 'count', everyMs: 300, run: () => Promise.resolve(`run ${(runs += 1)}`) });
    await sleep(2_000);
    expect(runs).toBeGreaterThanOrEqual(4);
    expect(runs).toBeLessThanOrEqual(7);
    expect(scheduler.status()).toMatchObject([{ name: 'count', everyMs: 300, lastError: null, lastResult: expect.stringMatching(/^run \d+$/) as string }]);
    expect(scheduler.trouble()).toBeNull();
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
    await sleep(1_500);
    expect(runs).toBeGreaterThan(1);
    expect(scheduler.status()).toMatchObject([{ lastError: 'no luck' }]);
  });

  it('never has two runs of a job at once', async () => {
    const [scheduler] = pair();
    let running = 0;
    let most = 0;
    await start(scheduler, {
      name: 'slow',
      everyMs: 200,
      async run() {
        running += 1;
        most = Math.max(most, running);
        await sleep(500);
        running -= 1;
        return 'done';
      },
    });
    await sleep(2_000);
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
    while (started === 0) await sleep(20);
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
    const job: Job = { name: 'shared', everyMs: 500, run: () => Promise.resolve(String(at.push(Date.now()))) };
    await start(first, job);
    await start(second, job);
    await sleep(3_200);
    expect(at.length).toBeGreaterThanOrEqual(4);
    expect(at.length).toBeLessThanOrEqual(7);
  });
}

describe('the scheduler in process', () => {
  contract(() => [new InProcessScheduler(logger), null]);
});

describeWith(['redis'], 'the scheduler on Redis', () => {
  contract(() => {
    const queue = `test-${(names += 1)}`;
    return [new BullScheduler(redisUrl(), logger, queue), new BullScheduler(redisUrl(), logger, queue)];
  });

  it('replaces an interval that changed', async () => {
    const queue = `test-${(names += 1)}`;
    const before = new BullScheduler(redisUrl(), logger, queue);
    await before.start([{ name: 'changing', everyMs: 100, run: () => Promise.resolve('') }]);
    await before.stop();
    let runs = 0;
    const after = new BullScheduler(redisUrl(), logger, queue);
    onTestFinished(() => after.stop());
    await after.start([{ name: 'changing', everyMs: 1_000, run: () => Promise.resolve(String((runs += 1))) }]);
    await sleep(2_500);
    expect(runs).toBeLessThanOrEqual(4);
    expect(runs).toBeGreaterThanOrEqual(1);
  });

  it('says that Redis is away, survives it, and schedules anew when it comes back empty', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const scheduler = new BullScheduler(redis.url, logger, 'test-outage');
    onTestFinished(() => scheduler.stop());
    let runs = 0;
    await scheduler.start([{ name: 'outage', everyMs: 200, run: () => Promise.resolve(String((runs += 1))) }]);
    await sleep(1_000);
    expect(runs).toBeGreaterThan(0);
    await redis.halt();
    await sleep(1_000);
    expect(scheduler.trouble()).not.toBeNull();
    await redis.start();
    const before = runs;
    const deadline = Date.now() + 20_000;
    while (runs < before + 3 && Date.now() < deadline) await sleep(100);
    expect(runs).toBeGreaterThanOrEqual(before + 3);
    expect(scheduler.trouble()).toBeNull();
  });

  it('schedules anew when somebody empties Redis while it runs', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const scheduler = new BullScheduler(redis.url, logger, 'test-emptied');
    onTestFinished(() => scheduler.stop());
    let runs = 0;
    await scheduler.start([{ name: 'emptied', everyMs: 200, run: () => Promise.resolve(String((runs += 1))) }]);
    await sleep(1_000);
    const other = new Redis(redis.url);
    await other.flushall();
    other.disconnect();
    await sleep(500);
    const before = runs;
    const deadline = Date.now() + 15_000;
    while (runs < before + 3 && Date.now() < deadline) await sleep(100);
    expect(runs).toBeGreaterThanOrEqual(before + 3);
  });
});
