import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, type TestContext } from 'vitest';
import type { AmiProxy } from '../support/ami-proxy.js';
import { compare, Ledger, type Gap } from '../support/ledger.js';
import { eventually, type Logbook } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { runSeed, seeded } from '../support/random.js';
import { RunDelay } from '../support/run-delay.js';
import { Bench, expectAllOnce, ranges } from './bench.js';

/** So many may be on their way at once: the storm is as fast as the service reads, and no faster. */
const WINDOW = 2_000;
const MICROS = 1_000;

interface Plan {
  readonly engine: 'SQLite' | 'MariaDB';
  readonly events: number;
  readonly kills: number;
  /** As fast as the service reads when not given. */
  readonly perSecond?: number;
  /** What the service had read so long before it was killed must be there (README.md). */
  readonly graceMs: number;
}

interface Kill {
  /** Milliseconds since 1970; then when the next process began, which nobody listened before, and when its login stood. */
  readonly at: number;
  readonly launchedAt: number;
  readonly backAt: number;
  /** The same by `performance.now()`, as is the time at which the service had read each number. */
  readonly killedAt: number;
  readonly readAt: ReadonlyMap<number, number>;
  /** How long the service had waited for a processor shortly before. */
  readonly delayMs: number;
}

async function kill(logbook: Logbook, proxy: AmiProxy, delay: RunDelay): Promise<Kill> {
  const delayMs = delay.lately();
  const killedAt = performance.now();
  const at = Date.now();
  await logbook.halt('SIGKILL');
  const readAt = proxy.readTimes();
  const logins = proxy.logins;
  const launchedAt = Date.now();
  logbook.launch();
  while (proxy.logins === logins) await sleep(5);
  return { at, launchedAt, backAt: Date.now(), killedAt, readAt, delayMs };
}

async function stormWithKills(context: TestContext, { engine, events, kills: times, perSecond, graceMs }: Plan): Promise<void> {
  const seed = runSeed();
  const random = seeded(seed);
  const bench = new Bench(context);
  const pbx = await bench.asterisk({ version: 22 });
  const storm = await bench.storm(pbx);
  const proxy = await bench.proxy(pbx);
  const settings: Record<string, string> = engine === 'MariaDB' ? { DATABASE_URL: await bench.database(await bench.mariaDb()) } : {};
  const logbook = await bench.logbook(pbx, settings, { proxy });
  const ledger = new Ledger(logbook.databaseUrl);

  const delay = bench.keep(new RunDelay(() => logbook.pid), (each) => each.close());
  let lostBefore = 0;
  const mayGoOn = (): boolean => proxy.isHeard && storm.raised - Math.max(proxy.lastRead, lostBefore) < WINDOW;
  const raising = storm.raise(events, { mayGoOn, ...(perSecond === undefined ? {} : { perSecond }) });
  const kills: Kill[] = [];
  for (const threshold of Array.from({ length: times }, () => Math.ceil(events * (0.02 + 0.9 * random()))).sort((a, b) => a - b)) {
    while (storm.raised < threshold) await sleep(5);
    await sleep(300 * random());
    kills.push(await kill(logbook, proxy, delay));
    lostBefore = storm.raised;
  }
  await raising;
  await storm.settled();
  await logbook.ready();
  await storm.raise(1, { mayGoOn });
  await storm.settled();
  await ledger.holds(events + 1);

  const stored = await ledger.numbers();
  const { missing, doubled } = compare(storm.said.keys(), stored);
  expect(ranges(doubled)).toEqual([]);
  expect(ranges([...stored.keys()].filter((number) => !storm.said.has(number)))).toEqual([]);
  // Milliseconds from reading to death of what was read and is missing, but for those in which the machine did not let the service run.
  const ages = kills.flatMap(({ killedAt, readAt, delayMs }) => [...readAt].filter(([number]) => !stored.has(number)).map(([, at]) => Math.max(0, killedAt - at - delayMs)));
  const oldest = Math.round(Math.max(0, ...ages));
  console.log(`seed ${seed}, ${engine}: of ${storm.said.size} said, ${missing.length} are missing; ${ages.length} of them were read, at most ${oldest} ms before the kill, beside ${kills.map(({ delayMs }) => Math.round(delayMs)).join()} ms without a processor`);
  expect(oldest).toBeLessThanOrEqual(graceMs);

  const gaps = await eventually(async () => {
    const rows = await ledger.gaps();
    expectGapsOf(kills, rows, graceMs);
    return rows;
  }, 60_000);
  const outside = missing.filter((number) => {
    const at = storm.said.get(number) ?? 0;
    return !gaps.some((gap) => gap.from <= at && at < gap.to);
  });
  // How far outside, in milliseconds, and on which side of the nearest gap.
  const off = (side: (gap: Gap, at: number) => number): number => Math.max(0, ...outside.map((number) => Math.min(...gaps.map((gap) => side(gap, storm.said.get(number) ?? 0)).filter((micros) => micros >= 0), 9e9)).filter((micros) => micros < 9e9)) / MICROS;
  expect(ranges(outside), `up to ${off((gap, at) => gap.from - at)} ms before a gap, ${off((gap, at) => at - gap.to)} ms after one`).toEqual([]);
}

