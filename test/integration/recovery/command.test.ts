import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/database/database.js';
import { addArchived } from '../../../src/retention/archived-months.js';
import { built } from '../../support/logbook.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const MAIN = join(import.meta.dirname, '../../../dist/src/main.js');
const LINE = '"","904","601","lab","""User 904"" <904>","PJSIP/904-00000003","","Busy","1","2026-11-22 17:51:34",,"2026-11-22 17:51:34",0,0,"BUSY","DOCUMENTATION"\n';

describe('logbook backfill', () => {
  const folder = tempFolder('backfill');
  const csv = join(folder, 'Master.csv');
  beforeAll(built);
  afterAll(() => removeFolder(folder));

  const run = (args: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], DATABASE_URL: `sqlite:${join(folder, 'calls.sqlite')}`, TIME_ZONE: 'Europe/Rome', CDR_CSV: csv, ...settings };
      execFile(process.execPath, [MAIN, 'backfill', ...args], { cwd: folder, env, timeout: 100_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }));
    });

  const archived = async (month: string): Promise<void> => {
    const database = openDatabase(`sqlite:${join(folder, 'calls.sqlite')}`);
    await addArchived(database.knex, { log: 'cdrs', month, part: 1, file: `cdrs-${month}.csv.gz`, sha256: '', bytes: 1, rows: 1, archivedAt: 1 });
    await database.close();
  };

  it.each([
    ['no from', ['--source', 'csv'], {}, /--from/],
    ['a URL of another kind', ['--source', 'sql', '--from', '2026-02-01'], { CDR_SQL_URL: 'postgres://a:hunter2@b/c' }, /CDR_SQL_URL: must be mysql:/],
  ])('ends with 2 for %s', async (_, args, settings, message) => {
    const { code, stderr } = await run(args, settings);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/hunter2|^\s+at /m);
  });

  it('ends with 1 where there is nothing to read, in one line', async () => {
    expect(await run(['--source', 'csv', '--from', '2026-01-01'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^logbook: CDR_CSV: there is no .*Master\.csv; .*\n$/) as string });
  });

  it('reads times without a zone in TIME_ZONE, and reports what it did', async () => {
    writeFileSync(csv, `${LINE}not a record\n`);
    // 17:51:34 in Rome is 16:51:34 UTC.
    const { code, stdout } = await run(['--source', 'csv', '--from', '2026-11-22T17:51:34', '--to', '2026-11-22T16:51:35Z']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^source +Master\.csv \(times in Europe\/Rome\)\nread +2\nnew +1\nalready there +0\noutside range +0\nunreadable +1\n {2}Master\.csv:2: it has 1 fields.*\nambiguous +0\nnote: the PBX has not told its zone yet, so TIME_ZONE was taken; CDR_CSV_ZONE names another\n$/);
    expect((await run(['--source', 'csv', '--from', '2026-11-22'], { CDR_CSV_ZONE: 'UTC' })).stdout).toMatch(/new +1\n/);
    await archived('2026-11');
    const refused = await run(['--source', 'csv', '--from', '2026-10-01', '--to', '2026-11-23']);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/calls of 2026-11 lie in the archive .*logbook archive restore 2026-11.*--beside-archive\n$/) as string });
    expect(await run(['--source', 'csv', '--from', '2026-12-02', '--to', '2026-12-03'])).toMatchObject({ code: 0 });
    expect(await run(['--source', 'csv', '--from', '2026-11-01', '--to', '2026-11-23', '--beside-archive'])).toMatchObject({ code: 0 });
    expect((await run(['--help'])).stdout).toMatch(/ISO 8601, in TIME_ZONE\s+where it names no zone/);
  });

  it('has each call once though it was killed time and again, also those that are the same to the letter', async () => {
    const [day, lines] = [Date.UTC(2026, 4, 10), 30_000];
    const time = (n: number): string => new Date(day + n * 1_000).toISOString().slice(0, 19).replace('T', ' ');
    // Every tenth line stands there twice.
    const line = (n: number): string => `"","1","2","lab","1","PJSIP/1-${n - (n % 10 === 1 ? 1 : 0)}","","Dial","","${time(n - (n % 10 === 1 ? 1 : 0))}",,"${time(n - (n % 10 === 1 ? 1 : 0))}",0,0,"NO ANSWER","DOCUMENTATION"\n`;
    writeFileSync(csv, Array.from({ length: lines }, (_, n) => line(n)).join(''));
    const url = `sqlite:${join(folder, 'killed.sqlite')}`;
    const settings = { DATABASE_URL: url, CDR_CSV_ZONE: 'UTC' };
    const database = openDatabase(url, 'command');
    try {
      await database.migrate();
      const rows = async (): Promise<number> => Number((await database.knex('cdr').count<{ rows: number }[]>({ rows: '*' }))[0]?.rows);
      for (let kill = 1; kill <= 3; kill += 1) {
        const before = await rows();
        const child = execFile(process.execPath, [MAIN, 'backfill', '--source', 'csv', '--from', '2026-01-01'], { cwd: folder, env: { PATH: process.env['PATH'], CDR_CSV: csv, ...settings } });
        const ended = once(child, 'exit');
        while ((await rows()) === before && child.exitCode === null) await sleep(1);
        child.kill('SIGKILL');
        await ended;
      }
      expect(await rows()).toBeLessThan(lines);
      const { stdout } = await run(['--source', 'csv', '--from', '2026-01-01'], settings);
      expect(await rows()).toBe(lines);
      expect(stdout).toMatch(/read +30000\n/);
      expect((await run(['--source', 'csv', '--from', '2026-01-01'], settings)).stdout).toMatch(/new +0\nalready there +30000\n/);
    } finally {
      await database.close();
    }
  });
});
