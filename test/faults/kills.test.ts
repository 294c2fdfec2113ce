import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { compare, Ledger } from '../support/ledger.js';
import { eventually } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { runSeed, seeded } from '../support/random.js';
import { Bench, ranges } from './bench.js';

const EVENTS = 100_000;
const KILLS = 5;
/** So many may be on their way at once: the storm is as fast as the service reads, and no faster. */
const WINDOW = 2_000;
/**
 * What the service had read so long before it was killed must be there (docs/reliability.md): 50 ms until it is on
 * disk, and as much again for two cores that a storm, a PBX and a database share.
 */
const GRACE_MS = 250;
const MICROS = 1_000;

interface Kill {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly backAt: number;
  /** The same by `performance.now()`, as is the time at which the service had read each number. */
  readonly killedAt: number;
  readonly readAt: ReadonlyMap<number, number>;
}

for (const engine of ['SQLite', 'MariaDB'] as const) {
  describeWith(['asterisk-22', ...(engine === 'MariaDB' ? (['mariadb'] as const) : [])], `a storm of ${EVENTS.toLocaleString('en')} events into ${engine}`, () => {
    it(`with ${KILLS} SIGKILLs loses only what gaps cover, and doubles nothing`, async (context) => {
      const seed = runSeed();
      const random = seeded(seed);
      const bench = new Bench(context);
      const pbx = await bench.asterisk({ version: 22 });
      const storm = await bench.storm(pbx);
      const proxy = await bench.proxy(pbx);
      const settings: Record<string, string> = engine === 'MariaDB' ? { DATABASE_URL: await bench.database(await bench.mariaDb()) } : {};
      const logbook = await bench.logbook(pbx, settings, { proxy });
      const ledger = new Ledger(logbook.databaseUrl);

      // Events are raised while a login stands, so that what is missing was lost by a kill and not by the storm's own haste.
      let lostBefore = 0;
      const mayGoOn = (): boolean => proxy.isHeard && storm.raised - Math.max(proxy.lastRead, lostBefore) < WINDOW;
      const raising = storm.raise(EVENTS, { mayGoOn });

      const kills: Kill[] = [];
      const kill = async (): Promise<void> => {
        const killedAt = performance.now();
        const at = Date.now();
        await logbook.halt('SIGKILL');
        const readAt = proxy.readTimes();
        lostBefore = storm.raised;
        const logins = proxy.logins;
        logbook.launch();
        while (proxy.logins === logins) await sleep(5);
        kills.push({ at, backAt: Date.now(), killedAt, readAt });
      };
      const thresholds = Array.from({ length: KILLS }, () => Math.ceil(EVENTS * (0.02 + 0.9 * random()))).sort((a, b) => a - b);
      for (const threshold of thresholds) {
        while (storm.raised < threshold) await sleep(5);
        await sleep(300 * random());
        await kill();
      }
      await raising;
      await storm.settled();
      await logbook.ready(60_000);
      await storm.raise(1, { mayGoOn });
      await storm.settled();
      await ledger.holds(EVENTS + 1);

      const stored = await ledger.numbers();
      const { missing, doubled } = compare(storm.said.keys(), stored);
      console.log(`seed ${seed}, ${engine}: ${storm.said.size} said, ${missing.length} missing in ${KILLS} gaps`);
      expect(ranges(doubled)).toEqual([]);
      expect(ranges([...stored.keys()].filter((number) => !storm.said.has(number)))).toEqual([]);
      // Milliseconds from reading to death of what was read and is missing.
      const ages = kills.flatMap(({ killedAt, readAt }) => [...readAt].filter(([number]) => !stored.has(number)).map(([, at]) => Math.max(0, killedAt - at)));
      console.log(`read and missing: ${ages.length}, at most ${Math.max(0, ...ages)} ms old`, kills.map((k) => k.backAt - k.at));
      expect(ages.filter((age) => age > GRACE_MS)).toEqual([]);

      const gaps = await eventually(async () => {
        const rows = await ledger.gaps();
        expect(rows).toHaveLength(kills.length);
        return rows;
      }, 30_000);
      // A gap begins when the service was last heard of, which may be a little before it died, and ends with its next login.
      for (const [index, { at, backAt }] of kills.entries()) {
        const gap = gaps[index];
        expect(gap?.from).toBeGreaterThan((at - 2_000) * MICROS);
        expect(gap?.from).toBeLessThan((at + 500) * MICROS);
        expect(gap?.to).toBeGreaterThan((at - 500) * MICROS);
        expect(gap?.to).toBeLessThan((backAt + 2_000) * MICROS);
      }
      const outside = missing.filter((number) => {
        const at = storm.said.get(number) ?? 0;
        return !gaps.some((gap) => gap.from <= at && at < gap.to);
      });
      expect(ranges(outside)).toEqual([]);
    });
  });
}
