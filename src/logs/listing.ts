import type { Knex } from 'knex';
import { allColumns, db, pageQuery } from '../database/page-query.js';
import { rowArrays } from '../database/row-arrays.js';
import { fitsFew, readPage } from '../database/search-page.js';
import { InvalidInputError } from '../errors.js';
import { callersNamed } from './cdr/caller-names.js';
import { recordsOf, recordViews, type Column, type Columns, type LogDefinition, type RecordOf } from './columns.js';
import { cursorAfter, cursorBefore, keysetColumns, keysetOf, type ListQuery } from './list-query.js';
import { MOST_NAMED } from './plain-name.js';
import { accountsNamed } from './registered-account/named.js';
import { isOfAccounts, isOfCallers, mayBeName } from './search.js';

export interface Page<C extends Columns> {
  readonly records: readonly RecordOf<C>[];
  /** The cursor of the page that ends before the first record; null on the first page. */
  readonly previous: string | null;
  /** Continues after the last record; null on the last page. */
  readonly next: string | null;
  /** The values of `keysetColumns` of the row right above the first, null where there is none. */
  readonly above: ListQuery['after'];
}

/** One page of a log, in the order asked for, forward or back. Never counts and never skips: a page costs what it shows. */
export async function listPage<C extends Columns>(knex: Knex, log: LogDefinition<C>, asked: ListQuery): Promise<Page<C>> {
  const query = await withNames(knex, log, asked);
  const columns = allColumns(log);
  const rows = await readPage(knex, log, { ...query, limit: query.limit + 1 }, columns);
  const recordOf = recordsOf(log.columns, columns);
  const shown = rows.slice(0, query.limit).map(recordOf);
  const records = query.before ? shown.reverse() : shown;
  const [first, last] = [records[0], records.at(-1)];
  if (!first || !last) return { records, previous: null, next: null, above: query.after };
  const more = rows[query.limit];
  const above = query.before ? (more ? keysetOf(log, query, recordOf(more)) : null) : query.after;
  return {
    records,
    previous: above === null ? null : cursorBefore(log, query, first),
    // What a reader goes back from stands below.
    next: query.before !== null || more ? cursorAfter(log, query, last) : null,
    above,
  };
}

/**
 * A query whose search knows the accounts and the callers it may mean. Throws InvalidInputError where so many are called so
 * that a list by them would have to leave some out.
 */
export async function withNames<Q extends Pick<ListQuery, 'search'>>(knex: Knex, log: LogDefinition, query: Q): Promise<Q> {
  const { search } = query;
  if (search?.accounts !== null) return query;
  const named = async (has: (column: Column) => boolean, find: typeof accountsNamed): Promise<string[]> => {
    if (!mayBeName(search.text) || !Object.values(log.columns).some(has)) return [];
    const names = await find(knex, search.text, MOST_NAMED + 1);
    if (names.length > MOST_NAMED) throw new InvalidInputError('search', `begins a word of more than ${MOST_NAMED} names; give more of the name`);
    return names;
  };
  return { ...query, search: { ...search, accounts: await named(isOfAccounts, accountsNamed), callers: await named(isOfCallers, callersNamed) } };
}

/**
 * Every record that matches, page after page, each page one short query: no connection is held
 * while a slow client reads, and a lost connection is one error. Records are views (`recordViews`). It reads forward,
 * from `after` on; `before` is left aside.
 */
export async function* listAll<C extends Columns>(
  knex: Knex,
  log: LogDefinition<C>,
  asked: ListQuery,
  pageSize = 2_000,
): AsyncGenerator<readonly RecordOf<C>[]> {
  const query = await withNames(knex, log, asked);
  const names = allColumns(log);
  const view = recordViews(log.columns, names);
  const keyset = keysetColumns(log, query.sort).map((name) => names.indexOf(db(log, name)));
  // What many rows fit is best met on the way, since all of them are wanted.
  const few = await fitsFew(knex, log, query);
  let after = query.after;
  for (;;) {
    const page = { ...query, after, before: null, limit: pageSize };
    const rows = few ? await readPage(knex, log, page, names) : await rowArrays(knex, pageQuery(knex, log, page));
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map(view);
    if (rows.length < pageSize) return;
    after = keyset.map((place) => (typeof last[place] === 'string' ? last[place] : Number(last[place])));
  }
}
