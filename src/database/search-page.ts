import type { Knex } from 'knex';
import { isText, type LogDefinition } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { searchCondition, type SearchTerm } from '../logs/search.js';
import type { Micros } from '../time.js';
import { canReadApart, readApart } from './apart.js';
import { db, directionOf, equalities, matching, orderOf, orderingColumns, pageQuery, soughtBy, type Sought } from './page-query.js';
import { rowArrays, type RowArray } from './row-arrays.js';
import { isSortedApart, MOST_SORTED, readSorted } from './sorted-page.js';

/** So many entries of an index are read and sorted in a few milliseconds. */
const FEW = 2_000;
/** Of more values than these each is not looked up in the order of time: all rows of theirs are put in order. */
const MOST_VALUES = 50;
/** Whatever more rows than a few fit is met often among the next of the list; what is met more rarely, or by a large page, among more of them. */
const NEAR = 5_000;
const FURTHER = 20_000;

/**
 * The rows of one page, whichever way is quickest. What few rows fit is found by the indexes of the columns that are
 * searched and put in order; what many fit is met soon on the way through the list; what many fit, but none lately, is
 * found by the indexes again. `columns` are those of the database, in the order of a row.
 */
export async function readPage(knex: Knex, log: LogDefinition, query: ListQuery, columns: readonly string[]): Promise<readonly RowArray[]> {
  const terms = indexedTerms(log, query);
  if (isSortedApart(log, query)) return terms !== null && (await fitsFew(knex, log, query, MOST_SORTED)) ? byIndexes(knex, log, query, terms, columns) : readSorted(knex, log, query, columns);
  const onTheWay = pageQuery(knex, log, query).clearSelect().select(columns);
  if (terms === null) {
    if (!areMany(log, query) || !canReadApart(knex)) return rowArrays(knex, onTheWay);
    const few = await ofFew(knex, log, query);
    return few === null ? readApart(knex, onTheWay) : rowArrays(knex, few.rows.select(columns).orderBy(orderOf(log, query)).limit(query.limit));
  }
  const asked = fewAtOnce(knex, log, query, terms, columns);
  if (asked !== null) {
    const found = await rowArrays(knex, asked);
    if (Number(found[0]?.at(-1) ?? 0) <= FEW) return found;
  } else if (await fitsFew(knex, log, query)) return byIndexes(knex, log, query, terms, columns);
  if (query.sort !== log.timeColumn) return rowArrays(knex, onTheWay);
  return (await nearPage(knex, log, query, onTheWay)) ?? byIndexes(knex, log, query, terms, columns, canReadApart(knex));
}

/** The page, where enough fit among the next rows of the list, or no more are left; null otherwise. */
async function nearPage(knex: Knex, log: LogDefinition, query: ListQuery, onTheWay: Knex.QueryBuilder): Promise<readonly RowArray[] | null> {
  for (const near of [NEAR, FURTHER]) {
    const edge = await nearEdge(knex, log, query, near);
    const way = onTheWay.clone();
    if (edge !== null) void way.where(db(log, log.timeColumn), directionOf(query) === 'desc' ? '>=' : '<=', edge);
    const rows = near === FURTHER && canReadApart(knex) ? await readApart(knex, way) : await rowArrays(knex, way);
    if (rows.length === query.limit || edge === null) return rows;
  }
  return null;
}

/** Whether rows are found by one filter and looked through for another: nobody knows how many, until two meet. */
const areMany = (log: LogDefinition, { filters }: ListQuery): boolean => log.onlyWhere === undefined && Object.keys(filters).length > 1;

/** The rows of a query of several filters, where one of these leaves so few that they are looked through sooner than a thread is started; null otherwise. */
export async function ofFew(knex: Knex, log: LogDefinition, query: ListQuery): Promise<{ readonly rows: Knex.QueryBuilder } | null> {
  if (query.search !== null || !areMany(log, query) || !canReadApart(knex)) return null;
  const alone = Object.entries(query.filters).map(([name, value]) => ({ ...query, filters: { [name]: value } }));
  const leading = alone.find((one) => equalities(log, one).every(({ isCoarse }) => !isCoarse));
  if (!leading) return null;
  const rows = matching(knex, log, leading);
  const [counted] = await rowArrays(knex, knex.count({ few: '*' }).from(rows.clone().select('id').limit(FEW + 1).as('counted')));
  if (Number(counted?.[0]) > FEW) return null;
  const [lead] = equalities(log, leading);
  for (const { column, value } of equalities(log, query)) {
    // So that SQLite goes by the index of the one that leaves few.
    if (column !== lead?.column) void rows.whereRaw('+?? = ?', [column, value]);
  }
  return { rows };
}

/** Whether so few rows have what is searched, whatever else is asked of them, that they are better found by it. */
export async function fitsFew(knex: Knex, log: LogDefinition, query: ListQuery, most = FEW): Promise<boolean> {
  const terms = indexedTerms(log, query);
  if (terms === null) return false;
  // Rows of one value stand in the order of time already: how many they are does not matter.
  const counted = partsOf(log, terms).filter((part) => query.sort !== log.timeColumn || !isValue(part));
  if (counted.length === 0) return true;
  const parts = counted.map((part) => fitting(knex(log.table), part).select('id').limit(most + 1));
  const [row] = await knex.count<{ few: number | string }[]>({ few: '*' }).from(allOf(knex, parts).as('fitting'));
  return Number(row?.few ?? 0) <= most;
}

