import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/database/database.js';
import { writeDeadLetters } from '../../../src/logs/dead-letter/store.js';
import type { Output } from '../../../src/logs/output.js';
import { retain } from '../../../src/retention/retain.js';
import { built } from '../../support/logbook.js';
import { freePort, removeFolder, run, tempFolder } from '../../support/processes.js';

const MAIN = join(import.meta.dirname, '../../../dist/src/main.js');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the command line', () => {
  let folder: string;
  beforeAll(async () => {
    await built();
    folder = tempFolder('command-line');
  });
  afterAll(() => removeFolder(folder));

  const logbook = (args: readonly string[], environment: Readonly<Record<string, string>> = {}, input = ''): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], DATABASE_URL: `sqlite:${join(folder, 'users.sqlite')}`, ...environment };
      const child = execFile(process.execPath, [MAIN, ...args], { cwd: folder, env, timeout: 100_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
      child.stdin?.end(input);
    });

  it.each([[['--help']], [['start', '--help']], [['demo', '--help']], [['migrate', '--help']], [['user', '--help']], [['user', 'add', '--help']], [['user', 'passwd', '--help']], [['user', 'list', '--help']], [['user', 'remove', '--help']], [['backfill', '--help']], [['retry', '--help']], [['archive', 'list', '--help']], [['archive', 'restore', '--help']]])(
    'helps with %j',
    async (args) => {
      const { code, stdout } = await logbook(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage: logbook/);
    },
  );

  it.each([
    ['an unknown command', ['nonsense'], {}, /unknown command 'nonsense'/],
    ['an unknown option', ['start', '--port'], {}, /unknown option '--port'/],
    ['a missing name', ['user', 'add'], {}, /missing required argument 'name'/],
    ['wrong settings, all at once', ['start'], { AMI_TLS: 'maybe', TIME_ZONE: 'Nowhere' }, /AMI_TLS: .*\n.*TIME_ZONE: /],
  ])('ends with 2 for %s', async (_, args, environment, message) => {
    const { code, stderr } = await logbook(args, environment);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('tries dead letters again, and ends with 1 while some remain', async () => {
    const url = `sqlite:${join(folder, 'letters.sqlite')}`;
    const retry = (...args: string[]): Promise<Ended> => logbook(['retry', ...args], { DATABASE_URL: url });
    expect(await retry()).toMatchObject({ code: 0, stdout: 'there are no such dead letters\n' });
    const database = openDatabase(url);
    const good: Output = { kind: 'loss', pbx: 'lab', from: 1, until: 2, reason: 'the spool was full', lost: 3 };
    await database.knex.transaction((trx) => writeDeadLetters(trx, [
      { key: '1', at: 1_778_400_000_000_000, pbx: 'lab', stage: 'row', name: 'loss', reason: 'ER_TRY', content: JSON.stringify(good) },
      { key: '2', at: 1_778_400_000_000_000, pbx: 'lab', stage: 'event', name: 'unreadable', reason: 'the line of the spool is damaged', content: '{"kind' },
    ]));
    expect(await retry('--dry-run')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^1 {2}2026-05-10T08:00:00.000Z {2}loss {2}would become: loss\n2 {2}.*remains: .*\n1 could be written, 1 remain\n$/) as string });
    expect(await retry('--id', '2', '--id', '7')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^2 .*\n0 written, 1 remain\n$/) as string });
    expect(await retry('--name', 'loss')).toMatchObject({ code: 0, stdout: expect.stringMatching(/loss {2}is now: loss\n1 written, 0 remain\n$/) as string });
    expect(await database.knex('capture_gap').select('lost')).toEqual([{ lost: 3 }]);
    expect(await database.knex('dead_letter').select('name', 'tries')).toEqual([{ name: 'unreadable', tries: 1 }]);
    await database.close();
    expect(await retry('--id', 'all')).toMatchObject({ code: 2, stderr: expect.stringContaining('--id must be the number of a dead letter') as string });
  });

  it('lists the archive and brings months back', async () => {
    const url = `sqlite:${join(folder, 'archive.sqlite')}`;
    const archive = (args: readonly string[], settings: Readonly<Record<string, string>> = { ARCHIVE_DIR: join(folder, 'archive') }): Promise<Ended> => logbook(['archive', ...args], { DATABASE_URL: url, ...settings });
    expect(await archive(['list', '--check'])).toMatchObject({ code: 0, stdout: 'the archive is empty\n' });
    expect(await archive(['restore', '2026-01'])).toMatchObject({ code: 3, stderr: expect.stringContaining('2026-01 is not in the archive') as string });
    expect(await archive(['restore', 'January'])).toMatchObject({ code: 2, stderr: expect.stringContaining('must be written 2026-05') as string });
    expect(await archive(['restore', '2026-01', '--days', 'all'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--days') as string });
    expect(await archive(['restore', '2026-01'], {})).toMatchObject({ code: 2, stderr: expect.stringContaining('ARCHIVE_DIR is not set') as string });

    const database = openDatabase(url);
    await database.knex('web_session').insert({ event_key: 'k', at: Date.UTC(2026, 0, 5) * 1_000, event_type: 'SUCCESS', principal: 'ann', ip_address: '', service: 'AMI', pbx: 'lab' });
    const config = { days: { 'web-sessions': 1 }, archiveDir: join(folder, 'archive') };
    await retain(database, config, { signal: new AbortController().signal, clock: () => Date.now() * 1_000 });
    expect(await archive(['list', '--check'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^2026-01 {2}web-sessions +1 rows .* web-sessions-2026-01\.csv\.gz {2}archived .*, sound\n$/) as string });
    expect(await archive(['restore', '2026-01', '--days', '2'])).toMatchObject({ code: 0, stdout: '2026-01 is back for 2 days: 1 row\n' });
    expect(await database.knex('web_session').select('principal')).toEqual([{ principal: 'ann' }]);
    await database.close();
    expect(await archive(['list'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/back until 20\d\d-\d\d-\d\d\n$/) as string });
    expect(await archive(['list', '--check'], { ARCHIVE_DIR: join(folder, 'elsewhere') })).toMatchObject({ code: 1, stdout: expect.stringMatching(/is missing\n$/) as string });
  });

  it('adds, changes and lists users, and ends with 3 for one that is not there or there already', async () => {
    const added = await logbook(['user', 'add', 'ann']);
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toMatch(/^the password of ann in sqlite:\S+ is \S{12,}\n$/);
    expect(await logbook(['user', 'add', 'ann'])).toMatchObject({ code: 3, stderr: expect.stringContaining('ann exists already') as string });
    expect(await logbook(['user', 'passwd', 'ann', '--password-stdin'], {}, 'correct horse battery\n')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^the password of ann in sqlite:\S+ is set\n$/) as string });
    expect(await logbook(['user', 'passwd', 'bob'])).toMatchObject({ code: 3, stderr: expect.stringContaining('there is no user bob') as string });
    expect(await logbook(['user', 'passwd', 'ann', '--password-stdin'], {}, 'short')).toMatchObject({ code: 2, stderr: expect.stringContaining('8 characters') as string });
    expect((await logbook(['user', 'list'])).stdout).toMatch(/^ann\tsince \d{4}-\d{2}-\d{2}T/);
  });

  it('removes a user, and never mistakes the demo for the real thing', async () => {
    const users = async (environment: Readonly<Record<string, string>>, ...args: string[]): Promise<string> => (await logbook(['user', ...args], { DATABASE_URL: '', ...environment })).stdout;
    expect(await users({}, 'add', 'carla')).toMatch(/^the password of carla in sqlite:\.\/data\/logbook\.sqlite is /);
    // Settings of a PBX change nothing, and none of them is asked for.
    expect(await users({ AMI_HOST: 'pbx' }, 'list')).toMatch(/^carla\t/);
    expect(await users({}, 'list', '--demo')).toBe('');
    expect(await users({}, 'remove', 'carla')).toBe('carla is removed in sqlite:./data/logbook.sqlite\n');
    expect(await users({}, 'list')).toBe('');
    expect(await logbook(['user', 'remove', 'carla'])).toMatchObject({ code: 3 });
  });

  it('says in one line which port is taken, and keeps the first password for the next start', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const DATABASE_URL = `sqlite:${join(folder, 'taken.sqlite')}`;
    const { code, stderr } = await logbook(['start'], { HTTP_PORT: String(port), DATABASE_URL });
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is taken; stop what uses it or set HTTP_PORT`);
    expect((await logbook(['user', 'list'], { DATABASE_URL })).stdout).toBe('');
  });

  it('shows the demo on all four pages within 15 seconds, says so, and stops when asked', async () => {
    const port = await freePort();
    const log = join(folder, 'demo.log');
    const demo = run(process.execPath, [MAIN, 'start'], log, { cwd: folder, env: { PATH: process.env['PATH'], HTTP_PORT: String(port) } });
    const url = `http://127.0.0.1:${port}`;
    const deadline = Date.now() + 15_000;
    const password = async (): Promise<string> => {
      for (;;) {
        const said = /password {2}(\S+) {3}\(said only this once\)/.exec(demo.log())?.[1];
        if (said !== undefined) return said;
        if (Date.now() > deadline) throw new Error(demo.log());
        await sleep(100);
      }
    };
    const authorization = `Basic ${Buffer.from(`admin:${await password()}`).toString('base64')}`;
    const empty = new Set(['sip-sessions', 'registered-accounts', 'web-sessions', 'cdrs']);
    while (empty.size > 0 && Date.now() < deadline) {
      for (const name of empty) {
        const response = await fetch(`${url}/api/v1/${name}`, { headers: { authorization } });
        const body = (await response.json()) as { data: unknown[] };
        if (body.data.length > 0) empty.delete(name);
      }
      await sleep(100);
    }
    expect([...empty]).toEqual([]);
    expect(await (await fetch(`${url}/sign-in`)).text()).toMatch(/demo/i);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await demo.stop('SIGTERM');
    expect(demo.ended()).toBe(0);
  });
});
