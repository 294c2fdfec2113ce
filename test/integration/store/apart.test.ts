import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canReadApart, countApart, readApart } from '../../../src/database/apart.js';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { reportKnex } from '../../../src/database/report-knex.js';
import { ofFew } from '../../../src/database/search-page.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { countRows, MOST_LISTED } from '../../../src/logs/count.js';
import { parseListQuery } from '../../../src/logs/list-query.js';
import { listPage } from '../../../src/logs/listing.js';
import { generate } from '../../support/generate/generate.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const CALLS = 12_000;
/** Takes SQLite seconds. */
const SLOW = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000) select count(*) from n';

describe('reads of a SQLite file that may take long', () => {
  const folder = tempFolder('apart');
  let database: Database;
  let inMemory: Database;

  beforeAll(async () => {
    database = openDatabase(`sqlite:${join(folder, 'own.sqlite')}`);
    inMemory = openDatabase('sqlite::memory:');
    for (const one of [database, inMemory]) {
      await one.migrate();
      await generate(one, { calls: CALLS, sessions: 0, webSessions: 0, accounts: 200 });
      // Many of long ago and none lately, which neither the newest rows nor a few entries of an index tell.
      await one.knex('cdr').where('id', '<=', 4_000).update({ src: '0999123', disposition: 'FAILED' });
    }
  });
  const rareSource = async (): Promise<string> => {
    const row = await database.knex<{ readonly src: string; readonly disposition: string }>('cdr').where('src', '<>', '0999123').where('disposition', 'ANSWERED').orderBy('src').first('src');
    return row?.src ?? '';
  };

  afterAll(async () => {
    await database.close();
    await inMemory.close();
    removeFolder(folder);
  });

  it('find what reads on this thread find', async () => {
    expect([canReadApart(database.knex), canReadApart(inMemory.knex)]).toEqual([true, false]);
    const few = { src: await rareSource(), disposition: 'ANSWERED' };
    for (const asked of [few, { src: '0999123', disposition: 'FAILED' }, { src: '0999123', disposition: 'ANSWERED' }, { search: '0999' }, { search: '0999', disposition: 'FAILED' }]) {
      for (const order of ['asc', 'desc']) {
        const query = parseListQuery(cdrs, { ...asked, sort: 'callDate', order });
        const page = await listPage(database.knex, cdrs, query);
        expect(page, JSON.stringify(asked)).toEqual(await listPage(inMemory.knex, cdrs, query));
        const count = await countRows(inMemory.knex, cdrs, query, MOST_LISTED);
        // A busy machine may take longer than readers wait; the next one who asks is told.
        await expect.poll(() => countRows(database.knex, cdrs, query, MOST_LISTED), { timeout: 60_000, interval: 200 }).toBe(count);
      }
    }
  });

  it('are none where one filter leaves few rows', async () => {
    const leaves = async (asked: Readonly<Record<string, string>>): Promise<boolean> => (await ofFew(database.knex, cdrs, parseListQuery(cdrs, asked))) !== null;
    const src = await rareSource();
    expect(await leaves({ src, disposition: 'ANSWERED' })).toBe(true);
    expect(await leaves({ src: '0999123', disposition: 'ANSWERED' })).toBe(false);
    // Either could be many.
    expect(await leaves({ pbx: 'pbx-none', disposition: 'ANSWERED' })).toBe(false);
    expect(await ofFew(inMemory.knex, cdrs, parseListQuery(cdrs, { src, disposition: 'ANSWERED' }))).toBeNull();
  });

  it('leave this thread free, and are given up as counts', async () => {
    const { knex } = database;
    let turns = 0;
    const watch = setInterval(() => (turns += 1), 5);
    expect(await countApart(knex, knex.raw(SLOW), 1_000)).toBeNull();
    // One that stood still until then has had one.
    expect(turns).toBeGreaterThan(10);
    // While that goes on nothing is counted, at once, and lists are read all the same.
    expect(await countApart(knex, knex.raw('select 7'), 60_000)).toBeNull();
    expect(await readApart(knex, knex.raw('select 8, 9'))).toEqual([[8, 9]]);
    clearInterval(watch);
    await expect.poll(async () => {
      await sleep(100);
      return countApart(knex, knex.raw('select 7'), 1_000);
    }, { timeout: 60_000 }).toBe(7);
  });

  it('of a report are what knex reads, and leave this thread free', async () => {
    const report = reportKnex(database.knex);
    expect([report === database.knex, reportKnex(database.knex) === report, reportKnex(inMemory.knex) === inMemory.knex]).toEqual([false, true, true]);
    const some = (knex: Database['knex']): Promise<unknown> => knex('cdr').where('disposition', 'FAILED').orderBy('id').limit(20);
    expect(await some(report)).toEqual(await some(database.knex));
    expect(await report('cdr').where('disposition', 'nothing')).toEqual([]);
    let turns = 0;
    const slow = report.raw(SLOW).finally(() => (turns = -turns));
    const turn = (): void => {
      if (turns < 0) return;
      turns += 1;
      setTimeout(turn, 1);
    };
    turn();
    await slow;
    expect(turns).toBeLessThan(-10);
    await expect(report('nowhere')).rejects.toMatchObject({ code: 'SQLITE_ERROR' });
  });

  it('say what went wrong', async () => {
    await expect(readApart(database.knex, database.knex.raw('select * from nowhere'))).rejects.toMatchObject({ code: 'SQLITE_ERROR' });
    expect(await readApart(database.knex, database.knex.raw('select 1'))).toEqual([[1]]);
  });
});
