import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Asterisk } from '../support/asterisk.js';
import { placeCalls } from '../support/calls.js';
import { Ledger } from '../support/ledger.js';
import { eventually } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { Bench, callNumbers, expectCalls } from './bench.js';

const FREEZE_S = 60;
const MICROS = 1_000;
const CSV = ['usegmtime = yes', 'loguniqueid = yes', 'loguserfield = yes'] as const;

/** A number that several calls of the same second have in common: they look alike, and are several. */
const ALIKE = '7799';

const csvSettings = (pbx: Asterisk): Record<string, string> => ({ CDR_CSV: join(pbx.dir, 'log/cdr-csv/Master.csv'), CDR_CSV_ZONE: 'UTC' });

/** Calls go on while the connection to the PBX is frozen; then the call log holds what sipp placed, each call once. */
async function freezeAndRecover(bench: Bench, pbx: Asterisk, settings: Readonly<Record<string, string>>, inSource: () => Promise<number>): Promise<void> {
  const proxy = await bench.proxy(pbx);
  const logbook = await bench.logbook(pbx, settings, { proxy });
  const ledger = new Ledger(logbook.databaseUrl);
  const place = (number: string, count: number, perSecond: number): ReturnType<typeof placeCalls> => placeCalls(pbx, { user: '909', number, count, perSecond });
  for (const calls of [await place('7710[call_number]', 10, 5), await place(ALIKE, 10, 5)]) await calls.ended();
  // Each of them, those that look alike too: what is told only once the connection is frozen would have to be recovered.
  await eventually(() => expectCalls(ledger, new Map([...callNumbers('7710', 10), [ALIKE, 10]])));

  proxy.freeze();
  const frozenAt = Date.now();
  const during = [await place('7720[call_number]', 100, 2), await place(ALIKE, 60, 6)];
  await eventually(async () => expect(await logbook.health()).toMatch(/^503 .*"ami":\{"ok":false/), 30_000);
  for (const calls of during) await calls.ended();
  await sleep(Math.max(0, frozenAt + FREEZE_S * 1_000 - Date.now()));
  proxy.thaw();
  const thawedAt = Date.now();
  await logbook.ready();
  await (await place('7730[call_number]', 10, 5)).ended();

  const expected = new Map([...callNumbers('7710', 10), ...callNumbers('7720', 100), ...callNumbers('7730', 10), [ALIKE, 70]]);
  expect(await inSource()).toBe(190);
  await eventually(() => expectCalls(ledger, expected), 120_000);
  // What the connection missed, and no call twice that it had told. It looks once more after ten minutes, for what comes late.
  const gaps = await eventually(async () => {
    const rows = await ledger.gaps();
    expect(rows).toMatchObject([{ kind: 'GAP', recoveredCalls: 160, recovery: expect.stringMatching(/^(once|done)$/) as string }]);
    return rows;
  }, 90_000);
  expect(gaps[0]?.from).toBeGreaterThan((frozenAt - 20_000) * MICROS);
  // The PBX's clock is known to half the time that its answer to a Ping took, which two busy cores make long.
  expect(gaps[0]?.from).toBeLessThan((frozenAt + 3_000) * MICROS);
  expect(gaps[0]?.to).toBeGreaterThan((thawedAt - 3_000) * MICROS);
}

describeWith(['asterisk-22', 'asterisk-16', 'mariadb', 'sipp', 'odbc'], `the connection frozen for ${FREEZE_S} s while calls go on`, () => {
  describe.concurrent('then recovered', () => {
    it('from Master.csv: as many calls as sipp placed', async (context) => {
      const bench = new Bench(context);
      const pbx = await bench.asterisk({ version: 22, cdrCsv: CSV });
      await freezeAndRecover(bench, pbx, csvSettings(pbx), () => Promise.resolve(csvNumbers(pbx).length));
    });

    it('from the table that cdr_adaptive_odbc fills: as many calls as sipp placed', async (context) => {
      const bench = new Bench(context);
      const server = await bench.mariaDb();
      const [database, cdr] = [await bench.database(server), await cdrDatabase(server.url)];
      const pbx = await bench.asterisk({ version: 16, cdrOdbc: { port: server.port, ...cdr } });
      const url = `mysql://${cdr.user}:${cdr.password}@127.0.0.1:${server.port}/${cdr.database}`;
      await freezeAndRecover(bench, pbx, { DATABASE_URL: database, CDR_SQL_URL: url, CDR_SQL_ZONE: 'UTC' }, () => countRows(url));
    });
  });
});

describeWith(['asterisk-22'], 'the connection frozen, and the service killed before it notices', () => {
  it('leaves a gap that begins with the last word and holds all that is missing', async (context) => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const proxy = await bench.proxy(pbx);
    const logbook = await bench.logbook(pbx, {}, { proxy });
    const ledger = new Ledger(logbook.databaseUrl);
    const storming = storm.raise(400, { perSecond: 20 });
    await sleep(2_000);
    // Right after a Ping the next one is five seconds off, and its time limit ten.
    const { pings } = proxy;
    while (proxy.pings === pings) await sleep(10);
    const pingAt = Date.now();
    await sleep(200);
    proxy.freeze();
    const frozenAt = Date.now();
    await sleep(6_000);
    expect(await logbook.health()).toMatch(/"ami":\{"ok":true/);
    await logbook.halt('SIGKILL');
    proxy.thaw();
    await logbook.start();
    const backAt = Date.now();
    await storming;
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    const gaps = await eventually(async () => {
      const rows = await ledger.gaps();
      expect(rows).toHaveLength(1);
      return rows;
    }, 90_000);
    expect(gaps[0]?.from).toBeGreaterThan((pingAt - 1_000) * MICROS);
    expect(gaps[0]?.from).toBeLessThan((frozenAt + 1_000) * MICROS);
    expect(gaps[0]?.to).toBeLessThan((backAt + 1_000) * MICROS);
    const numbers = await ledger.numbers();
    const missing = [...storm.said].filter(([number]) => !numbers.has(number));
    expect(missing.length).toBeGreaterThan(60);
    expect(missing.filter(([, at]) => !gaps.some(({ from, to }) => from <= at && at < to))).toEqual([]);
  });
});

describeWith(['asterisk-22', 'asterisk-16', 'sipp'], 'Asterisk restarted in the middle of calls', () => {
  const restart = async (context: TestContext, version: 16 | 22, signal: NodeJS.Signals): Promise<void> => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version, cdrCsv: CSV });
    const logbook = await bench.logbook(pbx, csvSettings(pbx));
    const ledger = new Ledger(logbook.databaseUrl);
    const caught = await placeCalls(pbx, { user: '909', number: '7810[call_number]', count: 200, perSecond: 5 });
    while (csvNumbers(pbx).length <= 20) await sleep(100);
    await pbx.halt(signal);
    await caught.abandon();
    await pbx.start();
    await logbook.ready();
    await (await placeCalls(pbx, { user: '909', number: '7710[call_number]', count: 10, perSecond: 5 })).ended();

    const written = csvNumbers(pbx);
    expect(written.length).toBeGreaterThan(20);
    await eventually(async () => {
      const calls = await ledger.calls();
      expect(written.filter((number) => !calls.has(number))).toEqual([]);
      expect([...calls].filter(([, times]) => times > 1)).toEqual([]);
    }, 90_000);
    // A call that AMI told in the instant of the kill may never have reached the file.
    expect((await ledger.calls()).size - written.length).toBeLessThanOrEqual(signal === 'SIGKILL' ? 1 : 0);
    await eventually(async () => expect(await ledger.gaps()).toHaveLength(1), 60_000);
  };

  describe.concurrent('holds each call of Master.csv once', () => {
    it('asked to stop', (context) => restart(context, 22, 'SIGTERM'));
    it('killed', (context) => restart(context, 16, 'SIGKILL'));
  });
});

