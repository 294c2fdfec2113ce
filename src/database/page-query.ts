import type { Knex } from 'knex';
import { formatAddress, parseAddress } from '../ami/address.js';
import type { LogDefinition } from '../logs/columns.js';
import { keysetColumns, type ListQuery, type Order } from '../logs/list-query.js';
import { searchCondition, type SearchTerm } from '../logs/search.js';
import { isSqlite } from './database.js';

/** Behind all texts that begin alike: the last character that there is. */
const LAST_CHARACTER = '\u{10ffff}';

/**
 * The SQL of one page, with its limit; apart, so that tests can ask the database to explain it. A search only leaves out
 * rows here: `readPage` finds them by the indexes of what is searched where that is quicker.
 */
export function pageQuery(knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder {
  const lead = leadOf(knex, log, query);
  const sql = matching(knex, log, query, lead).select(allColumns(log));
  if (query.search) leaveOut(sql, log, searchCondition(log, query.search));
  const order = orderOf(log, query);
  return sql.orderBy(lead === null ? order : [{ column: lead, order: directionOf(query) }, ...order]).limit(query.limit);
}

/**
 * The column whose index ends in the list's order, where its value is given. MariaDB goes down such an index from the
 * newest row of the value to the page's edge, however deep that is (10.11); asked for a range that holds the one value,
 * and in the order of the whole index, it begins at the edge.
 */
function leadOf(knex: Knex, log: LogDefinition, query: ListQuery): string | null {
  if (isSqlite(knex) || query.search) return null;
  const filters = equalities(log, query).filter(({ column }) => column !== log.onlyWhere);
  if (log.onlyWhere !== undefined) return filters.length === 0 ? log.onlyWhere : null;
  if (orderingColumns(log, query)[0] !== log.timeColumn) return null;
  const texts = filters.filter(({ isCoarse }) => !isCoarse);
  return texts[0]?.column ?? (filters.length === 1 ? filters[0]?.indexed : undefined) ?? null;
}

export interface Equality {
  readonly column: string;
  readonly value: string | number;
  /** The column whose index has the rows of a value, where that is another one. */
  readonly indexed: string;
  /** Few values, each of many rows. */
  readonly isCoarse: boolean;
}

/** What the rows must have: the database's columns and values. */
export function equalities(log: LogDefinition, { filters }: Pick<ListQuery, 'filters'>): Equality[] {
  const asked = Object.entries(filters).map(([name, value]): Equality => {
    const { type, hostDb, deviceDb, coarseDb, filter } = log.columns[name] ?? {};
    const host = hostDb === undefined ? null : parseAddress(value);
    const isHost = hostDb !== undefined && host?.port === null;
    if (isHost) return { column: hostDb, indexed: hostDb, value: formatAddress(host), isCoarse: false };
    const column = deviceDb ?? db(log, name);
    return { column, indexed: coarseDb ?? column, value: type === 'flag' ? Number(value === 'true') : value, isCoarse: coarseDb !== undefined || filter !== true };
  });
  return log.onlyWhere === undefined ? asked : [{ column: log.onlyWhere, indexed: log.onlyWhere, value: 1, isCoarse: true }, ...asked];
}

export const allColumns = ({ columns }: LogDefinition): string[] => [...new Set(Object.values(columns).map((column) => column.db))];

/** The database's name of a log's column. */
export const db = ({ columns }: LogDefinition, name: string): string => columns[name]?.db ?? name;

/** A page back is read from its end. */
export const directionOf = ({ before, order }: Pick<ListQuery, 'before' | 'order'>): Order => (before === null ? order : order === 'desc' ? 'asc' : 'desc');

/** What orders the rows of a query: a column whose value the filters fix orders nothing, and MariaDB would sort all rows by it. */
export function orderOf(log: LogDefinition, query: ListQuery): { column: string; order: Order }[] {
  return orderingColumns(log, query).map((name) => ({ column: db(log, name), order: directionOf(query) }));
}

/** As `orderOf`, by the names of the log's columns. */
export const orderingColumns = (log: LogDefinition, { sort, filters }: Pick<ListQuery, 'sort' | 'filters'>): string[] =>
  keysetColumns(log, sort).filter((name) => filters[name] === undefined || log.columns[name]?.hostDb !== undefined || log.columns[name]?.deviceDb !== undefined);

/** All rows from the page's edge on, without its search. */
export function matching(knex: Knex, log: LogDefinition, query: ListQuery, lead: string | null = null): Knex.QueryBuilder {
  const sql = knex(log.table);
  const asked = equalities(log, query);
  for (const { column: own, indexed, value } of asked) {
    const column = asked.length === 1 && !query.search ? indexed : own;
    if (column === lead) void sql.where(column, '>=', value).where(column, '<=', value);
    else void sql.where(column, value);
  }
  if (query.from !== null) void sql.where(db(log, log.timeColumn), '>=', query.from);
  if (query.to !== null) void sql.where(db(log, log.timeColumn), '<', query.to);
  const place = placeOf(log, query);
  if (place) afterRow(knex, sql, place, directionOf(query) === 'desc' ? '<' : '>');
  return sql;
}

/** The values, in the list's order, of the row that a page begins behind; null for the first page. */
export function placeOf(log: LogDefinition, query: ListQuery): Place | null {
  const edge = query.before ?? query.after;
  const keyset = keysetColumns(log, query.sort);
  return edge && orderingColumns(log, query).map((name) => ({ column: db(log, name), value: edge[keyset.indexOf(name)] ?? 0 }));
}

/** A column of the database, and the texts that it must lie between or be one of. */
export type Sought = { readonly column: string; readonly from: string; readonly to: string } | { readonly column: string; readonly values: readonly string[] };

export function soughtBy(log: LogDefinition, term: SearchTerm): Sought {
  const { db: column = term.column, reversedDb = column, nameDb = column } = log.columns[term.column] ?? {};
  if (term.kind === 'is') return { column: nameDb, values: term.values };
  // A range, which an index finds in both databases; LIKE is none for SQLite.
  if (term.kind === 'begins') return { column, from: term.text, to: term.text + LAST_CHARACTER };
  const reversed = Array.from(term.text).reverse().join('');
  return { column: reversedDb, from: reversed, to: reversed + LAST_CHARACTER };
}

// coalesce hides the columns from both planners, which would else read and sort all that fits rather than go in the list's order.
export function leaveOut(sql: Knex.QueryBuilder, log: LogDefinition, terms: readonly SearchTerm[]): void {
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

export type Place = readonly { readonly column: string; readonly value: string | number }[];

/** Rows behind a place in the order: (a, b, c) < (?, ?, ?). */
export function afterRow(knex: Knex, sql: Knex.QueryBuilder, place: Place, operator: '<' | '>'): void {
  if (isSqlite(knex)) {
    // Spelled out, SQLite would read each of the alternatives and sort.
    const row = (part: string): string => `(${place.map(() => part).join(', ')})`;
    void sql.whereRaw(`${row('??')} ${operator} ${row('?')}`, [...place.map(({ column }) => column), ...place.map(({ value }) => value)]);
    return;
  }
  // So, MariaDB would scan the whole index; the bound on the first column alone is what lets it start at the right place.
  const [first] = place;
  if (first) void sql.where(first.column, `${operator}=`, first.value);
  void sql.where((any) => {
    place.forEach(({ column, value }, index) => {
      void any.orWhere((all) => {
        for (const before of place.slice(0, index)) void all.where(before.column, before.value);
        void all.where(column, operator, value);
      });
    });
  });
}
