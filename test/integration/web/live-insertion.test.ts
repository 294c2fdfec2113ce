import { expect, it } from 'vitest';
import { insertOnce, openDatabase } from '../../../src/database/database.js';
import { endOfTable, readOn } from '../../../src/database/insertion.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { toRow } from '../../../src/logs/columns.js';
import { describeWith } from '../../support/needs.js';
import { seeded } from '../../support/random.js';
import { emptyMariaDb } from '../../support/servers.js';
import { startConsole, Visitor } from './console.js';
import { follow, followable, LiveReader } from './live-reader.js';
import { cdr, insertCdrs } from './samples.js';

describeWith(['mariadb'], 'reading in the order of insertion on MariaDB', () => {
  it('finds a row whose transaction ended after that of a later one', async () => {
    const database = await emptyMariaDb();
    const opened = openDatabase(database.url);
    const { knex } = opened;
    try {
      await opened.migrate();
      await insertCdrs(knex, [cdr()]);
      const begin = await endOfTable(knex, 'cdr');
      const slow = await knex.transaction();
      await insertCdrs(slow, [cdr()]);
      await insertCdrs(knex, [cdr()]);
      const first = await readOn(knex, 'cdr', begin, 10);
      await slow.commit();
      const second = await readOn(knex, 'cdr', first.position, 10);
      const third = await readOn(knex, 'cdr', second.position, 10);
      expect([first.ids, second.ids, third.ids].map((ids) => ids.map((id) => id - begin.last))).toEqual([[2], [1], []]);
      expect(third.position.open).toEqual([]);
    } finally {
      await opened.close();
      await database.drop();
    }
  });

  it.each([
    ['is the first of the table', 0],
    ['lies further back than a place looks', 300],
  ])('finds a row that is under way when a reader comes, and that %s', async (_what, later) => {
    const database = await emptyMariaDb();
    const console = await startConsole(database.url, { live: { pollMs: 20, soonestMs: 5 } });
    const { knex } = console.database;
    try {
      const visitor = new Visitor(console.url);
      await visitor.signIn();
      // Also the caller's name, which another transaction would wait for.
      await insertCdrs(knex, [cdr()]);
      if (later === 0) await knex('cdr').delete();
      const slow = await knex.transaction();
      await insertCdrs(slow, [cdr()]);
      await insertCdrs(knex, [cdr()]);
      const page = await followable(visitor, '/cdrs');
      await insertCdrs(knex, Array.from({ length: later }, () => cdr()));
      const reader = await follow(visitor, { ...page, href: `${page.href}?limit=1000` });
      await reader.until(({ told }) => told.some(({ event }) => event === 'well'));
      await slow.commit();
      await reader.until(({ ids }) => ids.includes(2));
      expect(reader.ids.sort((a, b) => a - b)).toEqual([2, ...Array.from({ length: later }, (_, n) => 4 + n)]);
      reader.close();
    } finally {
      await console.stop();
      await database.drop();
    }
  });

  it('gives each row once while several write at once, take their time, and give up', async () => {
    const database = await emptyMariaDb();
    const console = await startConsole(database.url, { live: { pollMs: 20, soonestMs: 5 } });
    const { knex } = console.database;
    const visitor = new Visitor(console.url);
    await visitor.signIn();
    const chance = seeded(20_261_125);
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, chance() * ms));
    const write = async (): Promise<void> => {
      for (let n = 0; n < 40; n += 1) {
        const trx = await knex.transaction();
        for (let rows = 0; rows < 1 + chance() * 3; rows += 1) {
          await insertCdrs(trx, Array.from({ length: 1 + Math.floor(chance() * 4) }, () => cdr()));
          await pause(20);
        }
        // Ids of rows that are there already, or that are taken back, are used up.
        if (chance() < 0.3) await insertOnce(trx, 'cdr', [{ event_key: 'the same', ...toRow(cdrs.columns, cdr()) }]);
        await (chance() < 0.2 ? trx.rollback() : trx.commit());
        await pause(10);
      }
    };
    const seen: number[] = [];
    // A list is given no more rows at once than it holds; a slow machine brings more than fifty between two looks.
    const list = `${console.url}/live/cdrs?limit=1000`;
    try {
      let place = /data-place="([^"]*)"/.exec(await (await visitor.get('/cdrs')).text())?.[1] ?? '';
      const state = { writing: true };
      const written = Promise.all([write(), write(), write(), write()]).finally(() => (state.writing = false));
      while (state.writing) {
        const reader = await LiveReader.open(list, { cookie: visitor.sessionCookie, 'Last-Event-ID': place });
        await pause(300);
        reader.close();
        seen.push(...reader.ids);
        place = reader.place || place;
      }
      await written;
      const last = await LiveReader.open(list, { cookie: visitor.sessionCookie, 'Last-Event-ID': place });
      await last.until(({ told }) => told.some(({ event }) => event === 'well'));
      const there = ((await knex('cdr').select('id').orderBy('id')) as { id: number }[]).map(({ id }) => id);
      expect(there.length).toBeGreaterThan(300);
      await last.until(({ ids }) => seen.length + ids.length >= there.length).catch(() => undefined);
      // For what would come twice.
      await new Promise((resolve) => setTimeout(resolve, 300));
      last.close();
      seen.push(...last.ids);
      expect(seen.sort((a, b) => a - b)).toEqual(there);
    } finally {
      await console.stop();
      await database.drop();
    }
  });
});
