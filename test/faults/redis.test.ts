import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Ledger } from '../support/ledger.js';
import { eventually } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { Bench, expectAllOnce } from './bench.js';

const JOB = 'reconcile';

describeWith(['asterisk-22', 'mariadb', 'redis'], 'Redis', () => {
  it('killed and back empty: rows and pages go on, and the jobs come back by themselves', async (context) => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const redis = await bench.redis();
    const logbook = await bench.logbook(pbx, { REDIS_URL: redis.url });
    const ledger = new Ledger(logbook.databaseUrl);
    await eventually(async () => expect(await ledger.lastRun(JOB)).toBeGreaterThan(0));

    await redis.halt('SIGKILL');
    await storm.raise(5_000, { perSecond: 2_000 });
    await storm.settled();
    await ledger.holds(storm.raised);
    expect((await logbook.get('/sip-sessions')).status).toBe(200);
    await eventually(async () => expect(await logbook.health()).toMatch(/^503 .*"jobs":\{"ok":false/));
    const before = await ledger.lastRun(JOB);

    await redis.start();
    await eventually(async () => expect(await ledger.lastRun(JOB)).toBeGreaterThan(before), 90_000);
    await logbook.ready();
    await storm.raise(1);
    await ledger.holds(storm.raised);
    await expectAllOnce(storm, ledger);
    expect(await ledger.gaps()).toEqual([]);
  });

  it('and MariaDB killed at once in a storm: nothing is lost, nothing doubled, jobs come back', async (context) => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const [redis, server] = await Promise.all([bench.redis(), bench.mariaDb({ durable: true })]);
    const logbook = await bench.logbook(pbx, { REDIS_URL: redis.url, DATABASE_URL: await bench.database(server) });
    const ledger = new Ledger(logbook.databaseUrl);
    await eventually(async () => expect(await ledger.lastRun(JOB)).toBeGreaterThan(0));

    const raising = storm.raise(20_000, { perSecond: 4_000 });
    await sleep(1_000);
    const before = await ledger.lastRun(JOB);
    await Promise.all([redis.halt('SIGKILL'), server.halt('SIGKILL')]);
    await raising;
    await storm.settled();
    await sleep(5_000);
    expect(await logbook.readiness()).toBe(503);
    await Promise.all([redis.start(), server.start()]);
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    await expectAllOnce(storm, ledger);
    await eventually(async () => expect(await ledger.lastRun(JOB)).toBeGreaterThan(before), 90_000);
    expect(await ledger.gaps()).toEqual([]);
    expect(await ledger.deadLetters()).toEqual([]);
    await logbook.ready();
  });
});
