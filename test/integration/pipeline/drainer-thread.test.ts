import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { WriteTurn } from '../../../src/database/write-turn.js';
import { writing } from '../../../src/database/writing.js';
import { DiskSpool } from '../../../src/pipeline/disk-spool.js';
import { DrainerThread } from '../../../src/pipeline/drainer-thread.js';
import { Translator } from '../../../src/pipeline/translator.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeEachDatabase } from '../../support/databases.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const START = 1_795_369_894;
const WORKER = new URL('../../../src/pipeline/drainer-worker.ts', import.meta.url).href;
const logger = pino({ level: 'silent' });

/** A thread that goes on as the real one, but where `file` is not there yet dies so long after its start. */
const dying = (file: string, afterMs: number): URL => new URL(`data:text/javascript,${encodeURIComponent(`
  import { existsSync, writeFileSync } from 'node:fs';
  if (!existsSync(${JSON.stringify(file)})) {
    writeFileSync(${JSON.stringify(file)}, '');
    setTimeout(() => { throw new Error('too much for it'); }, ${afterMs});
  }
  await import(${JSON.stringify(WORKER)});
`)}`);

function callEvent(n: number): PbxInput {
  const headers = { uniqueid: `${START}.${n}`, source: '904', destination: '908', startepoch: `${START + n}.000000`, duration: '1', billableseconds: '1', disposition: 'ANSWERED' };
  return { kind: 'event', event: amiEvent('Cdr', (START + n) * 1_000_000, new Map(Object.entries(headers))) };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await condition())) {
    expect(Date.now(), String(condition)).toBeLessThan(deadline);
    await sleep(20);
  }
}

