import type { Knex } from 'knex';
import { formatAddress, parseAddress } from '../ami/address.js';
import { fromRow, type Columns, type DatabaseRow, type LogDefinition, type RecordOf } from '../logs/columns.js';
import { cursorAfter, cursorBefore, keysetColumns, keysetOf, type ListQuery } from '../logs/list-query.js';
import { accountsNamed } from '../logs/registered-account/named.js';
import { mayBeName, searchCondition, type SearchTerm } from '../logs/search.js';

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
  const query = await withAccounts(knex, asked);
  const rows = (await pageQuery(knex, log, { ...query, limit: query.limit + 1 })) as DatabaseRow[];
  const shown = rows.slice(0, query.limit).map((row) => fromRow(log.columns, row));
  const records = query.before ? shown.reverse() : shown;
  const [first, last] = [records[0], records.at(-1)];
  if (!first || !last) return { records, previous: null, next: null, above: query.after };
  const more = rows[query.limit];
  const above = query.before ? (more ? keysetOf(log, query, fromRow(log.columns, more)) : null) : query.after;
  return {
    records,
    previous: above === null ? null : cursorBefore(log, query, first),
    // What a reader goes back from stands below.
    next: query.before !== null || more ? cursorAfter(log, query, last) : null,
    above,
  };
}

/** A query whose search knows the accounts it may mean. */
export async function withAccounts<Q extends Pick<ListQuery, 'search'>>(knex: Knex, query: Q): Promise<Q> {
  const { search } = query;
  if (search?.accounts !== null) return query;
  return { ...query, search: { ...search, accounts: mayBeName(search.text) ? await accountsNamed(knex, search.text) : [] } };
}

/**
 * Every record that matches, page after page, each page one short query: no connection is held
 * while a slow client reads, and a lost connection is one error.
 */
export async function* listAll<C extends Columns>(
  knex: Knex,
  log: LogDefinition<C>,
  asked: ListQuery,
  pageSize = 2_000,
): AsyncGenerator<readonly RecordOf<C>[]> {
  const query = await withAccounts(knex, asked);
  let after = query.after;
  for (;;) {
    const rows = (await pageQuery(knex, log, { ...query, after, limit: pageSize })) as DatabaseRow[];
    if (rows.length === 0) return;
    yield rows.map((row) => fromRow(log.columns, row));
    const last = rows.at(-1);
    if (rows.length < pageSize || !last) return;
    after = keysetColumns(log, query.sort).map((name) => {
      const value = last[log.columns[name]?.db ?? ''];
      return typeof value === 'string' ? value : Number(value);
    });
  }
}

/** The SQL of one page, with its limit; apart, so that tests can ask the database to explain it. */
export function pageQuery(knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder {
  const { columns } = log;
  const db = (name: string): string => columns[name]?.db ?? name;
  const sql = knex(log.table).select([...new Set(Object.values(columns).map((column) => column.db))]);
  if (log.onlyWhere !== undefined) void sql.where(log.onlyWhere, 1);
  for (const [name, value] of Object.entries(query.filters)) {
    const { type, hostDb } = columns[name] ?? {};
    const host = hostDb === undefined ? null : parseAddress(value);
    if (hostDb !== undefined && host?.port === null) void sql.where(hostDb, formatAddress(host));
    else void sql.where(db(name), type === 'flag' ? Number(value === 'true') : value);
  }
  if (query.search) searched(sql, db, searchCondition(log, query.search));
  if (query.from !== null) void sql.where(db(log.timeColumn), '>=', query.from);
  if (query.to !== null) void sql.where(db(log.timeColumn), '<', query.to);
  const keyset = keysetColumns(log, query.sort).map(db);
  // A page back is read from its end.
  const order = query.before ? (query.order === 'desc' ? 'asc' : 'desc') : query.order;
  const edge = query.before ?? query.after;
  if (edge) afterRow(sql, keyset, edge, order === 'desc' ? '<' : '>');
  return sql.orderBy(keyset.map((column) => ({ column, order }))).limit(query.limit);
}

/** Behind all texts that begin alike: the last character that there is. */
const LAST_CHARACTER = '\u{10ffff}';

function searched(sql: Knex.QueryBuilder, db: (name: string) => string, terms: readonly SearchTerm[]): void {
  if (terms.length === 0) void sql.whereRaw('1 = 0');
  else {
    void sql.where((any) => {
      for (const term of terms) {
        // A range, which an index finds in both databases; LIKE is none for SQLite.
        if (term.kind === 'begins') {
          void any.orWhere((all) => {
            void all.where(db(term.column), '>=', term.text).where(db(term.column), '<', term.text + LAST_CHARACTER);
          });
        }
        if (term.kind === 'is') void any.orWhereIn(db(term.column), [...term.values]);
      }
    });
  }
}

// (a, b, c) < (?, ?, ?) spelled out, since MariaDB scans the whole index for a row comparison;
// the bound on the first column alone is what lets it start at the right place.
function afterRow(sql: Knex.QueryBuilder, columns: readonly string[], values: readonly (string | number)[], operator: '<' | '>'): void {
  const [first = ''] = columns;
  void sql.where(first, `${operator}=`, values[0] ?? 0);
  void sql.where((any) => {
    columns.forEach((column, index) => {
      void any.orWhere((all) => {
        for (let i = 0; i < index; i += 1) void all.where(columns[i] ?? '', values[i] ?? 0);
        void all.where(column, operator, values[index] ?? 0);
      });
    });
  });
}
