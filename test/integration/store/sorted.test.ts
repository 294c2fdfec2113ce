import { beforeAll, expect, it } from 'vitest';
import { MOST_SORTED } from '../../../src/database/sorted-page.js';
import { InvalidInputError } from '../../../src/errors.js';
import { cdrs, type Cdr } from '../../../src/logs/cdr/columns.js';
import { fromRow, type DatabaseRow } from '../../../src/logs/columns.js';
import { parseListQuery, type QueryParameters } from '../../../src/logs/list-query.js';
import { listAll, listPage } from '../../../src/logs/listing.js';
import { toIso } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { generate } from '../../support/generate/generate.js';

const CALLS = 30_000;
const SORTS = ['duration', 'src', 'dst', 'disposition'] as const;

describeEachDatabase('calls in another order than that of their filter', (database) => {
  let all: Cdr[] = [];
  beforeAll(async () => {
    const { knex, dialect } = database();
    await generate(database(), { calls: CALLS, sessions: 0, webSessions: 0, accounts: 1_000 });
    await knex('cdr').where('id', '<=', 40).update({ pbx: 'pbx-rome' });
    await knex.raw(dialect === 'sqlite' ? 'analyze' : 'analyze table cdr');
    all = ((await knex('cdr').select()) as DatabaseRow[]).map((row) => fromRow(cdrs.columns, row));
  });

  const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
  const expected = (fits: (call: Cdr) => boolean, sort: (typeof SORTS)[number], sign: 1 | -1): number[] =>
    all.filter(fits).sort((a, b) => sign * (compare(a[sort], b[sort]) || compare(a.callDate, b.callDate) || compare(a.id, b.id))).map(({ id }) => id);

  /** Three pages on and two back; null where the order is refused. */
  async function paged(parameters: QueryParameters): Promise<number[] | null> {
    const ids: number[] = [];
    const page = async (cursor: string | null) => listPage(database().knex, cdrs, parseListQuery(cdrs, { ...parameters, limit: '30', ...(cursor === null ? {} : { cursor }) }));
    try {
      const pages = [await page(null)];
      while (pages.length < 3 && pages.at(-1)?.next) pages.push(await page(pages.at(-1)?.next ?? null));
      ids.push(...pages.flatMap(({ records }) => records.map(({ id }) => id)));
      const [, second, third] = pages;
      if (third && second) expect((await page(third.previous)).records, JSON.stringify(parameters)).toEqual(second.records);
      return ids;
    } catch (error) {
      if (error instanceof InvalidInputError && error.field === 'sort') return null;
      throw error;
    }
  }

  it.each<[string, QueryParameters, (call: Cdr) => boolean]>([
    ['many', { disposition: 'NO_ANSWER' }, ({ disposition }) => disposition === 'NO_ANSWER'],
    ['most', { disposition: 'ANSWERED' }, ({ disposition }) => disposition === 'ANSWERED'],
    ['few', { disposition: 'BUSY' }, ({ disposition }) => disposition === 'BUSY'],
    ['one device', { channel: 'PJSIP/1001' }, ({ channel }) => channel.startsWith('PJSIP/1001-')],
    ['one PBX of few', { pbx: 'pbx-rome' }, ({ pbx }) => pbx === 'pbx-rome'],
    ['one PBX of many', { pbx: 'pbx-milan', disposition: 'BUSY' }, ({ pbx, disposition }) => pbx === 'pbx-milan' && disposition === 'BUSY'],
    ['none', { pbx: 'nowhere' }, () => false],
    ['a range of few', { from: '2026-10-01' }, ({ callDate }) => callDate >= Date.parse('2026-10-01') * 1_000],
    ['a search of some', { search: '+39347', disposition: 'FAILED' }, ({ src, dst, disposition }) => disposition === 'FAILED' && [src, dst].some((number) => number.startsWith('+39347') || number.endsWith('39347'))],
  ])('%s: is right, page by page, or refused where more than 5,000 fit', async (_, parameters, fits) => {
    const refused: string[] = [];
    for (const sort of SORTS) {
      for (const order of ['asc', 'desc'] as const) {
        const ids = await paged({ ...parameters, sort, order });
        if (ids === null) refused.push(`${sort} ${order}`);
        else expect(ids, `${sort} ${order}`).toEqual(expected(fits, sort, order === 'desc' ? -1 : 1).slice(0, 90));
      }
    }
    if (all.filter(fits).length <= MOST_SORTED) expect(refused).toEqual([]);
  });

  it('is refused where the page is not near and more than 5,000 rows fit, and an export has them all', async () => {
    const { knex } = database();
    const parameters = { disposition: 'NO_ANSWER', sort: 'duration', order: 'desc' };
    const fits = expected(({ disposition }) => disposition === 'NO_ANSWER', 'duration', -1);
    expect(fits.length).toBeGreaterThan(MOST_SORTED);
    await expect(listPage(knex, cdrs, parseListQuery(cdrs, parameters))).rejects.toThrow(/up to 5000 rows, and more fit/);
    const exported: number[] = [];
    for await (const records of listAll(knex, cdrs, parseListQuery(cdrs, parameters))) exported.push(...records.map(({ id }) => id));
    expect(exported).toEqual(fits);
    // A shorter range of time makes it possible.
    const from = all[CALLS - 3_000]?.callDate ?? 0;
    const some = await listPage(knex, cdrs, parseListQuery(cdrs, { ...parameters, from: toIso(from, 'us') }));
    expect(some.records.map(({ id }) => id)).toEqual(expected(({ disposition, callDate }) => disposition === 'NO_ANSWER' && callDate >= from, 'duration', -1).slice(0, 50));
  });
});
