import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { DiskSpool } from '../../../src/pipeline/disk-spool.js';
import { Drainer } from '../../../src/pipeline/drainer.js';
import { Translator } from '../../../src/pipeline/translator.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { eventually } from '../../support/logbook.js';
import { startMariaDb, freshDatabase, type MariaDb } from '../../support/mariadb.js';
import { describeWith } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const START = 1_795_369_894;

function call(spool: DiskSpool, n: number, fields: Readonly<Record<string, string>> = {}): void {
  const headers = { uniqueid: `${START}.${n}`, source: '904', destination: '908', startepoch: `${START + n}.000000`, duration: '1', billableseconds: '1', disposition: 'ANSWERED', ...fields };
  spool.push({ kind: 'event', event: amiEvent('Cdr', (START + n) * 1_000_000, new Map(Object.entries(headers))) });
}

describeWith(['mariadb'], 'the way into a database that fails', () => {
  let mariaDb: MariaDb;
  let rootUrl: string;
  let database: Database;
  let spool: DiskSpool;
  let drainer: Drainer;
  const dir = tempFolder('spool');

  beforeAll(async () => {
    mariaDb = await startMariaDb();
    rootUrl = (await freshDatabase(mariaDb.url)).url;
    // The server's own limits do not bind who may do everything.
    await root("create user 'app'@'%' identified by 'app'");
    await root(`grant all on ${name()}.* to 'app'@'%'`);
    database = openDatabase(appUrl());
    await database.migrate();
    const logger = pino({ level: 'silent' });
    spool = await DiskSpool.open({ dir, pbx: 'lab', maxMb: 64, logger });
    drainer = new Drainer({ pbx: 'lab', spool, translator: new Translator('lab'), write: (outputs) => writeBatch(database, outputs, spool.listener), logger });
    drainer.start();
  });
  afterAll(async () => {
    await drainer.stop();
    await spool.close();
    removeFolder(dir);
    await database.close();
    await mariaDb.stop();
  });

  function appUrl(): string {
    const url = new URL(rootUrl);
    [url.username, url.password] = ['app', 'app'];
    return url.href;
  }

  const count = async (): Promise<number> => Number((await database.knex('cdr').count({ n: '*' }))[0]?.['n']);
  const letters = async (): Promise<unknown[]> => database.knex('dead_letter').orderBy('id');
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 90_000;
    while (!(await condition())) {
      expect(Date.now(), String(condition)).toBeLessThan(deadline);
      await sleep(50);
    }
  }

  it('keeps what comes while it is away, says so, and writes each once when it is back', async () => {
    for (let n = 0; n < 500; n += 1) call(spool, n);
    await until(async () => (await count()) === 500);
    await mariaDb.halt();
    for (let n = 500; n < 1_500; n += 1) call(spool, n);
    await until(() => drainer.status().failing !== null);
    for (let n = 1_500; n < 2_000; n += 1) call(spool, n);
    await mariaDb.start();
    await until(async () => (await count().catch(() => 0)) === 2_000);
    await until(() => drainer.status().failing === null);
    expect(drainer.status()).toMatchObject({ dead: 0 });
    await until(() => spool.status().waiting === 0);
    expect(spool.status()).toMatchObject({ dropped: 0, failing: null });
  });

  const root = async (sql: string): Promise<void> => {
    const connection = await createConnection(rootUrl);
    await connection.query(sql);
    await connection.end();
  };
  const name = (): string => new URL(rootUrl).pathname.slice(1);

  it.each<[string, RegExp, () => Promise<() => Promise<void>>]>([
    ['is read-only', /READ_ONLY|OPTION_PREVENTS_STATEMENT|EXECUTED_IN_READ_ONLY/, async () => {
      await root('set global read_only = 1');
      return () => root('set global read_only = 0');
    }],
    ['has no connection left', /CON_COUNT|TOO_MANY_USER_CONNECTIONS|USER_LIMIT_REACHED/, async () => {
      await root("alter user 'app'@'%' with max_user_connections 1");
      await killAll();
      // Those that were killed are counted until they are gone.
      const holder = await eventually(() => createConnection(appUrl()));
      return async () => {
        await holder.end();
        await root("alter user 'app'@'%' with max_user_connections 0");
      };
    }],
    ['holds a lock on the table', /LOCK_WAIT_TIMEOUT/, async () => {
      const holder = await createConnection(rootUrl);
      await holder.query('set global lock_wait_timeout = 1');
      await killAll();
      await holder.query('lock tables cdr write');
      return async () => {
        await holder.end();
        await root('set global lock_wait_timeout = 86400');
      };
    }],
  ])('keeps what comes while it %s', async (_, reason, trouble) => {
    const before = await count();
    const first = 100_000 + before;
    const mend = await trouble();
    for (let n = first; n < first + 200; n += 1) call(spool, n);
    await until(() => reason.test(drainer.status().failing ?? ''));
    expect(spool.status().waiting).toBeGreaterThan(0);
    await mend();
    await until(async () => (await count().catch(() => 0)) === before + 200);
    await until(() => drainer.status().failing === null);
    expect(drainer.status()).toMatchObject({ dead: 0 });
  });

  /** Connections that stand know nothing of a new limit. */
  async function killAll(): Promise<void> {
    const connection = await createConnection(rootUrl);
    await connection.query("kill user 'app'@'%'").catch(() => undefined);
    await connection.end();
  }

  it('goes on after an event that makes no row', async () => {
    const before = await count();
    spool.push({ kind: 'event', event: amiEvent('UserEvent', 1, new Map([['userevent', 'SipSession'], ['sipevent', 'HELLO']])) });
    call(spool, 3_001);
    await until(async () => (await count()) === before + 1);
    expect(await letters()).toMatchObject([{ stage: 'event', name: 'UserEvent', reason: expect.stringContaining('SipEvent must be one of') as string }]);
  });

  it('puts the one row that the database refuses among the dead letters, and writes those around it', async () => {
    await database.knex.raw('alter table cdr add constraint too_long check (duration < 86400)');
    const before = await count();
    for (let n = 4_000; n < 4_100; n += 1) call(spool, n, n === 4_050 ? { duration: '999999' } : {});
    await until(async () => (await count()) === before + 99);
    await until(async () => (await letters()).length === 2);
    expect((await letters())[1]).toMatchObject({ stage: 'row', name: 'cdr', reason: expect.stringMatching(/^CONSTRAINT `too_long` failed/) as string });
    await until(() => drainer.status().failing === null);
  });
});
