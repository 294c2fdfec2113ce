import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { IDLE_S, openPageReader, type PageReader } from '../../../src/database/page-reader.js';
import { STALLED_MS } from '../../../src/web/export-send.js';
import { describeWith } from '../../support/needs.js';
import { emptyMariaDb } from '../../support/servers.js';

describeWith(['mariadb'], 'a reader of pages on MariaDB', () => {
  let empty: Awaited<ReturnType<typeof emptyMariaDb>>;
  let database: Database;
  beforeAll(async () => {
    empty = await emptyMariaDb();
    database = openDatabase(empty.url);
  });
  afterAll(async () => {
    await database.close();
    await empty.drop();
  });

  const opened = (sql: string): Promise<PageReader> =>
    openPageReader(empty.url, { dialect: 'mysql', isIndexGiven: false, columns: ['line'], keyset: [], arrays: { sql, bindings: [] }, texts: { sql, bindings: [] } });

  it('lets go at once of a statement whose rows nobody takes', async () => {
    const underWay = async (): Promise<number> => ((await database.knex.raw(`select id from information_schema.processlist where db = database() and info like 'select repeat%'`)) as [unknown[]])[0].length;
    const reader = await opened(`select repeat('x', 500) as line from seq_1_to_200000`);
    const end = reader.lines([], 200_000, () => {
      reader.pause();
      return true;
    });
    await expect.poll(underWay).toBe(1);
    reader.close();
    expect(await end).toBe('closed');
    await expect.poll(underWay).toBe(0);
  });

  it('keeps an idle connection for longer than whoever takes a file may stall', async () => {
    const reader = await opened('select @@session.wait_timeout');
    expect(await reader.arrays([], 1)).toEqual([[IDLE_S]]);
    reader.close();
    expect(IDLE_S * 1_000).toBeGreaterThan(STALLED_MS);
  });
});
