import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import * as months from '../../../migrations/20261128060000_partition_logs.js';
import { insertOnce, openDatabase, type Database } from '../../../src/database/database.js';
import { makeMonths, monthsOf, NEW, OLD } from '../../../src/database/partitions.js';
import { makeMonthsAhead } from '../../../src/jobs/partitions.js';
import { eventKey } from '../../../src/logs/key.js';
import type { Output } from '../../../src/logs/output.js';
import { sessionRow } from '../../../src/logs/sip-session/rows.js';
import { rangeOf } from '../../../src/month.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { retain } from '../../../src/retention/retain.js';
import type { Micros } from '../../../src/time.js';
import { describeWith } from '../../support/needs.js';
import { seeded } from '../../support/random.js';
import { emptyMariaDb } from '../../support/servers.js';
import { at, cdr } from '../web/samples.js';

const SECOND = 1_000_000;
const BORDER = rangeOf('2026-03').to;

describeWith(['mariadb'], 'logs that lie by month', () => {
  let one: Database;
  let two: Database;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const empty = await emptyMariaDb();
    drop = empty.drop;
    one = openDatabase(empty.url);
    two = openDatabase(empty.url);
    await one.migrate();
  });
  afterAll(async () => {
    await one.close();
    await two.close();
    await drop();
  });
  afterEach(async () => {
    for (const table of ['cdr', 'sip_session', 'registered_account', 'session_doubt']) await one.knex(table).delete();
  });

  const call = (key: string, callDate: Micros): Output => ({ kind: 'cdr', row: { ...cdr({ callDate, uniqueid: key }), key: eventKey(key) } });
  const registration = (which: number, time: Micros): Output => ({
    kind: 'sip-session',
    row: sessionRow('lab', { at: time, event: 'REGISTER', source: 'CLIENT', details: '200 OK', peername: String(which), binding: 'bound', evidence: ['contact', BORDER, `sip:${which}`] }),
  });
  const keys = async (table: string): Promise<string[]> => (await one.knex(table).select<{ event_key: string }[]>('event_key')).map(({ event_key: key }) => key);
  const partitionsWithRows = async (table: string): Promise<string[]> => {
    const found: string[] = [];
    for (const name of [OLD, ...(await monthsOf(one.knex, table)).map((month) => month.name), NEW]) {
      const [rows] = (await one.knex.raw(`select 1 from ${table} partition (${name}) limit 1`)) as [unknown[]];
      if (rows.length > 0) found.push(name);
    }
    return found;
  };

  it('hold once what two listeners place on both sides of a month’s border, however their transactions meet', async () => {
    await makeMonths(one.knex, 'cdr', '2026-01', '2026-05');
    await makeMonths(one.knex, 'sip_session', '2026-01', '2026-05');
    const random = seeded(7);
    const around = (hours: number): Micros => BORDER + Math.floor((random() - 0.5) * hours * 3_600 * SECOND);
    const ids = Array.from({ length: 400 }, (_, n) => n);
    // One listener knows the zone of a call's local time, the other does not; one has heard both halves of a registration.
    const told = (): Output[] => ids.flatMap((n) => [call(`call-${n}`, around(26)), registration(n, around(0.01))]).sort(() => random() - 0.5);
    const inBatches = async (database: Database, listener: string, outputs: readonly Output[]): Promise<void> => {
      for (let start = 0; start < outputs.length; ) {
        const size = 1 + Math.floor(random() * 60);
        await writeBatch(database, outputs.slice(start, start + size), listener);
        start += size;
      }
    };
    await Promise.all([inBatches(one, 'one', told()), inBatches(two, 'two', told()), inBatches(one, 'one', told())]);
    for (const table of ['cdr', 'sip_session']) {
      const stored = await keys(table);
      expect([table, stored.length, new Set(stored).size]).toEqual([table, 400, 400]);
      expect(await partitionsWithRows(table)).toEqual(['p202603', 'p202604']);
    }
    // One batch may tell the same twice.
    await writeBatch(one, [call('twice', BORDER - 1), call('twice', BORDER + 1)], 'one');
    expect(await keys('cdr')).toHaveLength(401);
  });

  it('take a row of any time, and its month is made later', async () => {
    await writeBatch(one, [call('ahead', at('2031-07-04T00:00:00Z')), call('long ago', at('1970-01-05T00:00:00Z'))], 'one');
    expect(await partitionsWithRows('cdr')).toEqual([OLD, NEW]);
    expect(await makeMonthsAhead(one, at('2031-06-30T23:00:00Z'))).toMatch(/^months \d+$/);
    expect(await makeMonthsAhead(two, at('2031-06-30T23:00:00Z'))).toBe('no month is missing');
    expect(await partitionsWithRows('cdr')).toEqual([OLD, 'p203107']);
    expect((await monthsOf(one.knex, 'cdr')).at(-1)?.month).toBe('2031-09');
    // A clock set wrong at one call makes no partition for each month since 1970.
    expect((await makeMonths(one.knex, 'cdr', '1970-01', '1970-01')).made).toBeLessThanOrEqual(120);
    expect(await keys('cdr')).toHaveLength(2);
    const all = (await monthsOf(one.knex, 'cdr')).map(({ month }) => month);
    expect(all).toEqual([...new Set(all)].sort());
  });

  it('frees the disk when a month leaves, and gives its partition back', async () => {
    await makeMonths(one.knex, 'cdr', '2025-01', '2026-05');
    const rows = Array.from({ length: 6_000 }, (_, n) => ({ event_key: `k${n}`, call_date: at('2026-01-10T00:00:00Z') + n, answer_date: 0, end_date: 0, duration: 0, billsec: 0, extra: '', pbx: 'lab', userfield: 'x'.repeat(400) }));
    await one.knex.transaction((trx) => insertOnce(trx, 'cdr', rows));
    const bytes = async (): Promise<number> => {
      const [[size]] = (await one.knex.raw(`select sum(file_size) as bytes from information_schema.innodb_sys_tablespaces where name like concat(database(), '/cdr#%')`)) as [[{ bytes: number | string }]];
      return Number(size.bytes);
    };
    const before = await bytes();
    const left = await retain(one, { days: { cdrs: 30 }, archiveDir: null }, { signal: new AbortController().signal, clock: () => at('2026-03-20T00:00:00Z') });
    expect(left).toEqual({ months: 1, rows: 6_000 });
    expect(await keys('cdr')).toEqual([]);
    expect(before - (await bytes())).toBeGreaterThan(3_000_000);
    expect((await monthsOf(one.knex, 'cdr'))[0]?.month).toBe('2026-02');
  });

  it('makes nobody wait for a transaction that goes on for long', async () => {
    await makeMonths(one.knex, 'cdr', '2026-01', '2026-05');
    await writeBatch(one, [call('old', at('2026-01-10T00:00:00Z'))], 'one');
    const dump = await two.knex.transaction();
    await dump('cdr').first();
    try {
      const leaving = retain(one, { days: { cdrs: 30 }, archiveDir: null }, { signal: new AbortController().signal, clock: () => at('2026-03-20T00:00:00Z') });
      const waits: number[] = [];
      const failure = expect(leaving).rejects.toThrow(/cdrs: .*dump.*the next run tries again/);
      for (let n = 0; n < 12; n += 1) {
        const begun = performance.now();
        await writeBatch(two, [call(`meanwhile ${n}`, BORDER + n)], 'one');
        waits.push(performance.now() - begun);
        await sleep(300);
      }
      await failure;
      expect(Math.max(...waits)).toBeLessThan(8_000);
      expect(await keys('cdr')).toHaveLength(13);
    } finally {
      await dump.rollback();
    }
    expect(await retain(one, { days: { cdrs: 30 }, archiveDir: null }, { signal: new AbortController().signal, clock: () => at('2026-03-20T00:00:00Z') })).toEqual({ months: 1, rows: 1 });
  });

  it('are made of tables as they were, whole or not at all, whatever ends it', async () => {
    const { knex } = one;
    await months.down(knex);
    expect(await monthsOf(knex, 'cdr')).toEqual([]);
    const rows = Array.from({ length: 20_000 }, (_, n) => ({ event_key: `m${n}`, call_date: at('2025-11-20T00:00:00Z') + n * 600 * SECOND, answer_date: 0, end_date: 0, duration: n, billsec: 0, src: `+39${n}`, extra: '', pbx: 'lab' }));
    for (let start = 0; start < rows.length; start += 1_000) await knex('cdr').insert(rows.slice(start, start + 1_000));
    const sum = async (): Promise<unknown> => knex('cdr').count({ rows: '*' }).sum({ seconds: 'duration' }).max({ last: 'id' }).min({ from: 'src_reversed' }).first();
    const whole = await sum();
    let breaks = 0;
    // A quick machine may have done it before it is seen at it; then once more.
    for (let tries = 0; breaks < 3 && tries < 20; tries += 1) {
      const begun = months.up(knex).then(() => 'done', () => 'broken off');
      await killAlter(two.knex, begun);
      if ((await begun) === 'done') {
        await months.down(knex);
        continue;
      }
      breaks += 1;
      expect(await sum()).toEqual(whole);
      expect((await monthsOf(knex, 'cdr')).length === 0 || (await monthsOf(knex, 'sip_session')).length === 0).toBe(true);
    }
    expect(breaks).toBeGreaterThan(0);
    await months.up(knex);
    expect(await sum()).toEqual(whole);
    expect((await monthsOf(knex, 'cdr'))[0]?.month).toBe('2025-11');
    await expect(knex('cdr').insert(rows[0]) as Promise<unknown>).rejects.toThrow(/Duplicate/);
    const partitions = await monthsOf(knex, 'cdr');
    await months.up(knex);
    expect(await monthsOf(knex, 'cdr')).toEqual(partitions);
  });
});

/** Ends the first statement seen that alters a log, as a process does that dies amid it. */
async function killAlter(knex: Knex, begun: Promise<unknown>): Promise<void> {
  const state = { isOver: false };
  void begun.then(() => (state.isOver = true));
  while (!state.isOver) {
    const [running] = (await knex.raw(`select id from information_schema.processlist where info like 'alter table%partition by range%' and time_ms > 20 limit 1`)) as [{ id: number }[]];
    const id = running[0]?.id;
    if (id !== undefined) {
      await knex.raw(`kill ${id}`).catch(() => undefined);
      return;
    }
    await sleep(2);
  }
}
