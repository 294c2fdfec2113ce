import type { Knex } from 'knex';
import { formatAddress, parseAddress } from '../ami/address.js';
import type { LogDefinition } from '../logs/columns.js';
import { keysetColumns, type ListQuery, type Order } from '../logs/list-query.js';
import { searchCondition, type SearchTerm } from '../logs/search.js';

/** Behind all texts that begin alike: the last character that there is. */
const LAST_CHARACTER = '\u{10ffff}';

/**
 * The SQL of one page, with its limit; apart, so that tests can ask the database to explain it. A search only leaves out
 * rows here: `readPage` finds them by the indexes of what is searched where that is quicker.
 */
export function pageQuery(knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder {
  const sql = matching(knex, log, query).select(allColumns(log));
  if (query.search) leaveOut(sql, log, searchCondition(log, query.search));
  return sql.orderBy(orderOf(log, query)).limit(query.limit);
}

export const allColumns = ({ columns }: LogDefinition): string[] => [...new Set(Object.values(columns).map((column) => column.db))];

/** The database's name of a log's column. */
export const db = ({ columns }: LogDefinition, name: string): string => columns[name]?.db ?? name;

/** A page back is read from its end. */
export const directionOf = ({ before, order }: Pick<ListQuery, 'before' | 'order'>): Order => (before === null ? order : order === 'desc' ? 'asc' : 'desc');

export function orderOf(log: LogDefinition, query: ListQuery): { column: string; order: Order }[] {
  return keysetColumns(log, query.sort).map((name) => ({ column: db(log, name), order: directionOf(query) }));
}

/** All rows from the page's edge on, without its search. */
export function matching(knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder {
  const sql = knex(log.table);
  if (log.onlyWhere !== undefined) void sql.where(log.onlyWhere, 1);
  for (const [name, value] of Object.entries(query.filters)) {
    const { type, hostDb } = log.columns[name] ?? {};
    const host = hostDb === undefined ? null : parseAddress(value);
    if (hostDb !== undefined && host?.port === null) void sql.where(hostDb, formatAddress(host));
    else void sql.where(db(log, name), type === 'flag' ? Number(value === 'true') : value);
  }
  if (query.from !== null) void sql.where(db(log, log.timeColumn), '>=', query.from);
  if (query.to !== null) void sql.where(db(log, log.timeColumn), '<', query.to);
  const edge = query.before ?? query.after;
  if (edge) afterRow(sql, orderOf(log, query).map(({ column }) => column), edge, directionOf(query) === 'desc' ? '<' : '>');
  return sql;
}

/** A column of the database, and the texts that it must lie between or be one of. */
export type Sought = { readonly column: string; readonly from: string; readonly to: string } | { readonly column: string; readonly values: readonly string[] };

export function soughtBy(log: LogDefinition, term: SearchTerm): Sought {
  const { db: column = term.column, reversedDb = column } = log.columns[term.column] ?? {};
  if (term.kind === 'is') return { column, values: term.values };
  // A range, which an index finds in both databases; LIKE is none for SQLite.
  if (term.kind === 'begins') return { column, from: term.text, to: term.text + LAST_CHARACTER };
  const reversed = Array.from(term.text).reverse().join('');
  return { column: reversedDb, from: reversed, to: reversed + LAST_CHARACTER };
}

// coalesce hides the columns from both planners, which would else read and sort all that fits rather than go in the list's order.
function leaveOut(sql: Knex.QueryBuilder, log: LogDefinition, terms: readonly SearchTerm[]): void {
  if (terms.length === 0) void sql.whereRaw('1 = 0');
  else {
    void sql.where((any) => {
      for (const sought of terms.map((term) => soughtBy(log, term))) {
        if ('values' in sought) void any.orWhereRaw(`coalesce(??, '') in (${sought.values.map(() => '?').join(', ')})`, [sought.column, ...sought.values]);
        else void any.orWhereRaw(`(coalesce(??, '') >= ? and coalesce(??, '') < ?)`, [sought.column, sought.from, sought.column, sought.to]);
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
