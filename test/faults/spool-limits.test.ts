import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { placeCalls } from '../support/calls.js';
import { compare, Ledger } from '../support/ledger.js';
import { eventually } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { TinyDisk } from '../support/tiny-disk.js';
import { Bench, callNumbers, expectAllOnce, expectCalls, ranges } from './bench.js';

describeWith(['asterisk-22', 'mariadb', 'sipp'], 'a spool of one megabyte while the database is away', () => {
  it('leaves out the newest events, never a call, and counts what it left out', async (context) => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const server = await bench.mariaDb({ durable: true });
    const logbook = await bench.logbook(pbx, { DATABASE_URL: await bench.database(server), SPOOL_MAX_MB: '1' });
    const ledger = new Ledger(logbook.databaseUrl);
    const watch = bench.keep(await pbx.watch(), (client) => client.close());
    await server.halt();

    await storm.raise(20_000, { perSecond: 5_000 });
    const calls = await placeCalls(pbx, { user: '909', number: '7710[call_number]', count: 40, perSecond: 10 });
    await calls.ended();
    await storm.settled();
    await eventually(async () => expect(await logbook.health()).toMatch(/^503 .*(left out|dropped)/i), 90_000);

    await server.start();
    // While the spool empties, events are let in again at some moment; then one is the last.
    await eventually(async () => {
      await storm.raise(1);
      await storm.settled();
      await ledger.holds(storm.raised, 3_000);
    }, 60_000);
    await expectCalls(ledger, callNumbers('7710', 40));
    const stored = await ledger.numbers();
    const { missing, doubled } = compare(storm.said.keys(), stored);
    expect(ranges(doubled)).toEqual([]);
    expect(missing.length).toBeGreaterThan(1_000);

    const losses = await eventually(async () => {
      const rows = (await ledger.gaps()).filter(({ kind }) => kind === 'LOSS');
      expect(rows.length).toBeGreaterThan(0);
      return rows;
    }, 90_000);
    expect((await ledger.gaps()).filter(({ kind }) => kind !== 'LOSS')).toEqual([]);
    const lost = losses.reduce((sum, gap) => sum + gap.lost, 0);
    // Beside the numbered events only what the calls and the qualifying of phones raise may have been left out.
    const others = watch.blocks.filter((block) => 'Event' in block && block['Event'] !== 'UserEvent' && block['Event'] !== 'Cdr').length;
    expect(lost).toBeGreaterThanOrEqual(missing.length);
    expect(lost).toBeLessThanOrEqual(missing.length + others);
    const outside = missing.filter((number) => {
      const at = storm.said.get(number) ?? 0;
      return !losses.some((gap) => gap.from <= at && at < gap.to);
    });
    expect(ranges(outside)).toEqual([]);
    await logbook.ready();
  });
});

describeWith(['asterisk-22', 'sipp', 'mount'], 'a spool on a full disk', () => {
  it('is said, and nothing is lost while the service goes on from memory', async (context) => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const disk = bench.keep(await TinyDisk.mount(16), (tiny) => tiny.unmount());
    const logbook = await bench.logbook(pbx, { SPOOL_DIR: `${disk.path}/spool` }, { wrapper: disk.wrapper });
    const ledger = new Ledger(logbook.databaseUrl);
    await storm.raise(2_000, { perSecond: 2_000 });

    disk.fill();
    await storm.raise(20_000, { perSecond: 4_000 });
    const calls = await placeCalls(pbx, { user: '909', number: '7710[call_number]', count: 20, perSecond: 10 });
    await calls.ended();
    await storm.settled();
    await eventually(async () => {
      // Something must come, so that something cannot be written.
      await storm.raise(10);
      expect(await logbook.health()).toMatch(/^503 .*"spool":\{"ok":false/);
    });
    await ledger.holds(22_000, 60_000);
    expect((await logbook.get('/sip-sessions')).status).toBe(200);

    disk.relieve();
    await eventually(async () => {
      await storm.raise(10);
      expect(await logbook.health()).toMatch(/^200 /);
    }, 90_000);
    await sleep(200);
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    await expectAllOnce(storm, ledger);
    await expectCalls(ledger, callNumbers('7710', 20));
    expect(await ledger.gaps()).toEqual([]);

    // What was written after the relief is on the disk again: a kill loses nothing of it.
    await storm.raise(500);
    await storm.settled();
    // Until then some of it may lie in the socket.
    await ledger.holds(storm.raised);
    await logbook.halt('SIGKILL');
    await logbook.start();
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    await expectAllOnce(storm, ledger);
  });
});
