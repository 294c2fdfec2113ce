import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openDatabase } from '../../../src/database/database.js';
import { describeWith } from '../../support/needs.js';
import { freePort, removeFolder, tempFolder } from '../../support/processes.js';
import { emptyMariaDb } from '../../support/servers.js';
import { ask, notOk } from './ask.js';

describe('logbook doctor without a PBX', () => {
  let folder: string;
  beforeAll(() => {
    folder = tempFolder('doctor-storage');
  });
  afterAll(() => removeFolder(folder));

  it('says that the demo would run, and makes no file', async () => {
    const path = join(folder, 'not/yet/demo.sqlite');
    const { said, code } = await ask({ DATABASE_URL: `sqlite:${path}` });
    expect(code).toBe(0);
    expect(said['pbx.login']).toMatch(/^less: AMI_HOST is not set: the demo would run/);
    expect(said['database.reach']).toMatch(/is not there yet; the first start makes it$/);
    expect(said['redis.reach']).toBe('ok: REDIS_URL is not set: jobs run in the process');
    expect(existsSync(join(folder, 'not'))).toBe(false);
  });

  it('reads an SQLite file, and says what a file is that is none', async () => {
    const url = `sqlite:${join(folder, 'logbook.sqlite')}`;
    const database = openDatabase(url);
    await database.migrate();
    await database.close();
    const { said, code } = await ask({ DATABASE_URL: url });
    expect(code).toBe(0);
    expect(said['database.reach']).toMatch(/^ok: SQLite 3\./);
    expect(said['database.tables']).toBe('ok: up to date');
    expect(said['database.disk']).toMatch(/^\w+: [\d.]+ GB are free/);
    writeFileSync(join(folder, 'letter.sqlite'), 'Dear Sara, '.repeat(200));
    const letter = await ask({ DATABASE_URL: `sqlite:${join(folder, 'letter.sqlite')}` });
    expect(letter.code).toBe(1);
    expect(letter.said['database.reach']).toMatch(/^loses: .*not a database/);
  });

  it('names a newer Logbook whose tables these are, and a migration that is due', async () => {
    const url = `sqlite:${join(folder, 'newer.sqlite')}`;
    const database = openDatabase(url);
    await database.migrate();
    const last = await database.knex<{ id: number; name: string }>('knex_migrations').orderBy('id', 'desc').first();
    await database.knex('knex_migrations').where({ id: last?.id }).delete();
    expect((await ask({ DATABASE_URL: url })).said['database.tables']).toBe(`less: not up to date (${last?.name ?? ''}); the next start does it, or\na shell\nnpm run logbook -- migrate`);
    await database.knex('knex_migrations').insert({ name: '29991231_from_the_future', batch: 9 });
    const newer = await ask({ DATABASE_URL: url });
    expect(newer.said['database.tables']).toMatch(/^loses: the tables are of a newer Logbook \(29991231_from_the_future\)/);
    expect(newer.code).toBe(1);
    await database.close();
  });

  it('says that nothing listens where MariaDB and Redis should be', async () => {
    const { said, code } = await ask({ DATABASE_URL: `mysql://logbook:db-secret@127.0.0.1:${await freePort()}/logbook`, REDIS_URL: `redis://:redis-secret@127.0.0.1:${await freePort()}` });
    expect(code).toBe(1);
    expect(said['database.reach']).toMatch(/^loses: 127\.0\.0\.1:\d+\/logbook: nothing answers at DATABASE_URL/);
    expect(said['redis.reach']).toMatch(/^less: 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it('ends within seconds where an AMI, a database and a Redis say nothing', async () => {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const address = mute.address();
    const at = `127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`;
    const started = Date.now();
    const settings = { AMI_HOST: '127.0.0.1', AMI_PORT: at.replace(/.*:/, ''), AMI_USERNAME: 'logbook', AMI_SECRET: 'ami-secret' };
    const { said, code } = await ask({ ...settings, DATABASE_URL: `mysql://logbook:db-secret@${at}/logbook`, REDIS_URL: `redis://${at}` });
    expect(Date.now() - started).toBeLessThan(10_000);
    mute.close();
    expect(code).toBe(1);
    expect(said['pbx.login']).toMatch(/^loses: .* takes connections but does not answer the login/);
    expect(said['database.reach']).toMatch(/did not answer within 6 s/);
    expect(said['redis.reach']).toMatch(/did not answer within 4 s/);
  });
});

describeWith(['mariadb', 'redis'], 'logbook doctor, MariaDB and Redis', () => {
  let drop: () => Promise<void>;
  let url: string;
  beforeAll(async () => {
    ({ url, drop } = await emptyMariaDb());
  });
  afterAll(() => drop());

  it('finds both right but for what the test server itself has set', async () => {
    const fresh = await ask({ DATABASE_URL: url });
    expect(fresh.said['database.tables']).toBe('ok: there are none yet; the first start makes them');
    const database = openDatabase(url);
    await database.migrate();
    await database.close();
    const { said, code } = await ask({ DATABASE_URL: url, REDIS_URL: inject('redisUrl') });
    expect(code).toBe(0);
    expect(said['database.reach']).toMatch(/^ok: MariaDB \d+\.\d+\.\d+-MariaDB/);
    expect(said['database.zone']).toContain('(+05:30) does not matter');
    expect(said['redis.reach']).toMatch(/^ok: Redis \d/);
    expect(said['redis.eviction']).toBe('ok: noeviction: Redis throws away no job');
    // The tests' server gives up durability for speed, and is told so.
    expect(notOk(said)).toEqual(['pbx.login less', 'database.flush less']);
  });

  it('tells an eviction policy that may throw jobs away', async () => {
    const redis = new Redis(inject('redisUrl'));
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      const { said, code } = await ask({ DATABASE_URL: url, REDIS_URL: inject('redisUrl') });
      expect(said['redis.eviction']).toMatch(/^less: allkeys-lru: .*\nredis.conf\nmaxmemory-policy noeviction$/);
      expect(code).toBe(0);
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      redis.disconnect();
    }
  });

  it('tells a wrong password and a database that is not there apart', async () => {
    const wrong = new URL(url);
    wrong.password = 'wrong-secret';
    expect((await ask({ DATABASE_URL: wrong.href })).said['database.reach']).toMatch(/^loses: .* refuses the user or the password/);
    const absent = new URL(url);
    absent.pathname = '/no_such_database';
    expect((await ask({ DATABASE_URL: absent.href })).said['database.reach']).toMatch(/^loses: .* does not exist/);
  });
});