/** The ids of rows that fit, each with its time as `at`, `limit` at most and in no order: for counting. */
export function fittingIds(knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder | null {
  const terms = indexedTerms(log, query);
  if (terms === null) return null;
  const parts = partsOf(log, terms).map((part) => fitting(matching(knex, log, query), part).select({ id: 'id', at: db(log, log.timeColumn) }).limit(query.limit));
  return knex.distinct('id', 'at').from(allOf(knex, parts).as('fitting')).limit(query.limit);
}

/** Null where there is nothing to search by, or the table is small. */
function indexedTerms(log: LogDefinition, { search }: ListQuery): readonly SearchTerm[] | null {
  const terms = search === null || log.timeColumn !== log.defaultSort ? [] : searchCondition(log, search);
  return terms.length === 0 ? null : terms;
}

type Part = { readonly column: string; readonly value: string } | Sought;
const isValue = (part: Part): part is Extract<Part, { readonly value: string }> => 'value' in part;

const partsOf = (log: LogDefinition, terms: readonly SearchTerm[]): Part[] =>
  terms
    .map((term) => soughtBy(log, term))
    .flatMap((sought): Part[] => ('values' in sought && sought.values.length <= MOST_VALUES ? sought.values.map((value) => ({ column: sought.column, value })) : [sought]));

function fitting(sql: Knex.QueryBuilder, part: Part): Knex.QueryBuilder {
  if (isValue(part)) return sql.where(part.column, part.value);
  return 'values' in part ? sql.whereIn(part.column, [...part.values]) : sql.where(part.column, '>=', part.from).where(part.column, '<', part.to);
}

/** The SQL by which the ids of a page are found by the indexes of what is searched; apart, so that tests can ask the database to explain it. */
export function idsByIndexes(knex: Knex, log: LogDefinition, query: ListQuery, terms: readonly SearchTerm[]): Knex.QueryBuilder {
  const order = orderOf(log, query);
  const parts = partsOf(log, terms).map((part) => {
    const sql = fitting(matching(knex, log, query), part).select(order.map(({ column }) => column)).limit(query.limit);
    if (isValue(part) && query.sort === log.timeColumn) return sql.orderBy(order);
    // So that neither planner goes through the whole list in its order.
    const keyset = orderingColumns(log, query);
    const hidden = keyset.map((name) => `coalesce(??, ${isTextColumn(log, name) ? "''" : '0'}) ${directionOf(query)}`).join(', ');
    return sql.orderByRaw(hidden, keyset.map((name) => db(log, name)));
  });
  return knex.distinct(order.map(({ column }) => column)).from(allOf(knex, parts).as('fitting')).orderBy(order).limit(query.limit);
}

const isTextColumn = (log: LogDefinition, name: string): boolean => {
  const column = log.columns[name];
  return column !== undefined && isText(column);
};

// SQLite takes an order and a limit within a union only in a query of their own.
const allOf = (knex: Knex, parts: readonly Knex.QueryBuilder[]): Knex.QueryBuilder => knex.unionAll(parts.map((part, index) => knex.select('*').from(part.as(`part${index}`))));

/**
 * The first page of a search alone, in one statement: its rows, and last in each how many fit, `FEW` or more than that. Null of any other
 * query: what else is asked of the rows could leave few of very many that fit. Apart, so that tests can ask the database to explain it.
 */
export function fewAtOnce(knex: Knex, log: LogDefinition, query: ListQuery, terms: readonly SearchTerm[], columns: readonly string[]): Knex.QueryBuilder | null {
  const isAlone = query.sort === log.timeColumn && equalities(log, query).length === 0 && query.from === null && query.to === null && query.after === null && query.before === null;
  const sought = partsOf(log, terms);
  // Of one value there may be very many, in order already.
  if (!isAlone || sought.some(isValue)) return null;
  const time = db(log, log.timeColumn);
  const parts = sought.map((part, index) => knex.select('*').from(fitting(knex(log.table), part).select('id', time).limit(FEW + 1).as(`part${index}`)));
  const counted = knex.select('id', time, knex.raw('count(*) over () as fit')).from(knex.union(parts).as('fitting')).orderBy(orderOf(log, query)).limit(query.limit);
  const ordered = orderOf(log, query).map(({ column, order }) => ({ column: `found.${column}`, order }));
  return knex
    .select([...columns.map((column) => `${log.table}.${column}`), 'found.fit'])
    .from(counted.as('found'))
    .join(log.table, { [`${log.table}.id`]: 'found.id', [`${log.table}.${time}`]: `found.${time}` })
    .orderBy(ordered);
}

async function byIndexes(knex: Knex, log: LogDefinition, query: ListQuery, terms: readonly SearchTerm[], columns: readonly string[], apart = false): Promise<readonly RowArray[]> {
  const wanted = idsByIndexes(knex, log, query, terms);
  const order = orderOf(log, query);
  const rows = await (apart ? readApart : rowArrays)(knex, wanted);
  if (rows.length === 0) return [];
  const time = db(log, log.timeColumn);
  const times = rows.map((row) => Number(row[order.findIndex(({ column }) => column === time)]));
  // The id orders a list last; the times say in which partitions the rows are.
  const found = knex(log.table).select(columns).whereIn('id', rows.map((row) => Number(row.at(-1)))).whereBetween(time, [Math.min(...times), Math.max(...times)]);
  return rowArrays(knex, found.orderBy(order));
}

/** The time of the last of so many next rows of the list; null where there are no more. */
async function nearEdge(knex: Knex, log: LogDefinition, query: ListQuery, near: number): Promise<Micros | null> {
  const rows = matching(knex, log, { ...query, filters: {} }).select({ at: db(log, log.timeColumn) }).orderBy(orderOf(log, query)).offset(near).limit(1);
  const [edge] = (await rows) as { readonly at: number | string }[];
  return edge === undefined ? null : Number(edge.at);
}
