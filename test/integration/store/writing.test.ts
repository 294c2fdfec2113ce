import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { isContention, writing } from '../../../src/database/writing.js';
import type { Output } from '../../../src/logs/output.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { backfill } from '../../../src/recovery/backfill.js';
import { openCsvSource } from '../../../src/recovery/csv-source.js';
import { namedClock } from '../../../src/recovery/source-clock.js';
import { describeEachDatabase } from '../../support/databases.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

/** Another process that writes one transaction after the other, 40 ms each, as a busy service does. */
const WRITER = `
  const db = require('better-sqlite3')(process.argv[1]);
  db.pragma('busy_timeout = 5000');
  const insert = db.prepare('insert into job_run (job, started_at, finished_at, result) values (?, 0, 0, ?) on conflict (job) do update set finished_at = finished_at + 1');
  const until = (at) => { while (performance.now() < at); };
  let stop = false;
  process.on('message', () => { stop = true; });
  const round = () => {
    if (stop) process.exit(0);
    db.exec('begin immediate');
    insert.run('rounds', '');
    until(performance.now() + 40);
    db.exec('commit');
    setTimeout(round, 3);
  };
  round();
  process.send('started');
`;

describe('SQLite with another process that writes all the time', () => {
  const folder = tempFolder('writing');
  const url = `sqlite:${join(folder, 'shared.sqlite')}`;
  let other: ChildProcess;
  const opened: Database[] = [];
  const open = async (caller: 'service' | 'command'): Promise<Database> => {
    const database = openDatabase(url, caller);
    opened.push(database);
    await database.migrate();
    return database;
  };
  beforeEach(async () => {
    await open('command');
    other = spawn(process.execPath, ['-e', WRITER, join(folder, 'shared.sqlite')], { cwd: join(import.meta.dirname, '../../..'), stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(other, 'message');
  });
  afterEach(async () => {
    other.send('stop');
    await once(other, 'exit');
    for (const database of opened.splice(0)) await database.close();
  });
  /** How often the other one has come to write, as it must too. */
  const rounds = async (): Promise<number> => (await opened[0]?.knex<{ job: string; finished_at: number }>('job_run').where('job', 'rounds').first())?.finished_at ?? 0;
  afterAll(() => removeFolder(folder));

  it.each([['the service', undefined], ['a command', 400]])('takes an import of some thousand calls by %s', async (_, transactionMs) => {
    const csv = join(folder, 'Master.csv');
    const time = (n: number): string => new Date(Date.UTC(2026, 4, 10) + n * 1_000).toISOString().slice(0, 19).replace('T', ' ');
    writeFileSync(csv, Array.from({ length: 4_000 }, (_, n) => `"","1","2","lab","1","PJSIP/1-${n}","","Dial","","${time(n)}",,"${time(n)}",0,0,"NO ANSWER","DOCUMENTATION"\n`).join(''));
    const database = await open('command');
    await database.knex('cdr').delete();
    const before = await rounds();
    const source = await openCsvSource({ path: csv, clock: namedClock('UTC'), from: 0, batchSize: 1_000 });
    expect(await backfill(database, source, { pbx: 'lab', from: 0, to: Number.MAX_SAFE_INTEGER, ...(transactionMs === undefined ? {} : { transactionMs }) })).toMatchObject({ read: 4_000, added: 4_000, alreadyThere: 0 });
    await source.close();
    expect(await database.knex('cdr').select('id')).toHaveLength(4_000);
    expect(await rounds()).toBeGreaterThan(before);
  });

  it('takes what the service writes', async () => {
    const database = await open('service');
    const batch = (n: number): Output[] => [{ kind: 'loss', pbx: 'lab', from: n, until: n + 1, reason: 'the spool was full', lost: 1 }];
    const before = await rounds();
    let written = 0;
    for (; written < 40 || (await rounds()) <= before + 5; written += 1) await writeBatch(database, batch(written), 'listener');
    expect(await database.knex('capture_gap').select('id')).toHaveLength(written);
  });
});

describeEachDatabase('writing', (database) => {
  beforeEach(() => database().knex('setting').delete());
  const setting = (trx: Database['knex'], value: string) => trx('setting').insert({ name: 'try', value }).onConflict('name').merge(['value']);

  it('writes all or nothing', async () => {
    await expect(writing(database(), async (trx) => {
      await setting(trx, 'half');
      throw new Error('no luck');
    })).rejects.toThrow('no luck');
    expect(await database().knex('setting').where('name', 'try').first()).toBeUndefined();
    expect(await writing(database(), (trx) => setting(trx, 'whole').then(() => 7))).toBe(7);
    expect(await database().knex('setting').where('name', 'try').first()).toMatchObject({ value: 'whole' });
  });

  it('tries again what met somebody else, and nothing that is wrong in itself', async () => {
    let tries = 0;
    const answer = await writing(database(), (trx) => {
      tries += 1;
      return tries < 3 ? Promise.reject(Object.assign(new Error('deadlock'), { code: 'ER_LOCK_DEADLOCK' })) : setting(trx, 'third').then(() => tries);
    });
    expect(answer).toBe(3);
    tries = 0;
    await expect(writing(database(), () => {
      tries += 1;
      return Promise.reject(Object.assign(new Error('too long'), { code: 'ER_DATA_TOO_LONG' }));
    })).rejects.toThrow('too long');
    expect(tries).toBe(1);
  });

  it('gives up at the end of its patience', async () => {
    const impatient = { ...database(), patienceMs: 200 };
    let tries = 0;
    await expect(writing(impatient, () => {
      tries += 1;
      return Promise.reject(Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' }));
    })).rejects.toThrow('locked');
    // Between which it pauses; its own patience has room for hundreds.
    expect(tries).toBeLessThan(40);
  });

  it('knows who was in the way', () => {
    for (const code of ['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED', 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT']) expect(isContention(Object.assign(new Error(code), { code }))).toBe(true);
    for (const code of ['SQLITE_FULL', 'ER_DUP_ENTRY', 'ECONNREFUSED']) expect(isContention(Object.assign(new Error(code), { code }))).toBe(false);
    expect(isContention('SQLITE_BUSY')).toBe(false);
  });
});
