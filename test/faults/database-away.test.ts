import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { placeCalls } from '../support/calls.js';
import { Ledger } from '../support/ledger.js';
import { eventually, type Logbook } from '../support/logbook.js';
import type { MariaDb } from '../support/mariadb.js';
import { describeWith } from '../support/needs.js';
import type { Storm } from '../support/storm.js';
import { TinyDisk } from '../support/tiny-disk.js';
import { Bench, callNumbers, expectAllOnce, expectCalls } from './bench.js';

const STORM = 40_000;
const CALLS = 20;

interface Outage {
  readonly bench: Bench;
  readonly server: MariaDb;
  readonly begin: () => Promise<void> | void;
  /** Lasts until this is over. */
  readonly seconds: number;
  readonly end: () => Promise<void> | void;
}

/** A storm and calls while the database is away: said by `/readyz`, kept, and all written when it is back. */
async function outlive({ bench, server, begin, seconds, end }: Outage): Promise<{ logbook: Logbook; storm: Storm; ledger: Ledger }> {
  const pbx = await bench.asterisk({ version: 22 });
  const storm = await bench.storm(pbx);
  const logbook = await bench.logbook(pbx, { DATABASE_URL: await bench.database(server) });
  const ledger = new Ledger(logbook.databaseUrl);
  const before = storm.raise(6_000, { perSecond: 2_000 });
  await sleep(1_500);
  await begin();
  const endsAt = Date.now() + seconds * 1_000;
  await before;
  await storm.raise(STORM);
  const calls = await placeCalls(pbx, { user: '909', number: '7710[call_number]', count: CALLS, perSecond: 10 });
  await calls.ended();
  await eventually(async () => expect(await logbook.health()).toMatch(/^503 .*"database":\{"ok":false/), 90_000);
  // The socket is read on: Asterisk has not cut off a reader that waits for its database.
  await storm.settled();
  expect(await logbook.health()).toMatch(/"ami":\{"ok":true/);
  await sleep(Math.max(0, endsAt - Date.now()));
  await end();
  await storm.raise(1);
  await storm.settled();
  await ledger.holds(storm.raised);
  await expectAllOnce(storm, ledger);
  await expectCalls(ledger, callNumbers('7710', CALLS));
  expect(await ledger.gaps()).toEqual([]);
  expect(await ledger.deadLetters()).toEqual([]);
  await logbook.ready();
  return { logbook, storm, ledger };
}

describeWith(['asterisk-22', 'mariadb', 'sipp'], 'a database away in a storm', () => {
  describe.concurrent('of its own accord', () => {
    it('killed for 60 s: nothing is lost, nothing doubled', async (context) => {
      const bench = new Bench(context);
      const server = await bench.mariaDb({ durable: true });
      await outlive({ bench, server, begin: () => server.halt('SIGKILL'), seconds: 60, end: () => server.start() });
    });

    it('stopped in place for 30 s: nothing is lost, nothing doubled', async (context) => {
      const bench = new Bench(context);
      const server = await bench.mariaDb();
      await outlive({ bench, server, begin: () => server.pause(), seconds: 30, end: () => server.resume() });
    });
  });
});

describeWith(['asterisk-22', 'mariadb', 'sipp', 'mount'], 'a database on a full disk in a storm', () => {
  it('takes all of it when there is room again: nothing is lost, nothing doubled', async (context) => {
    const bench = new Bench(context);
    const disk = bench.keep(await TinyDisk.mount(256), (tiny) => tiny.unmount());
    const server = await bench.mariaDb({ data: `${disk.path}/data`, wrapper: disk.wrapper });
    await outlive({ bench, server, begin: () => disk.fill(256 * 1024), seconds: 20, end: () => disk.relieve() });
  });
});
