import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsFrom } from '../../../src/config.js';
import { waitingMayMend } from '../../../src/database-ready.js';
import { openDatabase } from '../../../src/database/database.js';
import { UnfitTablesError } from '../../../src/database/migrate.js';
import { startService, type Service } from '../../../src/service.js';
import { consoleUsers } from '../../../src/web/users.js';
import { eventually } from '../../support/logbook.js';
import { freshDatabase, startMariaDb, type MariaDb } from '../../support/mariadb.js';
import { describeWith } from '../../support/needs.js';
import { freePort, removeFolder, tempFolder } from '../../support/processes.js';

describeWith(['mariadb'], 'a start', () => {
  let mariaDb: MariaDb;
  let rootUrl: string;
  const dir = tempFolder('start');
  // It only has to be there to be listened to.
  const pbx = createServer((socket) => void socket.on('error', () => undefined));
  let amiPort = 0;

  beforeAll(async () => {
    mariaDb = await startMariaDb();
    rootUrl = (await freshDatabase(mariaDb.url)).url;
    amiPort = await freePort();
    await once(pbx.listen(amiPort, '127.0.0.1'), 'listening');
    // The server's own limits do not bind who may do everything.
    await root("create user 'app'@'%' identified by 'app'");
    await root(`grant all on ${new URL(rootUrl).pathname.slice(1)}.* to 'app'@'%'`);
  });
  afterAll(async () => {
    pbx.close();
    await mariaDb.stop();
    removeFolder(dir);
  });

  const root = async (sql: string): Promise<void> => {
    const connection = await createConnection(rootUrl);
    await connection.query(sql);
    await connection.end();
  };

  async function start(password = 'app'): Promise<{ port: number; service: Promise<Service> }> {
    const url = new URL(rootUrl);
    [url.username, url.password] = ['app', password];
    const port = await freePort();
    const config = settingsFrom({
      DATABASE_URL: url.href, HTTP_PORT: String(port), HTTP_HOST: '127.0.0.1', SPOOL_DIR: join(dir, 'spool'), AMI_HOST: '127.0.0.1', AMI_PORT: String(amiPort), AMI_USERNAME: 'logbook', AMI_SECRET: 'secret',
    });
    const service = startService(config, pino({ level: 'silent' }), new AbortController().signal);
    service.catch(() => undefined);
    return { port, service };
  }

  async function untilWaitsFor(port: number, reason: RegExp): Promise<void> {
    const deadline = Date.now() + 90_000;
    for (let said = ''; !reason.test(said); ) {
      expect(Date.now(), said).toBeLessThan(deadline);
      await sleep(100);
      said = await fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.text(), String);
    }
  }

  it('on a read-only MariaDB waits until it can be written, says why, and shows the password that was written', async () => {
    await root('set global read_only = 1');
    const { port, service } = await start();
    await untilWaitsFor(port, /is waited for: ER_(OPTION_PREVENTS_STATEMENT|.*READ_ONLY)/);
    await root('set global read_only = 0');
    const started = await service;
    expect(started.generatedPassword).toMatch(/.{8}/);
    await started.stop();
  });

  it('goes on at once on a read-only MariaDB that it knows', async () => {
    await root('set global read_only = 1');
    const { service } = await start();
    const started = await service;
    expect(started.generatedPassword).toBeNull();
    await started.stop();
    await root('set global read_only = 0');
  });

  it('waits while no connection is left', async () => {
    await root("alter user 'app'@'%' with max_user_connections 1");
    const url = new URL(rootUrl);
    [url.username, url.password] = ['app', 'app'];
    // Those of the start before are counted until they are gone.
    const holder = await eventually(() => createConnection(url.href));
    const { port, service } = await start();
    await untilWaitsFor(port, /is waited for: (ER_|no connection)/);
    await holder.end();
    await root("alter user 'app'@'%' with max_user_connections 0");
    await (await service).stop();
  });

  it('ends with a wrong password', async () => {
    await expect((await start('wrong')).service).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
  });
});

describe('what waiting may mend', () => {
  const coded = (code: string): Error => Object.assign(new Error(code), { code });
  it('is all that a database says but for what a person must put right', () => {
    for (const code of ['ECONNREFUSED', 'ER_OPTION_PREVENTS_STATEMENT', 'ER_DISK_FULL', 'ER_TOO_MANY_USER_CONNECTIONS', 'SQLITE_BUSY', 'SQLITE_FULL', 'SQLITE_READONLY', 'SQLITE_IOERR_WRITE']) expect([code, waitingMayMend(coded(code))]).toEqual([code, true]);
    for (const code of ['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_BAD_DB_ERROR', 'SQLITE_CANTOPEN', 'SQLITE_CORRUPT', 'SQLITE_NOTADB']) expect([code, waitingMayMend(coded(code))]).toEqual([code, false]);
    for (const error of [new UnfitTablesError('newer'), new TypeError('fault'), new Error('plain'), 'text']) expect(waitingMayMend(error)).toBe(false);
  });
});

describe('the first user', () => {
  it('has the password of the row, also when only the answer to its insert was lost', async () => {
    const database = openDatabase('sqlite::memory:');
    await database.migrate();
    const users = consoleUsers(database.knex);
    await database.knex.raw("create trigger away before insert on console_user begin select raise(abort, 'away'); end");
    await expect(users.ensureAdmin('admin', null)).rejects.toThrow('away');
    await database.knex.raw('drop trigger away');
    const first = await users.ensureAdmin('admin', null);
    expect(first).toMatchObject({ created: true });
    expect(await users.ensureAdmin('admin', null)).toEqual(first);
    expect(await consoleUsers(database.knex).ensureAdmin('admin', null)).toEqual({ created: false, generatedPassword: null });
    await database.close();
  });
});
