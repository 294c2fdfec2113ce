import type { Knex } from 'knex';
import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database/database.js';
import { pageQuery } from '../../../src/database/page-query.js';
import { allColumns } from '../../../src/database/page-query.js';
import { fewAtOnce, idsByIndexes, readPage } from '../../../src/database/search-page.js';
import { isSortedApart, MOST_SORTED } from '../../../src/database/sorted-page.js';
import { InvalidInputError } from '../../../src/errors.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { choicesOf, fromRow, type DatabaseRow, type LogDefinition, type LogRecord } from '../../../src/logs/columns.js';
import { filterNames, keysetOf, sortNames, type ListQuery } from '../../../src/logs/list-query.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { searchCondition } from '../../../src/logs/search.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { webSessions } from '../../../src/logs/web-session/columns.js';
import { describeEachDatabase } from '../../support/databases.js';
import { generate } from '../../support/generate/generate.js';
import { planOf, rowsRead } from './plans.js';

const ROWS = 50_000;
const DAY = 86_400_000_000;
const LOGS: readonly LogDefinition[] = [cdrs, sipSessions, webSessions, registeredAccounts];
const PAGE = 51;
/** What a page may read besides its own rows: of 50,000. */
const MOST_READ = 400;
/** Calls of a number that was in use long ago: more than a few. */
const OLD = 4_000;
/** And a page in another order than that of its filter: 5,000 ids, counted, gathered, looked up and put in order, however many rows there are. */
const MOST_READ_APART = 6.4 * MOST_SORTED;

/** Every query of one page that a log's definition allows: each filter, sort, direction, range of time and page, forward and back. */
function* queries(log: LogDefinition, values: ReadonlyMap<string, readonly string[]>, middle: LogRecord): Generator<ListQuery> {
  const at = Number(middle[log.timeColumn]);
  const filters = [{}, ...filterNames(log.columns).flatMap((name) => (values.get(name) ?? []).map((value) => ({ [name]: value })))];
  for (const filter of filters)
    for (const sort of sortNames(log.columns))
      for (const order of ['asc', 'desc'] as const)
        for (const [from, to] of [[null, null], [at - DAY, at + DAY], [null, at + DAY], [at - DAY, null]] as const)
          for (const edge of ['none', 'after', 'before'] as const) {
            const query: ListQuery = { from, to, filters: filter, search: null, sort, order, limit: PAGE, after: null, before: null };
            yield edge === 'none' ? query : { ...query, [edge]: keysetOf(log, query, middle) };
          }
}

const isByTime = (log: LogDefinition, { sort }: ListQuery): boolean => sort === log.timeColumn && sort === log.defaultSort;
/** All that is left of a sort and a filter of different columns, or of a range of time, is a sort of what the filter leaves. */
const isPlain = (log: LogDefinition, query: ListQuery): boolean => isByTime(log, query) || (Object.keys(query.filters).length === 0 && query.from === null && query.to === null);

