import { beforeAll, expect, it } from 'vitest';
import { cdrs, type Cdr } from '../../../src/logs/cdr/columns.js';
import { fromRow, type DatabaseRow } from '../../../src/logs/columns.js';
import { countRows } from '../../../src/logs/count.js';
import { parseListQuery, type QueryParameters } from '../../../src/logs/list-query.js';
import { listAll, listPage, type Page } from '../../../src/logs/listing.js';
import { describeEachDatabase } from '../../support/databases.js';
import { generate } from '../../support/generate/generate.js';

const CALLS = 30_000;

describeEachDatabase('a search by number among 30,000 calls', (database) => {
  let all: Cdr[] = [];
  beforeAll(async () => {
    const { knex, dialect } = database();
    await generate(database(), { calls: CALLS, sessions: 0, webSessions: 0, accounts: 3_000 });
    // A line that was in use long ago.
    await knex('cdr').where('id', '<=', 3_000).update({ src: '0999123' });
    await knex.raw(dialect === 'sqlite' ? 'analyze' : 'analyze table cdr');
    all = ((await knex('cdr').select()) as DatabaseRow[]).map((row) => fromRow(cdrs.columns, row));
  });

  const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

  /** What fits, found without the database. */
  function expected(fits: (call: Cdr) => boolean, sort: 'callDate' | 'src' | 'duration', sign: 1 | -1): number[] {
    return all.filter(fits).sort((a, b) => sign * (compare(a[sort], b[sort]) || compare(a.callDate, b.callDate) || compare(a.id, b.id))).map(({ id }) => id);
  }

  async function paged(parameters: QueryParameters, pages: number): Promise<number[]> {
    const ids: number[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < pages; page += 1) {
      const found: Page<typeof cdrs.columns> = await listPage(database().knex, cdrs, parseListQuery(cdrs, { ...parameters, ...(cursor === null ? {} : { cursor }) }));
      ids.push(...found.records.map(({ id }) => id));
      cursor = found.next;
      if (cursor === null) break;
    }
    return ids;
  }

  // Some fit few rows, some many, 0999 many of long ago and none lately; the last none.
  const begins = (text: string) => (call: Cdr): boolean => call.src.startsWith(text) || call.dst.startsWith(text);
  const ends = (text: string) => (call: Cdr): boolean => call.src.endsWith(text) || call.dst.endsWith(text);
  const either = (...tests: readonly ((call: Cdr) => boolean)[]) => (call: Cdr): boolean => tests.some((test) => test(call));

  it.each<[string, (call: Cdr) => boolean]>([
    ['1000', either(begins('1000'), ends('1000'))],
    ['+390245671012', either(begins('+390245671012'), ends('390245671012'))],
    ['(02) 45', begins('0245')],
    ['0045671012', ends('45671012')],
    ['+39', begins('+39')],
    ['60', begins('60')],
    ['0999', either(begins('0999'), ends('0999'))],
    ['7777777777', () => false],
  ])('%s finds what begins or ends so, in each order, page by page', async (search, fits) => {
    for (const [sort, order] of [['callDate', 'desc'], ['callDate', 'asc'], ['src', 'asc'], ['duration', 'desc']] as const) {
      const ids = expected(fits, sort, order === 'desc' ? -1 : 1);
      expect(await paged({ search, sort, order, limit: '40' }, 3), `${sort} ${order}`).toEqual(ids.slice(0, 120));
    }
  });

  it('keeps to filters and to a range of time', async () => {
    const from = all[Math.floor(CALLS / 3)]?.callDate ?? 0;
    const fits = (call: Cdr): boolean => either(begins('+39347'), ends('39347'))(call) && call.disposition === 'BUSY' && call.callDate < from;
    expect(await paged({ search: '+39 347', disposition: 'BUSY', to: new Date(Math.ceil(from / 1_000)).toISOString(), limit: '30' }, 2)).toEqual(expected(fits, 'callDate', -1).slice(0, 60));
  });

  it('gives all of them to an export, and counts them', async () => {
    for (const [search, fits] of [['+39347', either(begins('+39347'), ends('39347'))], ['1005', either(begins('1005'), ends('1005'))]] as const) {
      const query = parseListQuery(cdrs, { search });
      const found: number[] = [];
      for await (const records of listAll(database().knex, cdrs, query, 1_000)) found.push(...records.map(({ id }) => id));
      expect(found).toEqual(expected(fits, 'callDate', -1));
      expect(await countRows(database().knex, cdrs, query, 100_000)).toBe(found.length);
    }
  });
});