/**
 * Each kill lies in a gap, and each gap begins with the last that is on disk before a kill and ends with the next login.
 * A login so short that nothing of it reached the disk leaves one gap around it.
 */
function expectGapsOf(kills: readonly Kill[], gaps: readonly Gap[], graceMs: number): void {
  const [first] = kills;
  const seconds = (micros: number): number => Math.round(micros / MICROS - (first?.at ?? 0)) / 1_000;
  const told = JSON.stringify({ kills: kills.map(({ at, launchedAt, backAt }) => [at, launchedAt, backAt].map((ms) => seconds(ms * MICROS))), gaps: gaps.map(({ from, to }) => [seconds(from), seconds(to)]) });
  const covered = kills.map(({ at, launchedAt }) => gaps.findIndex(({ from, to }) => from <= (at + 500) * MICROS && to >= launchedAt * MICROS));
  expect(covered, told).not.toContain(-1);
  for (const [index, { kind, from, to }] of gaps.entries()) {
    const own = kills.filter((_, n) => covered[n] === index);
    expect(kind).toBe('GAP');
    expect(from, told).toBeGreaterThan(((own[0]?.at ?? Infinity) - 1_000 - graceMs - (own[0]?.delayMs ?? 0)) * MICROS);
    expect(to, told).toBeLessThan(((own.at(-1)?.backAt ?? -Infinity) + 2_000) * MICROS);
    for (const [n, { at, delayMs }] of own.slice(1).entries()) expect(at - (own[n]?.backAt ?? 0), told).toBeLessThan(1_000 + graceMs + delayMs);
  }
}

for (const engine of ['SQLite', 'MariaDB'] as const) {
  const needs = ['asterisk-22', ...(engine === 'MariaDB' ? (['mariadb'] as const) : [])] as const;
  describeWith(needs, `SIGKILL at random instants, into ${engine}`, () => {
    it('five times in a storm of 100,000 events loses only what gaps cover, and doubles nothing', async (context) => {
      await stormWithKills(context, { engine, events: 100_000, kills: 5, graceMs: 3_000 });
    });

    it('at 1,000 events a second loses what was read in the last moment at most', async (context) => {
      await stormWithKills(context, { engine, events: 8_000, kills: 3, perSecond: 1_000, graceMs: 250 });
    });
  });
}

describeWith(['asterisk-22', 'mariadb'], 'SIGKILL while what was kept is written', () => {
  it('again and again loses nothing and doubles nothing', async (context) => {
    const seed = runSeed();
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 16 });
    const storm = await bench.storm(pbx);
    const proxy = await bench.proxy(pbx);
    const server = await bench.mariaDb();
    const logbook = await bench.logbook(pbx, { DATABASE_URL: await bench.database(server) }, { proxy });
    const ledger = new Ledger(logbook.databaseUrl);
    await server.halt();
    await storm.raise(60_000);
    await storm.settled();
    while (proxy.lastRead < storm.raised) await sleep(20);
    await sleep(2_000);
    await server.start();
    for (let n = 0; n < 6; n += 1) {
      await logbook.halt('SIGKILL');
      logbook.launch();
      await sleep(2_000 * random());
    }
    await logbook.ready();
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    await expectAllOnce(storm, ledger);
    expect(await ledger.deadLetters()).toEqual([]);
  });
});