/** The called number of each line that Asterisk wrote, which the test's own numbers keep apart. */
function csvNumbers(pbx: Asterisk): string[] {
  const path = join(pbx.dir, 'log/cdr-csv/Master.csv');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  return lines.map((line) => /^"[^"]*","[^"]*","([^"]*)"/.exec(line)?.[1] ?? line);
}

/** The table of Asterisk's own documentation, and a user who may fill and read it. */
async function cdrDatabase(serverUrl: string): Promise<{ database: string; user: string; password: string }> {
  const [database, user, password] = ['asteriskcdrdb', 'asterisk', 'asterisk-secret'];
  const connection = await createConnection({ uri: serverUrl, multipleStatements: true });
  await connection.query(`
    CREATE DATABASE ${database};
    CREATE TABLE ${database}.cdr (
      calldate DATETIME NOT NULL, clid VARCHAR(80) NOT NULL DEFAULT '', src VARCHAR(80) NOT NULL DEFAULT '', dst VARCHAR(80) NOT NULL DEFAULT '',
      dcontext VARCHAR(80) NOT NULL DEFAULT '', channel VARCHAR(80) NOT NULL DEFAULT '', dstchannel VARCHAR(80) NOT NULL DEFAULT '',
      lastapp VARCHAR(80) NOT NULL DEFAULT '', lastdata VARCHAR(80) NOT NULL DEFAULT '', duration INT NOT NULL DEFAULT 0, billsec INT NOT NULL DEFAULT 0,
      disposition VARCHAR(45) NOT NULL DEFAULT '', amaflags INT NOT NULL DEFAULT 0, accountcode VARCHAR(20) NOT NULL DEFAULT '',
      uniqueid VARCHAR(32) NOT NULL DEFAULT '', userfield VARCHAR(255) NOT NULL DEFAULT '', KEY (calldate)
    );
    CREATE USER '${user}'@'%' IDENTIFIED BY '${password}';
    GRANT ALL ON ${database}.* TO '${user}'@'%'`);
  await connection.end();
  return { database, user, password };
}

async function countRows(url: string): Promise<number> {
  const connection = await createConnection(url);
  const [rows] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM cdr');
  await connection.end();
  return Number(rows[0]?.['n']);
}
