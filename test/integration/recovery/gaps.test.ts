import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import knex, { type Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config.js';
import { recoverGapsJob } from '../../../src/jobs/recover-gaps.js';
import { gapsBetween } from '../../../src/logs/capture-gap/store.js';
import type { CaptureGap } from '../../../src/logs/capture-gap/columns.js';
import type { Output } from '../../../src/logs/output.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { recoverGaps } from '../../../src/recovery/recover-gaps.js';
import { runBackfill } from '../../../src/recovery/command.js';
import { MICROS_PER_SECOND, parseIso, toIso, type Micros } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { describeWith } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/processes.js';
import { emptyMariaDb } from '../../support/servers.js';

const NOON = parseIso('2026-11-22T12:00:00Z') ?? 0;
const MINUTE = 60 * MICROS_PER_SECOND;
const at = (minutes: number): Micros => NOON + minutes * MINUTE;
/** Texts as cdr_csv writes them, in Rome. */
const local = (minutes: number): string => toIso(at(minutes + 60)).slice(0, 19).replace('T', ' ');

let channels = 0;
/** A call of Master.csv that began and ended so many minutes after noon. */
function line(began: number, ended: number): string {
  const seconds = Math.round((ended - began) * 60);
  channels += 1;
  return `"","904","601","lab","904","PJSIP/904-${channels}","","Busy","1","${local(began)}",,"${local(ended)}",${seconds},0,"BUSY","DOCUMENTATION","${channels}.${channels}",""\n`;
}

const listening = (from: number, until: number, reason: string | null = null): Output => ({ kind: 'listening', pbx: 'lab', from: at(from), until: at(until), reason });

describeEachDatabase('the calls of a gap', (database) => {
  const folder = tempFolder('gaps');
  const csv = join(folder, 'Master.csv');
  const settings = (recovery: Partial<Config['recovery']> = { csv: { path: csv, zone: 'Europe/Rome' } }): Pick<Config, 'recovery' | 'pbxName' | 'timeZone'> => ({
    pbxName: 'lab', timeZone: 'Europe/Rome', recovery: { csv: null, sql: null, ...recovery },
  });
  afterAll(() => removeFolder(folder));
  beforeEach(async () => {
    rmSync(csv, { force: true });
    for (const table of ['listening', 'capture_gap', 'cdr', 'setting']) await database().knex(table).delete();
  });

  let now = at(0);
  const gaps = async (): Promise<CaptureGap[]> => (await gapsBetween(database().knex, null, null, 99)).reverse();
  const calls = async (): Promise<number> => (await database().knex('cdr').select('id')).length;
  const how = (signal = new AbortController().signal) => ({ signal, alive: () => undefined });
  const job = (config = settings()) => {
    const made = recoverGapsJob(database(), config, () => now);
    return (minutes: number) => {
      now = at(minutes);
      return made.run(how());
    };
  };
  /** Not heard from the tenth to the twentieth minute. */
  const missed = (): Promise<number> => writeBatch(database(), [listening(0, 10, 'the PBX closed the connection'), listening(20, 21)], 'a');

  it('are all looked for, those too that began before it, and again when what is written late must be there', async () => {
    writeFileSync(csv, [line(-1_600, 12), line(-300, 15), line(-200, -190), line(9, 9.5), line(11, 12), line(12, 19.5), line(19, 25), line(22, 23)].join(''));
    await missed();
    const run = job();
    expect(await run(21)).toBe('gaps looked into 1, calls recovered 5, failed 0');
    expect(await gaps()).toMatchObject([{ from: at(10), to: at(20), reason: 'the PBX closed the connection', recovery: 'once', recoveredCalls: 5, recoveryNote: '5 calls from Master.csv', recoveredAt: at(21) }]);
    // What began longer ago, was over before, or begins after it is left to others.
    expect((await database().knex('cdr').orderBy('call_date').select('call_date')).map((row: { call_date: number | string }) => (Number(row.call_date) - NOON) / MINUTE)).toEqual([-300, 9, 11, 12, 19]);
    expect(await run(25)).toBe('nothing to do');
    appendFileSync(csv, line(13, 14));
    expect(await run(30)).toBe('gaps looked into 1, calls recovered 1, failed 0');
    expect(await gaps()).toMatchObject([{ recovery: 'done', recoveredCalls: 6, recoveryNote: '6 calls from Master.csv' }]);
    appendFileSync(csv, line(13, 14));
    expect(await run(60)).toBe('nothing to do');
    expect(await calls()).toBe(6);
  });

  it('come by the zone that the PBX told, whatever TIME_ZONE says', async () => {
    writeFileSync(csv, line(11, 12));
    const zone: Output = { kind: 'pbx-zone', pbx: 'lab', at: at(0), zone: { spans: [{ from: at(-11_520), offsetSeconds: 3_600 }] } };
    await writeBatch(database(), [zone], 'a');
    await missed();
    expect(await job({ ...settings({ csv: { path: csv, zone: null } }), timeZone: 'Asia/Tokyo' })(21)).toContain('recovered 1');
    expect(await gaps()).toMatchObject([{ recoveryNote: '1 call from Master.csv' }]);
    const [row] = await database().knex('cdr').select<{ call_date: number | string }[]>('call_date');
    expect(Number(row?.call_date)).toBe(at(11));
  });

  it('come in UTC where Master.csv shows that it is, whatever the zone of the PBX', async () => {
    const [began, ended] = [11, 12].map((minutes) => toIso(at(minutes)).slice(0, 19).replace('T', ' '));
    writeFileSync(csv, `"","904","601","lab","904","PJSIP/904-1","","Busy","1","${began}",,"${ended}",60,0,"BUSY","DOCUMENTATION","${at(11) / 1_000_000}.1",""\n`);
    await writeBatch(database(), [{ kind: 'pbx-zone', pbx: 'lab', at: at(0), zone: { spans: [{ from: at(-11_520), offsetSeconds: 3_600 }] } }], 'a');
    await missed();
    expect(await job(settings({ csv: { path: csv, zone: null } }))(21)).toContain('recovered 1');
    expect(await gaps()).toMatchObject([{ recoveryNote: '1 call from Master.csv (times in UTC)' }]);
  });

  it('come by TIME_ZONE where the PBX told nothing, which their note says', async () => {
    writeFileSync(csv, line(11, 12));
    await missed();
    expect(await job(settings({ csv: { path: csv, zone: null } }))(21)).toContain('recovered 1');
    expect(await gaps()).toMatchObject([{ recoveryNote: '1 call from Master.csv (times in Europe/Rome)' }]);
  });

  it('without a source say which settings would help, and come when there is one', async () => {
    await missed();
    const run = job(settings({}));
    expect(await run(21)).toBe('nothing to do');
    expect(await gaps()).toMatchObject([{ recovery: 'none', recoveredCalls: null, recoveryNote: 'set CDR_CSV or CDR_SQL_URL to recover calls' }]);
    expect(await run(40)).toBe('nothing to do');
    writeFileSync(csv, line(11, 12));
    expect(await job()(100)).toContain('recovered 1');
    expect(await gaps()).toMatchObject([{ recovery: 'done', recoveredCalls: 1 }]);
    expect(await job()(31 * 1_440)).toBe('nothing to do');
  });

  it('are left to the process that has a source, where another has none', async () => {
    writeFileSync(csv, line(11, 12));
    await missed();
    const [without, having] = [job(settings({})), job()];
    await without(20.1);
    expect(await gaps()).toMatchObject([{ recovery: 'pending' }]);
    expect(await having(20.2)).toContain('recovered 1');
    // It came to the second gap first, when the other was busy.
    await writeBatch(database(), [listening(20, 22, 'again'), listening(23, 24)], 'a');
    appendFileSync(csv, line(22.2, 22.4));
    await without(24);
    expect(await gaps()).toMatchObject([{ recoveredCalls: 1 }, { recovery: 'none' }]);
    expect(await having(24.1)).toContain('recovered 1');
    expect(await gaps()).toMatchObject([{ recoveredCalls: 1 }, { recovery: 'once', recoveredCalls: 1 }]);
  });

  it('that cannot be read are tried again, and hold up no other gap', async () => {
    await missed();
    const run = job();
    expect(await run(21)).toContain('failed 1');
    expect(await gaps()).toMatchObject([{ recovery: 'failed', recoveryNote: expect.stringMatching(/^CDR_CSV: there is no .*Master\.csv; correct the path/) as string }]);
    expect(await run(21.9)).toBe('nothing to do');
    expect(await run(22.1)).toContain('failed 1');
    writeFileSync(csv, line(11, 12));
    expect(await run(23)).toBe('nothing to do');
    expect(await run(24.2)).toContain('recovered 1, failed 0');
  });

  it('that were given up are settled by an import of that time', async () => {
    await missed();
    await job()(21);
    writeFileSync(csv, line(11, 12));
    await runBackfill({ ...settings(), pbxName: 'lab' } as Config, database(), { source: 'csv', from: '2026-11-22', to: '2026-11-23' });
    expect(await gaps()).toMatchObject([{ recovery: 'done', recoveryNote: 'imported by logbook backfill from Master.csv' }]);
    expect(await job()(60)).toBe('nothing to do');
  });

  it('of many gaps take one look, and each gap has its own', async () => {
    writeFileSync(csv, [...Array.from({ length: 40 }, (_, n) => line(n * 10 + 6, n * 10 + 7)), line(391, 392)].join(''));
    await writeBatch(database(), Array.from({ length: 40 }, (_, n) => listening(n * 10, n * 10 + 5, 'cut')), 'a');
    await job()(400);
    const found = await gaps();
    expect(found).toHaveLength(39);
    expect(found.every((gap) => gap.recoveredCalls === 1)).toBe(true);
    // The last call of all ended after the last gap.
    expect(await calls()).toBe(39);
  });

  it('are counted once when two look at once, and again when one of them died', async () => {
    writeFileSync(csv, Array.from({ length: 50 }, () => line(11, 12)).join(''));
    await missed();
    now = at(21);
    const config = settings();
    await recoverGapsJob(database(), settings({}), () => now).run(how());
    await database().knex('capture_gap').update({ recovery: 'pending', recovery_due: now });
    const options = { signal: new AbortController().signal, clock: () => now };
    const both = await Promise.all([recoverGaps(database(), config, options), recoverGaps(database(), config, options)]);
    expect(both.map(({ gaps: looked, calls: recovered }) => looked * 1_000 + recovered).sort()).toEqual([0, 1_050]);
    expect(await gaps()).toMatchObject([{ recoveredCalls: 50 }]);
    // As a process leaves it that took the gap on, wrote, and died before it could count.
    await database().knex('capture_gap').update({ recovery: 'pending', recovered_calls: 0, recovery_note: '', recovery_due: at(26) });
    expect(await recoverGaps(database(), config, options)).toMatchObject({ gaps: 0 });
    now = at(27);
    expect(await recoverGaps(database(), config, options)).toMatchObject({ gaps: 1, calls: 50 });
    expect(await gaps()).toMatchObject([{ recovery: 'once', recoveredCalls: 50, recoveryNote: '50 calls from Master.csv' }]);
    expect(await calls()).toBe(50);
  });

  it('of which the look is broken off are due again at once, with what was found', async () => {
    writeFileSync(csv, Array.from({ length: 2_500 }, () => line(11, 12)).join(''));
    await missed();
    now = at(21);
    const stop = new AbortController();
    await recoverGapsJob(database(), settings({}), () => now).run(how());
    await database().knex('capture_gap').update({ recovery: 'pending', recovery_due: now });
    await recoverGaps(database(), settings(), { signal: stop.signal, clock: () => now, onAlive: () => stop.abort() });
    expect(await gaps()).toMatchObject([{ recovery: 'pending', recoveredCalls: 1_000 }]);
    await recoverGaps(database(), settings(), { signal: new AbortController().signal, clock: () => now });
    expect(await gaps()).toMatchObject([{ recovery: 'once', recoveredCalls: 2_500, recoveryNote: '2500 calls from Master.csv' }]);
  });

  it('are found at the end of a long file without reading all of it', async () => {
    const old = Array.from({ length: 60_000 }, (_, n) => line(-100_000 + n, -100_000 + n + 0.5)).join('');
    writeFileSync(csv, `${old}${line(-300, 15)}${line(11, 12)}${line(22, 23)}`);
    await missed();
    now = at(21);
    await recoverGapsJob(database(), settings({}), () => now).run(how());
    await database().knex('capture_gap').update({ recovery: 'pending', recovery_due: now });
    // All that this process reads, of the database as well.
    const bytesRead = (): number => Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const before = bytesRead();
    expect(await recoverGaps(database(), settings(), { signal: new AbortController().signal, clock: () => now })).toMatchObject({ calls: 2 });
    expect(bytesRead() - before).toBeLessThan(statSync(csv).size / 4);
  });
});

describeWith(['mariadb'], 'the calls of a gap, in a CDR table', () => {
  let other: { url: string; drop(): Promise<void> };
  let pbx: Knex;
  beforeAll(async () => {
    other = await emptyMariaDb();
    pbx = knex({ client: 'mysql2', connection: { uri: other.url } });
    await pbx.raw("create table cdr (calldate datetime not null, src varchar(80), dst varchar(80), dcontext varchar(80), channel varchar(80), dstchannel varchar(80) default '', lastapp varchar(80), duration int, billsec int default 0, disposition varchar(45), uniqueid varchar(32), key (calldate))");
  });
  afterAll(async () => {
    await pbx.destroy();
    await other.drop();
  });

  describeEachDatabase('into', (database) => {
    it('are looked for there too, and each comes once though both sources have it', async () => {
      const folder = tempFolder('gaps-sql');
      const csv = join(folder, 'Master.csv');
      writeFileSync(csv, line(11, 12));
      const id = `${channels}`;
      const row = (began: number, seconds: number, channel: string) => ({ calldate: local(began), src: '904', dst: '601', dcontext: 'lab', channel, lastapp: 'Busy', duration: seconds, disposition: 'BUSY', uniqueid: channel.replace(/.*-/, '').replace(/^(.*)$/, '$1.$1') });
      await pbx('cdr').delete();
      await pbx('cdr').insert([row(11, 60, `PJSIP/904-${id}`), row(13, 60, 'PJSIP/904-9001'), row(-60, 60, 'PJSIP/904-9002')]);
      await writeBatch(database(), [listening(0, 10), listening(20, 21)], 'a');
      const config = { pbxName: 'lab', timeZone: 'UTC', recovery: { csv: { path: csv, zone: 'Europe/Rome' }, sql: { url: other.url, table: 'cdr', zone: 'Europe/Rome' } } };
      await recoverGapsJob(database(), config, () => at(40)).run({ signal: new AbortController().signal, alive: () => undefined });
      expect(await gapsBetween(database().knex, null, null, 9)).toMatchObject([{ recovery: 'done', recoveredCalls: 2, recoveryNote: '1 call from Master.csv, 1 call from table cdr' }]);
      removeFolder(folder);
    });
  });

  describe('that is away', () => {
    describeEachDatabase('does not keep', (database) => {
      it('the calls of the other source', async () => {
        const folder = tempFolder('gaps-away');
        const csv = join(folder, 'Master.csv');
        writeFileSync(csv, line(11, 12));
        await writeBatch(database(), [listening(0, 10), listening(20, 21)], 'a');
        const config = { pbxName: 'lab', timeZone: 'UTC', recovery: { csv: { path: csv, zone: 'Europe/Rome' }, sql: { url: 'mysql://a:hunter2@127.0.0.1:1/x', table: 'cdr', zone: null } } };
        await recoverGapsJob(database(), config, () => at(40)).run({ signal: new AbortController().signal, alive: () => undefined });
        expect(await gapsBetween(database().knex, null, null, 9)).toMatchObject([
          { recovery: 'failed', recoveredCalls: 1, recoveryNote: '1 call from Master.csv; CDR_SQL_URL: nothing answers there; start the database or correct CDR_SQL_URL' },
        ]);
        removeFolder(folder);
      });
    });
  });
});
