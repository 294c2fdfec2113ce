import { copyFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../../src/database/database.js';
import { databaseRow, insertCalls } from '../../../src/logs/cdr/store.js';
import type { NewCdr } from '../../../src/logs/output.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { backfill } from '../../../src/recovery/backfill.js';
import { openCsvSource } from '../../../src/recovery/csv-source.js';
import type { BackfillReport } from '../../../src/recovery/report.js';
import { namedClock } from '../../../src/recovery/source-clock.js';
import { parseIso } from '../../../src/time.js';
import { capture, replay } from '../../scenarios/replay.js';
import { describeEachDatabase } from '../../support/databases.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const at = (iso: string): number => parseIso(iso) ?? Number.NaN;
const CAPTURES = join(import.meta.dirname, '../../captures');
const ami = (name: string): NewCdr[] => replay(capture(name)).of('cdr').map(({ row }) => row);
const HEARD = { 16: ami('asterisk-16-pjsip.ami'), 22: ami('asterisk-22-pjsip.ami') };

function line(second: number, fields: { src?: string; channel?: string; uniqueid?: string } = {}): string {
  const time = new Date(Date.UTC(2026, 4, 10) + second * 1_000).toISOString().slice(0, 19).replace('T', ' ');
  return `"","${fields.src ?? '1'}","2","lab","""A"" <1>","${fields.channel ?? `PJSIP/1-${second}`}","","Dial","","${time}",,"${time}",0,0,"NO ANSWER","DOCUMENTATION","${fields.uniqueid ?? ''}",""\n`;
}

describeEachDatabase('backfill from Master.csv', (database) => {
  const folder = tempFolder('recovery');
  const master = join(folder, 'Master.csv');
  afterAll(() => removeFolder(folder));
  beforeEach(async () => {
    await database().knex('cdr').delete();
    for (const name of ['Master.csv', 'Master.csv.1', 'Master.csv.2.gz', 'Master.csv.1.gz', 'Master.csv.3.bz2']) rmSync(join(folder, name), { force: true });
  });

  const count = async (): Promise<number> => (await database().knex('cdr').select('id')).length;
  const run = async (options: { from?: string; to?: string; zone?: string; batch?: number } = {}): Promise<BackfillReport> => {
    const [from, to] = [at(options.from ?? '2026-01-01'), at(options.to ?? '2027-01-01')];
    const source = await openCsvSource({ path: master, clock: namedClock(options.zone ?? 'UTC'), from, batchSize: options.batch ?? 3 });
    try {
      return await backfill(database(), source, { pbx: 'lab', from, to });
    } finally {
      await source.close();
    }
  };
  const heard = (rows: readonly NewCdr[], write: typeof insertCalls = insertCalls): Promise<void> => database().knex.transaction((trx) => write(trx, rows));

  for (const version of [16, 22] as const) {
    const calls = { 16: 11, 22: 7 }[version];

    it(`knows every call again that Asterisk ${version} told over AMI, whichever comes first`, async () => {
      copyFileSync(join(CAPTURES, `asterisk-${version}-Master.csv`), master);
      expect(HEARD[version]).toHaveLength(calls);
      await heard(HEARD[version]);
      expect(await run()).toMatchObject({ read: calls, added: 0, alreadyThere: calls, unreadable: 0, ambiguous: 0 });

      await database().knex('cdr').delete();
      expect(await run()).toMatchObject({ added: calls, alreadyThere: 0 });
      expect(await run()).toMatchObject({ added: 0, alreadyThere: calls });
      await heard(HEARD[version]);
      await heard(HEARD[version]);
      expect(await count()).toBe(calls);
    });

    it(`makes the same rows of Asterisk ${version}'s Master.csv as of its Cdr events, to the second`, async () => {
      copyFileSync(join(CAPTURES, `asterisk-${version}-Master.csv`), master);
      await run();
      const same = 'src dst caller_id duration billsec disposition asterisk_disposition channel dstchannel dcontext lastapp lastdata accountcode amaflags userfield uniqueid pbx'.split(' ');
      const seconds = (row: Record<string, unknown>): unknown[] => ['call_date', 'answer_date', 'end_date'].map((name) => Math.floor(Number(row[name]) / 1e6));
      const view = (rows: readonly Record<string, unknown>[]): string[] => rows.map((row) => JSON.stringify([...same.map((name) => row[name]), ...seconds(row)])).sort();
      expect(view((await database().knex('cdr').select()) as Record<string, unknown>[])).toEqual(view(HEARD[version].map(databaseRow)));
    });

    it(`adds exactly what AMI missed of Asterisk ${version}, in any part and in overlapping ranges`, async () => {
      copyFileSync(join(CAPTURES, `asterisk-${version}-Master.csv`), master);
      await heard(HEARD[version].filter((_, index) => index % 3 === 0));
      const first = await run({ to: '2026-11-22T17:51:40Z' });
      const second = await run({ from: '2026-11-22T17:51:34Z' });
      expect(first.added + second.added).toBe(calls - Math.ceil(calls / 3));
      expect(first.outside).toBeGreaterThan(0);
      await heard(HEARD[version]);
      expect(await count()).toBe(calls);
    });
  }

  it('makes one row of a call that AMI tells in the very moment in which it is recovered', async () => {
    copyFileSync(join(CAPTURES, 'asterisk-22-Master.csv'), master);
    for (let round = 0; round < 20; round += 1) {
      await database().knex('cdr').delete();
      await Promise.all([run(), ...HEARD[22].map((row) => writeBatch(database(), [{ kind: 'cdr', row }], 'a listener'))]);
      expect(await count()).toBe(HEARD[22].length);
    }
  });

  it('keeps two calls two that are the same to the letter, across batches, and adds none when run again', async () => {
    writeFileSync(master, line(1) + line(5) + line(9) + line(9) + line(9) + line(12));
    expect(await run({ batch: 2 })).toMatchObject({ read: 6, added: 6 });
    expect(await run({ batch: 4 })).toMatchObject({ added: 0, alreadyThere: 6 });
    expect(await count()).toBe(6);
  });

  it('reads rotations, packed or not, oldest first, and a line that stands in two of them once', async () => {
    writeFileSync(join(folder, 'Master.csv.2.gz'), gzipSync(line(1) + line(2)));
    writeFileSync(join(folder, 'Master.csv.1'), line(3) + line(4));
    writeFileSync(join(folder, 'Master.csv.1.gz'), gzipSync(line(3)).subarray(0, 30));
    writeFileSync(master, line(4) + line(5));
    const old = new Date('2026-05-01');
    expect(await run()).toMatchObject({ read: 6, added: 5, alreadyThere: 1, failures: [], source: 'Master.csv.2.gz, Master.csv.1, Master.csv' });
    utimesSync(join(folder, 'Master.csv.2.gz'), old, old);
    expect(await run({ from: '2026-05-10' })).toMatchObject({ read: 4, notes: ['1 older files were not needed'] });
  });

  it('says what cannot be read and reads the rest', async () => {
    writeFileSync(join(folder, 'Master.csv.2.gz'), gzipSync(line(1) + line(2).repeat(20_000)).subarray(0, 400));
    writeFileSync(join(folder, 'Master.csv.3.bz2'), 'BZh');
    writeFileSync(master, `${line(3)}torn "line\n${line(4)}`);
    const report = await run();
    expect(report).toMatchObject({ unreadable: 1, firstUnreadable: [expect.stringMatching(/^Master\.csv:2: /)] });
    expect(report.failures).toEqual([expect.stringMatching(/^Master\.csv\.3\.bz2 is packed/), expect.stringMatching(/^Master\.csv\.2\.gz breaks off/)]);
    rmSync(master);
    rmSync(join(folder, 'Master.csv.2.gz'));
    rmSync(join(folder, 'Master.csv.3.bz2'));
    await expect(run()).rejects.toThrow('CDR_CSV: there is no');
  });

  it('counts the calls of the repeated hour that nothing tells apart, and finds each again', async () => {
    const text = line(0).replaceAll('2026-05-10 00:00:00', '2026-10-25 02:30:00');
    writeFileSync(master, text);
    expect(await run({ zone: 'Europe/Rome' })).toMatchObject({ added: 1, ambiguous: 1 });
    expect(await run({ zone: 'Europe/Rome' })).toMatchObject({ added: 0, ambiguous: 0 });
  });

  it('is one import though two run at once', async () => {
    writeFileSync(master, Array.from({ length: 50 }, (_, index) => line(index)).join(''));
    await Promise.all([run(), run()]);
    expect(await count()).toBe(50);
  });

  it('takes 10,000 calls, and knows them all again', async () => {
    writeFileSync(master, Array.from({ length: 10_000 }, (_, index) => line(index, { uniqueid: `${1_778_371_200 + index}.${index}` })).join(''));
    const source = await openCsvSource({ path: master, clock: namedClock('UTC'), from: at('2026-01-01'), batchSize: 1_000 });
    const before = performance.now();
    const report = await backfill(database() satisfies Database, source, { pbx: 'lab', from: at('2026-01-01'), to: at('2027-01-01') });
    await source.close();
    expect(report).toMatchObject({ read: 10_000, added: 10_000 });
    expect(performance.now() - before).toBeLessThan(30_000);
    expect(await run({ batch: 1_000 })).toMatchObject({ added: 0, alreadyThere: 10_000 });
  });
});
