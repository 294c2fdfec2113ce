import type { Knex } from 'knex';
import { InvalidInputError } from '../errors.js';
import { isText, type LogDefinition } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { searchCondition } from '../logs/search.js';
import { isByMonth } from './partitions.js';
import { afterRow, db, directionOf, equalities, leaveOut, orderingColumns, orderOf, placeOf } from './page-query.js';
import { rowArrays, type RowArray } from './row-arrays.js';

/** So many rows are put in order, or looked through in order, for one page. */
export const MOST_SORTED = 5_000;
/** What many rows fit is met among the first of any order. */
const FIRST_PAGES = 4;

/** Whether a page's order is not the one in which the index of its filter, or of its range of time, has its rows. */
export function isSortedApart(log: LogDefinition, query: ListQuery): boolean {
  if (log.onlyWhere !== undefined || orderingColumns(log, query)[0] === log.timeColumn) return false;
  const free = Object.keys(query.filters).filter((name) => name !== query.sort);
  return free.length > 0 || query.from !== null || query.to !== null || query.search !== null;
}

/**
 * One page of rows that a filter leaves, in the order of another column. An index for each such pair would cost every insert;
 * so few rows are put in order, and of many the page is looked for among the first of all rows in that order.
 * Throws InvalidInputError where neither finds it: then any way would read the whole log.
 */
export async function readSorted(knex: Knex, log: LogDefinition, query: ListQuery, columns: readonly string[]): Promise<readonly RowArray[]> {
  const first = await amongNext(knex, log, query, columns, query.limit * FIRST_PAGES);
  if (first.length === query.limit) return first;
  const few = await fewestIds(knex, log, query);
  if (few !== null) return ofThese(knex, log, query, few.way, columns);
  const rows = await amongNext(knex, log, query, columns, MOST_SORTED);
  if (rows.length === query.limit || (await isEnd(knex, log, query))) return rows;
  throw new InvalidInputError('sort', `is an order for up to ${MOST_SORTED} rows, and more fit: choose a shorter range of time, another filter, or the order of time`);
}

/** Of a row that may fit: every index of a filter or an order has both. */
const found = (log: LogDefinition): Readonly<Record<string, string>> => ({ found: 'id', found_at: db(log, log.timeColumn) });

/** What fits of the next `many` rows in the order of the page, whether they fit or not. */
function amongNext(knex: Knex, log: LogDefinition, query: ListQuery, columns: readonly string[], many: number): Promise<readonly RowArray[]> {
  return ofThese(knex, log, query, nextIds(knex, log, query, many), columns);
}

function nextIds(knex: Knex, log: LogDefinition, query: ListQuery, many: number): Knex.QueryBuilder {
  const sql = knex(log.table).select(found(log)).orderBy(orderOf(log, query)).limit(many);
  const place = placeOf(log, query);
  if (place) afterRow(knex, sql, place, directionOf(query) === 'desc' ? '<' : '>');
  return sql;
}

const isEnd = async (knex: Knex, log: LogDefinition, query: ListQuery): Promise<boolean> => ((await nextIds(knex, log, query, 1).offset(MOST_SORTED)) as unknown[]).length === 0;

/** In an object, since a query that is awaited runs. */
interface Way {
  readonly rows: number;
  readonly way: Knex.QueryBuilder;
}

/** The ids of the rows that one of the conditions leaves, by its index, where these are few; null where each leaves many. */
async function fewestIds(knex: Knex, log: LogDefinition, query: ListQuery): Promise<Way | null> {
  const conditions = equalities(log, query);
  const ways = conditions.length === 0 ? [inRange(knex, log, query)] : conditions.map(({ indexed, value }) => inRange(knex, log, query).where(indexed, value));
  let fewest: Way | null = null;
  for (const way of ways) {
    const [row] = await knex.count<{ rows: number | string }[]>({ rows: '*' }).from(way.clone().limit(MOST_SORTED + 1).as('counted'));
    const rows = Number(row?.rows ?? 0);
    if (rows <= MOST_SORTED && rows < (fewest?.rows ?? Number.POSITIVE_INFINITY)) fewest = { rows, way: way.limit(MOST_SORTED) };
  }
  return fewest;
}

function inRange(knex: Knex, log: LogDefinition, { from, to }: ListQuery): Knex.QueryBuilder {
  const sql = knex(log.table).select(found(log));
  if (from !== null) void sql.where(db(log, log.timeColumn), '>=', from);
  if (to !== null) void sql.where(db(log, log.timeColumn), '<', to);
  return sql;
}

/** The page of the rows with these ids. Its conditions are hidden from both planners, which would else read by them. */
async function ofThese(knex: Knex, log: LogDefinition, query: ListQuery, ids: Knex.QueryBuilder, columns: readonly string[]): Promise<readonly RowArray[]> {
  const time = db(log, log.timeColumn);
  const sql = knex.from(ids.as('these')).crossJoin(log.table, `${log.table}.id`, 'these.found');
  // By the id alone each row would be looked for in every month.
  if (isByMonth(knex, log.table)) void sql.whereRaw('??.?? = these.found_at', [log.table, time]);
  for (const { column, value } of equalities(log, query)) void sql.whereRaw(`coalesce(??, ${typeof value === 'number' ? '0' : "''"}) = ?`, [column, value]);
  if (query.from !== null) void sql.whereRaw('coalesce(??, 0) >= ?', [time, query.from]);
  if (query.to !== null) void sql.whereRaw('coalesce(??, 0) < ?', [time, query.to]);
  if (query.search) leaveOut(sql, log, searchCondition(log, query.search));
  const keyset = orderingColumns(log, query);
  const hidden = keyset.map((name) => `coalesce(??, ${isTextColumn(log, name) ? "''" : '0'})`);
  const names = keyset.map((name) => db(log, name));
  const place = placeOf(log, query);
  if (place) {
    void sql.whereRaw(`(${hidden.join(', ')}) ${directionOf(query) === 'desc' ? '<' : '>'} (${place.map(() => '?').join(', ')})`, [...names, ...place.map(({ value }) => value)]);
  }
  const rows = (await sql.select('found', 'found_at').orderByRaw(hidden.map((part) => `${part} ${directionOf(query)}`).join(', '), names).limit(query.limit)) as { readonly found: number; readonly found_at: number | string }[];
  if (rows.length === 0) return [];
  const times = rows.map((row) => Number(row.found_at));
  const whole = knex(log.table).select(columns).whereIn('id', rows.map((row) => row.found)).whereBetween(time, [Math.min(...times), Math.max(...times)]);
  return rowArrays(knex, whole.orderBy(orderOf(log, query)));
}

const isTextColumn = (log: LogDefinition, name: string): boolean => {
  const column = log.columns[name];
  return column !== undefined && isText(column);
};
