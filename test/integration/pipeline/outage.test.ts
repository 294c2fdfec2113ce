import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { Drainer } from '../../../src/pipeline/drainer.js';
import { InputQueue } from '../../../src/pipeline/queue.js';
import { Translator } from '../../../src/pipeline/translator.js';
import { startMariaDb, freshDatabase, type MariaDb } from '../../support/mariadb.js';
import { describeWith } from '../../support/needs.js';

const START = 1_795_369_894;

function call(queue: InputQueue, n: number, fields: Readonly<Record<string, string>> = {}): void {
  const headers = { uniqueid: `${START}.${n}`, source: '904', destination: '908', startepoch: `${START + n}.000000`, duration: '1', billableseconds: '1', disposition: 'ANSWERED', ...fields };
  queue.push({ kind: 'event', event: amiEvent('Cdr', (START + n) * 1_000_000, new Map(Object.entries(headers))) });
}

describeWith(['mariadb'], 'the way into a database that fails', () => {
  let mariaDb: MariaDb;
  let database: Database;
  let queue: InputQueue;
  let drainer: Drainer;

  beforeAll(async () => {
    mariaDb = await startMariaDb();
    const { url } = await freshDatabase(mariaDb.url);
    database = openDatabase(url);
    await database.migrate();
    queue = new InputQueue();
    drainer = new Drainer(queue, new Translator('lab'), database, pino({ level: 'silent' }));
    drainer.start();
  });
  afterAll(async () => {
    await drainer.stop();
    await database.close();
    await mariaDb.stop();
  });

  const count = async (): Promise<number> => Number((await database.knex('cdr').count({ n: '*' }))[0]?.['n']);
  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!(await condition()) && Date.now() < deadline) await sleep(50);
    expect(await condition()).toBe(true);
  }

  it('keeps what comes while it is away, says so, and writes each once when it is back', async () => {
    for (let n = 0; n < 500; n += 1) call(queue, n);
    await until(async () => (await count()) === 500);
    await mariaDb.halt();
    for (let n = 500; n < 1_500; n += 1) call(queue, n);
    await until(() => drainer.status().failing !== null);
    for (let n = 1_500; n < 2_000; n += 1) call(queue, n);
    await mariaDb.start();
    await until(async () => (await count().catch(() => 0)) === 2_000);
    expect(drainer.status()).toMatchObject({ failing: null, rejected: 0 });
  });

  it('goes on after an event that makes no row', async () => {
    queue.push({ kind: 'event', event: amiEvent('UserEvent', 1, new Map([['userevent', 'SipSession'], ['sipevent', 'HELLO']])) });
    call(queue, 3_001);
    await until(async () => (await count()) === 2_001);
    expect(drainer.status().untranslatable).toBe(1);
  });

  it('gives up the one row that the database refuses, and writes those around it', async () => {
    await database.knex.raw('alter table cdr add constraint too_long check (duration < 86400)');
    for (let n = 4_000; n < 4_100; n += 1) call(queue, n, n === 4_050 ? { duration: '999999' } : {});
    await until(async () => (await count()) === 2_100);
    await until(() => drainer.status().rejected === 1);
    expect(drainer.status().failing).toBeNull();
  });
});
