import type { Knex } from 'knex';
import { beforeAll, expect, it } from 'vitest';
import { rowArrays } from '../../../src/database/row-arrays.js';
import { calls as callList } from '../../../src/logs/cdr/call-columns.js';
import { countCalls } from '../../../src/logs/cdr/call-count.js';
import { KEY_COLUMNS, legsBy, legKey, type LegKey } from '../../../src/logs/cdr/call-legs.js';
import { isByEachLeg } from '../../../src/logs/cdr/call-query.js';
import { listCalls } from '../../../src/logs/cdr/calls.js';
import { eachCallQuery, legsQuery, linkedidsQuery, underWayQuery } from '../../../src/logs/cdr/legs-query.js';
import { choicesOf } from '../../../src/logs/columns.js';
import { filterNames, type ListQuery } from '../../../src/logs/list-query.js';
import { describeEachDatabase } from '../../support/databases.js';
import { generate } from '../../support/generate/generate.js';
import { planOf, rowsRead } from './plans.js';

const ROWS = 50_000;
const DAY = 86_400_000_000;
const PAGE = 50;
/** What a page may read: the legs of twice its calls, twice, and those of a day; of 50,000. */
const MOST_READ = 1_600;
/** Where calls are folded to see whether they fit, or found by what is searched. */
const MOST_SIFTED = 25_000;
/** 10,000 calls of a search by eight columns, each gathered, told apart and looked up. */
const MOST_COUNTED = 150_000;

type Search = ListQuery['search'];

/** Every query of a page of calls: each filter and search, order, range of time and page, forward and back. */
function* queries(values: ReadonlyMap<string, readonly string[]>, middle: LegKey): Generator<ListQuery> {
  const filters = [{}, ...filterNames(callList.columns).flatMap((name) => (values.get(name) ?? []).map((value) => ({ [name]: value })))];
  const searches: readonly Search[] = [null, { text: '1005', accounts: [] }, { text: '+39347', accounts: ['1000', '1001'] }, { text: 'nobody', accounts: [] }];
  for (const search of searches)
    for (const filter of search === null ? filters : [{}])
      for (const order of ['asc', 'desc'] as const)
        for (const [from, to] of [[null, null], [middle.at - DAY, middle.at + DAY], [null, middle.at + DAY], [middle.at - DAY, null]] as const)
          for (const edge of ['none', 'after', 'before'] as const) {
            const query: ListQuery = { from, to, filters: filter, search, sort: 'begin', order, limit: PAGE, after: null, before: null };
            yield edge === 'none' ? query : { ...query, [edge]: [middle.at, middle.id] };
          }
}

describeEachDatabase('every query that the list of whole calls can make of 50,000 legs', (database) => {
  beforeAll(async () => {
    const { knex, dialect } = database();
    await generate(database(), { calls: ROWS });
    await knex.raw(dialect === 'sqlite' ? 'analyze cdr' : 'analyze table cdr persistent for all');
  });

  it('goes by an index, without sorting, and reads no more than a page is worth', async () => {
    const { knex } = database();
    const middle = await middleOf(knex);
    const faults: string[] = [];
    let asked = 0;
    const check = async (what: string, query: ListQuery, sql: Knex.QueryBuilder, sorted: boolean): Promise<void> => {
      asked += 1;
      const plan = (await planOf(database(), sql, MOST_READ)).join('; ');
      if (/Impossible|no matching row/.test(plan)) return;
      // It ends at 10,001 calls: what MariaDB reads until then is counted below, and where all legs are of one PBX each of them counts.
      if (what === 'a count' && (database().dialect === 'mysql' || query.filters['pbx'] !== undefined)) return;
      if (/\b(?:cdr|leg): (?:\w+ NO KEY|ALL|index (?!cdr_call_date))|SCAN (?:cdr|leg)(?! USING)/.test(plan)) faults.push(`${what} reads the whole table: ${plan} ${JSON.stringify(query)}`);
      if (sorted && /filesort.* of many|TEMP B-TREE FOR ORDER/.test(plan)) faults.push(`${what} sorts: ${plan} ${JSON.stringify(query)}`);
    };
    for (const query of queries(await valuesOf(knex), middle)) {
      if (query.search === null) {
        await check('a page of legs', query, legsQuery(knex, query, null, query.order, 2 * PAGE), true);
        await check('a page of legs from amid', query, legsQuery(knex, query, middle, query.order, 2 * PAGE), true);
      }
      if (isByEachLeg(query)) await check('what is under way', query, underWayQuery(knex, query, middle, middle), false);
      const read = await rowsRead(database(), (trx) => listCalls(trx, query));
      const most = query.filters['disposition'] === undefined && query.search === null ? MOST_READ : MOST_SIFTED;
      if (read !== null && read > most) faults.push(`a page reads ${read} rows: ${JSON.stringify(query)}`);
      if (query.order === 'asc' || query.after !== null || query.before !== null) continue;
      const isAll = !isByEachLeg(query) && query.from === null && query.to === null;
      await check('a count', query, isAll ? linkedidsQuery(knex, 10_001) : eachCallQuery(knex, query, 10_001), false);
      const counted = await rowsRead(database(), (trx) => countCalls(trx, query));
      if (counted !== null && counted > MOST_COUNTED) faults.push(`a count reads ${counted} rows: ${JSON.stringify(query)}`);
    }
    expect({ faults: faults.length, first: faults.slice(0, 10) }).toEqual({ faults: 0, first: [] });
    // A definition that lost its filters would ask hardly anything.
    expect(asked).toBeGreaterThan(1_000);
  });

  it('gathers legs by indexes', async () => {
    const { knex } = database();
    const keys = Array.from({ length: 200 }, (_, n) => `1778414400.${n}`);
    for (const column of ['linkedid', 'uniqueid'] as const) {
      const sql = legsBy(knex, column, keys).whereBetween('call_date', [0, DAY * 100_000]);
      expect((await planOf(database(), sql)).join('; ')).toMatch(/range cdr_(uniqueid|linkedid)|SEARCH cdr USING INDEX cdr_(uniqueid|linkedid)/);
    }
  });
});

/** A leg in the midst of the table. */
async function middleOf(knex: Knex): Promise<LegKey> {
  const [row] = await rowArrays(knex, knex('cdr').select(KEY_COLUMNS).orderBy('id').offset(Math.floor(ROWS * 0.7)).limit(1));
  return legKey(row ?? []);
}

/** For each filter a value of many legs, one of few and one that none has. */
async function valuesOf(knex: Knex): Promise<ReadonlyMap<string, readonly string[]>> {
  const values = new Map<string, readonly string[]>();
  for (const name of filterNames(callList.columns)) {
    const column = callList.columns[name];
    const choices = column && choicesOf(column);
    if (choices) values.set(name, choices);
    else {
      // What only a whole call has, its legs call the same.
      const own = column?.db === '' ? name : column?.db;
      const stored = column?.deviceDb ?? own ?? name;
      const counted = (await knex('cdr').select({ value: stored }).count({ rows: '*' }).groupBy(stored).orderBy('rows', 'desc')) as { value: string }[];
      values.set(name, [...new Set([counted[0]?.value ?? '', counted[Math.floor(counted.length / 2)]?.value ?? '', 'nobody'])]);
    }
  }
  return values;
}