describeEachDatabase('every query that a list can make of 50,000 rows', (database) => {
  beforeAll(async () => {
    const { knex, dialect } = database();
    await generate(database(), { calls: ROWS, webSessions: ROWS });
    for (const { table } of LOGS) await knex.raw(dialect === 'sqlite' ? `analyze ${table}` : `analyze table ${table} persistent for all`);
  });

  it.each(LOGS.map((log) => [log.name, log] as const))('%s', async (_, log) => {
    const { knex } = database();
    const middle = await middleOf(knex, log);
    const faults: string[] = [];
    let asked = 0;
    for (const query of queries(log, await valuesOf(knex, log), middle)) {
      asked += 1;
      const fault = isSortedApart(log, query)
        ? await tooMuchRead(database(), MOST_READ_APART, (trx) => readPage(trx, log, query, allColumns(log)).catch(refused))
        : (faultOf(await planOf(database(), pageQuery(knex, log, query), MOST_READ), isPlain(log, query)) ?? (isPlain(log, query) ? await tooMuchRead(database(), MOST_READ, (trx) => pageQuery(trx, log, query)) : null));
      if (fault !== null) faults.push(`${JSON.stringify({ ...query, search: undefined })}: ${fault}`);
    }
    expect({ faults: faults.length, first: faults.slice(0, 10) }).toEqual({ faults: 0, first: [] });
    // A definition that lost its filters would ask hardly anything.
    expect(asked).toBeGreaterThan(200);
  });

  it.each(['1005', '+39347', '0245'])('the calls that a search for %s finds by its indexes', async (text) => {
    const { knex } = database();
    for (const sort of sortNames(cdrs.columns)) {
      const query: ListQuery = { from: null, to: null, filters: {}, search: { text, accounts: ['1000', '1001'] }, sort, order: 'desc', limit: PAGE, after: null, before: null };
      const plan = await planOf(database(), idsByIndexes(knex, cdrs, query, searchCondition(cdrs, { text, accounts: ['1000', '1001'] })), MOST_READ);
      const read = plan.filter((step) => /\bcdr\b|cdr_/.test(step));
      expect(read.length, plan.join('\n')).toBeGreaterThanOrEqual(6);
      for (const step of read) expect(step, plan.join('\n')).toMatch(/(?:range|ref) cdr_(?:src|dst)|SEARCH cdr USING (?:COVERING )?INDEX cdr_(?:src|dst)/);
    }
  });

  it.each(['1005', '+39347', '0245'])('a first page of a search for %s, in one statement', async (text) => {
    const { knex } = database();
    for (const order of ['asc', 'desc'] as const) {
      const query: ListQuery = { from: null, to: null, filters: {}, search: { text, accounts: [] }, sort: 'callDate', order, limit: PAGE, after: null, before: null };
      const asked = fewAtOnce(knex, cdrs, query, searchCondition(cdrs, { text, accounts: [] }), allColumns(cdrs));
      if (asked === null) throw new Error('not in one statement');
      const plan = await planOf(database(), asked);
      const read = plan.filter((step) => /\bcdr\b|cdr_/.test(step));
      expect(read.length, plan.join('\n')).toBeGreaterThanOrEqual(3);
      for (const step of read) expect(step, plan.join('\n')).toMatch(/(?:range|ref) cdr_(?:src|dst)|SEARCH cdr USING (?:COVERING )?INDEX cdr_(?:src|dst)|cdr: eq_ref PRIMARY|SEARCH cdr USING INTEGER PRIMARY KEY/);
    }
  });

  it('a search that many rows fit, but none where its page begins: found by its indexes', async () => {
    const { knex } = database();
    await knex('cdr').where('id', '<=', OLD).update({ src: '0999123' });
    const query: ListQuery = { from: null, to: null, filters: {}, search: { text: '0999', accounts: [], callers: [] }, sort: 'callDate', order: 'desc', limit: PAGE, after: null, before: null };
    const columns = allColumns(cdrs);
    const oldest = knex('cdr').select('id').where('src', '0999123').orderBy([{ column: 'call_date', order: 'desc' }, { column: 'id', order: 'desc' }]).limit(PAGE);
    const ids = ((await oldest) as { id: number }[]).map(({ id }) => id);
    expect((await readPage(knex, cdrs, query, columns)).map((row) => row[columns.indexOf('id')])).toEqual(ids);
  });
});

/** A record in the midst of the table. */
async function middleOf(knex: Knex, log: LogDefinition): Promise<LogRecord> {
  const [count] = await knex(log.table).count<{ rows: number | string }[]>({ rows: '*' });
  const [row] = (await knex(log.table).orderBy('id').offset(Math.floor(Number(count?.rows) * 0.7)).limit(1)) as DatabaseRow[];
  return fromRow(log.columns, row ?? {});
}

/** For each filter a value of many rows, one of few and one that no row has. */
async function valuesOf(knex: Knex, log: LogDefinition): Promise<ReadonlyMap<string, readonly string[]>> {
  const values = new Map<string, readonly string[]>();
  for (const name of filterNames(log.columns)) {
    const column = log.columns[name];
    if (!column) continue;
    const stored = column.deviceDb ?? column.db;
    const counted = (await knex(log.table).select({ value: stored }).whereNot(stored, '').count({ rows: '*' }).groupBy(stored).orderBy('rows', 'desc')) as { value: string | number }[];
    const asText = (value: string | number | undefined): string => (column.type === 'flag' ? String(value === 1) : String(value));
    const there = [counted[0], counted[Math.floor(counted.length / 2)], counted.at(-1)].map((count) => asText(count?.value));
    values.set(name, [...new Set([...there, (choicesOf(column) ?? ['nobody']).find((choice) => !counted.some(({ value }) => asText(value) === choice)) ?? there[0] ?? ''])]);
  }
  return values;
}

function faultOf(plan: readonly string[], sorted: boolean): string | null {
  const text = plan.join('; ');
  // What no row can have, MariaDB knows without a table.
  if (/Impossible|no matching row/.test(text)) return null;
  if (/NO KEY|: ALL|SCAN \w+$/.test(text)) return `reads the whole table: ${text}`;
  return sorted && /filesort.* of many|TEMP B-TREE/.test(text) ? `sorts: ${text}` : null;
}

function refused(error: unknown): void {
  if (!(error instanceof InvalidInputError)) throw error;
}

async function tooMuchRead(database: Database, most: number, ask: (trx: Knex) => PromiseLike<unknown>): Promise<string | null> {
  const rows = await rowsRead(database, ask);
  return rows !== null && rows > most ? `reads ${rows} rows` : null;
}
