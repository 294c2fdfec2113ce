import knex, { type Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { insertCalls } from '../../../src/logs/cdr/store.js';
import type { NewCdr } from '../../../src/logs/output.js';
import { backfill } from '../../../src/recovery/backfill.js';
import type { BackfillReport } from '../../../src/recovery/report.js';
import { namedClock } from '../../../src/recovery/source-clock.js';
import { openSqlSource } from '../../../src/recovery/sql-source.js';
import { MICROS_PER_SECOND, parseIso, toIso } from '../../../src/time.js';
import { capture, replay } from '../../scenarios/replay.js';
import { describeEachDatabase } from '../../support/databases.js';
import { describeWith } from '../../support/needs.js';
import { emptyMariaDb } from '../../support/servers.js';

const at = (iso: string): number => parseIso(iso) ?? Number.NaN;
const HEARD: readonly NewCdr[] = replay(capture('asterisk-22-pjsip.ami')).of('cdr').map(({ row }) => row);
const CODES: Readonly<Record<string, number>> = { ANSWERED: 8, BUSY: 4, FAILED: 2, 'NO ANSWER': 0, CONGESTION: 16 };

/** New York is five hours behind UTC in November. */
const localTime = (micros: number): string => toIso(Math.floor(micros / MICROS_PER_SECOND) * MICROS_PER_SECOND - 18_000 * MICROS_PER_SECOND).slice(0, 19).replace('T', ' ');

/** FreePBX's table, and what cdr_odbc writes into it without `dispositionstring`. */
const FREEPBX = `create table cdr (calldate datetime not null default '0000-00-00 00:00:00', clid varchar(80) not null default '', src varchar(80) not null default '',
  dst varchar(80) not null default '', dcontext varchar(80) not null default '', channel varchar(80) not null default '', dstchannel varchar(80) not null default '',
  lastapp varchar(80) not null default '', lastdata varchar(80) not null default '', duration int not null default 0, billsec int not null default 0,
  disposition varchar(45) not null default '', amaflags int not null default 0, accountcode varchar(20) not null default '', uniqueid varchar(32) not null default '',
  userfield varchar(255) not null default '', key calldate (calldate)) default charset latin1`;
const freepbx = (row: NewCdr): Record<string, string | number> => ({
  calldate: localTime(row.callDate), clid: row.callerId, src: row.src, dst: row.dst, dcontext: row.dcontext, channel: row.channel, dstchannel: row.dstchannel,
  lastapp: row.lastapp, lastdata: row.lastdata, duration: row.duration, billsec: row.billsec, disposition: String(CODES[row.asteriskDisposition]), amaflags: 3,
  accountcode: row.accountcode, uniqueid: row.uniqueid, userfield: row.userfield,
});

/** What cdr_adaptive_odbc fills where the columns are there: words, NULL for no answer, fractions, LinkedID. */
const ADAPTIVE = `create table cdr (id int auto_increment primary key, start datetime(6), answer datetime(6) null, end datetime(6) null, clid varchar(255), src varchar(10), dst varchar(80),
  dcontext varchar(80), channel varchar(18), dstchannel varchar(18), lastapp varchar(40), duration double, billsec double, disposition varchar(20), amaflags varchar(20),
  accountcode varchar(80), uniqueid varchar(150), linkedid varchar(150), sequence int, peeraccount varchar(80))`;
const adaptive = (row: NewCdr): Record<string, string | number | null> => ({
  start: localTime(row.callDate), answer: row.answerDate === null ? null : localTime(row.answerDate), end: localTime(row.endDate ?? 0), clid: row.callerId, src: row.src, dst: row.dst,
  dcontext: row.dcontext, channel: row.channel.slice(0, 18), dstchannel: row.dstchannel.slice(0, 18), lastapp: row.lastapp, duration: row.duration + 0.9, billsec: row.billsec,
  disposition: row.asteriskDisposition, amaflags: row.amaflags, accountcode: row.accountcode, uniqueid: row.uniqueid, linkedid: row.linkedid, sequence: row.sequence, peeraccount: '',
});

describeWith(['mariadb'], 'backfill from a CDR table', () => {
  let other: { url: string; drop(): Promise<void> };
  let pbx: Knex;
  beforeAll(async () => {
    other = await emptyMariaDb();
    pbx = knex({ client: 'mysql2', connection: { uri: `${other.url}?dateStrings=true` } });
  });
  afterAll(async () => {
    await pbx.destroy();
    await other.drop();
  });

  const source = (options: { table?: string; batch?: number; url?: string } = {}): ReturnType<typeof openSqlSource> =>
    openSqlSource({ url: options.url ?? other.url, table: options.table ?? 'cdr', clock: namedClock('America/New_York'), from: at('2026-11-01'), to: at('2026-12-01'), batchSize: options.batch ?? 3 });

  describeEachDatabase('into', (database) => {
    beforeEach(async () => {
      await database().knex('cdr').delete();
      await pbx.schema.dropTableIfExists('cdr');
    });
    const run = async (batch?: number): Promise<BackfillReport> => {
      const open = await source(batch === undefined ? {} : { batch });
      try {
        return await backfill(database(), open, { pbx: 'lab', from: at('2026-11-01'), to: at('2026-12-01') });
      } finally {
        await open.close();
      }
    };
    const heard = (rows: readonly NewCdr[]): Promise<void> => database().knex.transaction((trx) => insertCalls(trx, rows));
    const count = async (): Promise<number> => (await database().knex('cdr').select('id')).length;

    it.each([
      ['FreePBX, with number codes', FREEPBX, freepbx],
      ['cdr_adaptive_odbc, with words and cut columns', ADAPTIVE, adaptive],
    ])('knows each call once: %s', async (_, table, written) => {
      await pbx.raw(table);
      await pbx('cdr').insert(HEARD.map(written));
      await heard(HEARD.slice(0, 3));
      expect(await run()).toMatchObject({ read: 7, added: 4, alreadyThere: 3, unreadable: 0 });
      expect(await run(100)).toMatchObject({ added: 0, alreadyThere: 7 });
      await heard(HEARD);
      expect(await count()).toBe(7);

      await database().knex('cdr').delete();
      expect(await run()).toMatchObject({ added: 7 });
      const row = (await database().knex('cdr').where('dst', '909').first()) as Record<string, unknown>;
      expect(row).toMatchObject({ disposition: 'NO_ANSWER', asterisk_disposition: 'NO ANSWER', amaflags: 'DOCUMENTATION', duration: 5, src: '904' });
      expect(Number(row['call_date'])).toBe(at('2026-11-22T17:51:46Z'));
    });

    it('pages past any number of calls in one second, and keeps look-alikes apart', async () => {
      await pbx.raw(FREEPBX);
      const [first] = HEARD.map(freepbx);
      await pbx('cdr').insert([...Array.from({ length: 11 }, () => ({ ...first })), { ...first, calldate: '2026-11-22 12:51:40' }, { ...first, calldate: '2026-11-22 12:51:40' }]);
      expect(await run(4)).toMatchObject({ read: 13, added: 13 });
      expect(await run(5)).toMatchObject({ added: 0, alreadyThere: 13 });
    });

    it('counts a row without a usable time, and goes on', async () => {
      await pbx.raw(FREEPBX.replace('calldate datetime not null', 'calldate varchar(30) not null'));
      await pbx('cdr').insert([{ ...HEARD.map(freepbx)[0], calldate: '2026-11-22 later' }, ...HEARD.map(freepbx)]);
      expect(await run()).toMatchObject({ added: 7, unreadable: 1, firstUnreadable: [expect.stringContaining('2026-11-22 later')] });
    });
  });

  it('says in one line what is wrong, and what to do', async () => {
    await expect(source({ table: 'nothing' })).rejects.toThrow('CDR_SQL_URL: there is no table nothing; correct CDR_SQL_TABLE');
    await expect(source({ url: other.url.replace(/:[^:@]*@/, ':wrong@') })).rejects.toThrow('the password is refused');
    await expect(source({ url: 'mysql://a:b@127.0.0.1:1/x' })).rejects.toThrow('nothing answers there');
    await pbx.raw('create table odd (calldate datetime, src varchar(10))');
    await expect(source({ table: 'odd' })).rejects.toThrow('odd has no column for dst, channel, duration, disposition');
    await pbx.schema.dropTableIfExists('cdr');
    await pbx.raw(ADAPTIVE);
    const open = await source();
    expect(open.notes).toEqual([expect.stringContaining('CREATE INDEX logbook ON cdr (start)')]);
    await open.close();
  });
});