describeEachDatabase('the thread that drains the spool', (_, url) => {
  const folder = tempFolder('drainer');
  let database: Database;
  let spool: DiskSpool;
  let thread: DrainerThread;
  let told = 0;

  beforeAll(() => {
    database = openDatabase(url(), 'service', new WriteTurn('main'));
  });
  afterEach(async () => {
    await thread.stop();
    await spool.close();
  });
  afterAll(async () => {
    await database.close();
    removeFolder(folder);
  });

  async function begin(pbx: string, module?: URL, silentMs?: number): Promise<void> {
    spool = await DiskSpool.open({ dir: folder, pbx, maxMb: 64, logger });
    told = 0;
    thread = new DrainerThread({ pbx, spool, database, logger, onRows: () => (told += 1), ...(module ? { module } : {}), ...(silentMs === undefined ? {} : { silentMs }) });
    thread.start();
  }
  const call = (n: number): void => spool.push(callEvent(n));
  const calls = async (pbx: string): Promise<number> => Number((await database.knex('cdr').where({ pbx }).count<{ rows: number | string }[]>({ rows: '*' }))[0]?.rows);

  it('writes what is pushed, says so, and leaves nothing in the spool', async () => {
    await begin('lab');
    for (let n = 0; n < 5_000; n += 1) call(n);
    await until(async () => (await calls('lab')) === 5_000);
    await until(() => thread.status().written >= 5_000 && spool.status().waiting === 0);
    expect(thread.status()).toMatchObject({ failing: null, busySince: null, dead: 0 });
    expect(told).toBeGreaterThan(0);
  });

  it('has all in the database when it has stopped, also what was pushed just before', async () => {
    await begin('stopped');
    for (let n = 0; n < 3_000; n += 1) call(n);
    await spool.flush();
    await thread.stop();
    expect(await calls('stopped')).toBe(3_000);
    expect(spool.status().waiting).toBe(0);
    await spool.close();
    spool = await DiskSpool.open({ dir: folder, pbx: 'stopped', maxMb: 64, logger });
    expect(spool.status().waiting).toBe(0);
  });

  it.each([20, 600])('that died after %i ms is named, started anew from the last checkpoint, and nothing is lost or written twice', async (afterMs) => {
    const pbx = `dies after ${afterMs}`;
    const died = join(folder, `died-${afterMs}`);
    await begin(pbx, dying(died, afterMs));
    let failing: string | null = null;
    for (let n = 0; n < 20_000; n += 1) {
      call(n);
      if (n % 100 === 0) await sleep(2);
      failing ??= thread.status().failing;
    }
    await until(() => {
      failing ??= thread.status().failing;
      return failing !== null;
    });
    expect(existsSync(died)).toBe(true);
    expect(failing).toBe("the drainer's thread ended: too much for it");
    await until(async () => (await calls(pbx)) === 20_000);
    await until(() => spool.status().waiting === 0);
    expect(thread.status()).toMatchObject({ failing: null, dead: 0 });
  });

  it('that says nothing for too long is named until it speaks again, and one that has nothing to do is not', async () => {
    const mayGoOn = join(folder, 'may-go-on');
    const silent = new URL(`data:text/javascript,${encodeURIComponent(`
      import { existsSync } from 'node:fs';
      import { parentPort } from 'node:worker_threads';
      const take = () => parentPort.postMessage({ tell: 'take' });
      const goOn = () => existsSync(${JSON.stringify(mayGoOn)}) ? take() : setTimeout(goOn, 20);
      parentPort.on('message', ({ order }) => order === 'stop' ? process.exit(0) : order === 'begin' ? undefined : goOn());
      take();
    `)}`);
    await begin('silent', silent, 300);
    await sleep(700);
    expect(thread.status().failing).toBe(null);
    call(1);
    await until(() => thread.status().failing !== null);
    expect(thread.status().failing).toMatch(/^the drainer's thread has said nothing for \d+ s$/);
    writeFileSync(mayGoOn, '');
    await until(() => thread.status().failing === null);
    await sleep(700);
    expect(thread.status().failing).toBe(null);
  });

  it('that dies again and again is stopped at once', async () => {
    await begin('hopeless', new URL('data:text/javascript,process.exit(3)'));
    await until(() => thread.status().failing === "the drainer's thread ended: exit code 3");
    // Patience beyond the test's own: it is not waited for.
    await thread.stop(300_000);
  });
});

describe('the turn to write to SQLite', () => {
  const folder = tempFolder('turn');
  const path = join(folder, 'logbook.sqlite');
  const main = new WriteTurn('main');
  // Both in this thread, which SQLite's own waiting would stop for good: the other could never commit.
  const [here, there] = [openDatabase(`sqlite:${path}`, 'service', main), openDatabase(`sqlite:${path}`, 'service', new WriteTurn('drainer', main.memory))];

  beforeAll(async () => {
    await here.migrate();
    await here.knex.schema.createTable('mark', (table) => void table.integer('n'));
  });
  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
    removeFolder(folder);
  });

  it('is handed over amid a long batch, of which the rest follows', async () => {
    const translator = new Translator('lab');
    const outputs = Array.from({ length: 3_000 }, (_, n) => callEvent(n)).flatMap((input) => translator.handle(input));
    const calls = async (knex: Knex): Promise<number> => Number((await knex('cdr').count<{ rows: number }[]>({ rows: '*' }))[0]?.rows);
    const [holder, mainWants] = [0, 1];
    const places = new Int32Array(main.memory);
    places[mainWants] = 1;
    let ended = false;
    const batch = writeBatch({ ...there, patienceMs: 0 }, outputs, 'listener').finally(() => (ended = true));
    await until(() => places[holder] === 1);
    const seen = await writing({ ...here, patienceMs: 0 }, async (trx) => {
      expect(ended).toBe(false);
      return calls(trx);
    });
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(3_000);
    await batch;
    expect(await calls(here.knex)).toBe(3_000);
  });

  it('goes round: two that write without a pause each get on, nobody is refused, and reading waits for nobody', async () => {
    const counts = { alone: 0, here: 0, there: 0 };
    const again = async (name: keyof typeof counts, work: () => Promise<unknown>): Promise<void> => {
      for (; Object.values(counts).some((count) => count < 20); counts[name] += 1) await work();
    };
    await Promise.all([
      again('there', () => writing({ ...there, patienceMs: 0 }, async (trx) => {
        await trx('mark').insert({ n: 1 });
        await sleep(20);
      })),
      again('here', () => writing({ ...here, patienceMs: 0 }, (trx) => trx('mark').insert({ n: 2 }).then(() => sleep(5)))),
      again('alone', () => here.knex('mark').insert({ n: 3 }).then(() => sleep(1))),
    ]);
    const rows = await here.knex('mark').count<{ rows: number }[]>({ rows: '*' });
    expect(Number(rows[0]?.rows)).toBe(counts.there + counts.here + counts.alone);
    const [begun, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const holding = writing(there, async () => {
      begun.resolve(undefined);
      await released.promise;
    });
    await begun.promise;
    await here.knex('mark').first();
    released.resolve(undefined);
    await holding;
  });

  it('is given back by a transaction that fails, by one that another process keeps out, and by a thread that ended', async () => {
    await expect(writing(there, (trx) => trx('no_such_table').insert({ n: 1 }))).rejects.toThrow('no_such_table');
    await expect(here.knex('no_such_table').insert({ n: 1 })).rejects.toThrow('no_such_table');
    const other = new BetterSqlite3(path);
    other.exec('begin immediate');
    await expect(writing({ ...there, patienceMs: 0 }, (trx) => trx('mark').insert({ n: 4 }))).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    await expect(Promise.resolve(here.knex('mark').insert({ n: 4 }))).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    other.exec('commit');
    other.close();
    await here.knex('mark').insert({ n: 5 });
    await new WriteTurn('drainer', main.memory).take();
    const written = here.knex('mark').insert({ n: 6 }).then(() => 'written');
    expect(await Promise.race([written, sleep(100, 'waits')])).toBe('waits');
    main.ended('drainer');
    expect(await written).toBe('written');
  });

  it('is given back by a commit that fails, with its transaction', async () => {
    await here.knex.raw('create table part (of integer references whole (id) deferrable initially deferred)');
    await here.knex.raw('create table whole (id integer primary key)');
    await expect(writing(here, (trx) => trx('part').insert({ of: 1 }))).rejects.toThrow('FOREIGN KEY');
    await writing(there, (trx) => trx('whole').insert({ id: 1 }));
    await writing(here, (trx) => trx('part').insert({ of: 1 }));
    expect(await here.knex('part')).toEqual([{ of: 1 }]);
  });
});
