import { InvalidInputError } from '../errors.js';
import { parseIso, type Micros } from '../time.js';
import { isText, type Column, type Columns, type LogDefinition, type LogRecord } from './columns.js';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 1_000;

export type Order = 'asc' | 'desc';

/** What one page of a log is asked for. Column names are those of the log's `columns`. */
export interface ListQuery {
  /** Half-open: `from <= time < to`. */
  readonly from: Micros | null;
  readonly to: Micros | null;
  readonly filters: Readonly<Record<string, string>>;
  readonly sort: string;
  readonly order: Order;
  readonly limit: number;
  /** The values of `keysetColumns` of the last row of the page before, null for the first page. */
  readonly after: readonly (string | number)[] | null;
}

export type QueryParameters = Readonly<Record<string, unknown>>;

/** The parameters that every log takes; anything else must be one of its filters. */
const COMMON = ['from', 'to', 'limit', 'cursor', 'sort', 'order'];

/**
 * Reads the query string of a listing. Empty values count as absent, as an HTML form sends them.
 * Throws InvalidInputError that names the parameter, also for one that does not exist: a filter
 * spelled wrong must not answer with everything. `others` are parameters the caller reads itself.
 */
export function parseListQuery(log: LogDefinition, parameters: QueryParameters, others: readonly string[] = []): ListQuery {
  const given = singleValues(parameters);
  const filters: Record<string, string> = {};
  for (const [name, value] of given) {
    const column = log.columns[name];
    if (column?.filter) filters[name] = checkFilter(name, column, value);
    else if (!COMMON.includes(name) && !others.includes(name)) {
      throw new InvalidInputError(name, `is no parameter of ${log.name}; there are ${[...COMMON, ...filterNames(log.columns)].join(', ')}`);
    }
  }
  const from = parseInstant(given, 'from');
  const to = parseInstant(given, 'to');
  if (from !== null && to !== null && from > to) throw new InvalidInputError('from', 'must not be later than to');
  const sort = given.get('sort') ?? log.defaultSort;
  if (!log.columns[sort]?.sortable) {
    throw new InvalidInputError('sort', `must be one of ${sortNames(log.columns).join(', ')}`);
  }
  const order = given.get('order') ?? (sort === log.defaultSort ? log.defaultOrder : 'asc');
  if (order !== 'asc' && order !== 'desc') throw new InvalidInputError('order', 'must be asc or desc');
  const cursor = given.get('cursor');
  return {
    from,
    to,
    filters,
    sort,
    order,
    limit: parseLimit(given.get('limit')),
    after: cursor === undefined ? null : parseCursor(log, sort, order, cursor),
  };
}

/** The columns that together order a listing without ties. */
export function keysetColumns(log: LogDefinition, sort: string): string[] {
  return [...new Set([sort, ...log.tieBreak, 'id'])];
}

/** The cursor that continues after this record. Opaque to clients, and tied to its sort order. */
export function cursorAfter(log: LogDefinition, query: ListQuery, record: LogRecord): string {
  const values = keysetColumns(log, query.sort).map((name) => record[name] ?? emptyOf(log.columns[name]));
  return Buffer.from(JSON.stringify([query.sort, query.order, ...values])).toString('base64url');
}

export const filterNames = (columns: Columns): string[] => Object.keys(columns).filter((name) => columns[name]?.filter);
export const sortNames = (columns: Columns): string[] => Object.keys(columns).filter((name) => columns[name]?.sortable);

const emptyOf = (column: Column | undefined): string | number => (column && isText(column) ? '' : 0);

function singleValues(parameters: QueryParameters): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) throw new InvalidInputError(name, 'is given more than once');
    if (typeof value !== 'string') throw new InvalidInputError(name, 'must be a single value');
    if (value.trim() !== '') values.set(name, value.trim());
  }
  return values;
}

function checkFilter(name: string, column: Column, value: string): string {
  if (Array.isArray(column.filter) && !(column.filter as readonly string[]).includes(value)) {
    throw new InvalidInputError(name, `must be one of ${(column.filter as readonly string[]).join(', ')}`);
  }
  return value;
}

function parseInstant(given: ReadonlyMap<string, string>, name: string): Micros | null {
  const value = given.get(name);
  if (value === undefined) return null;
  const at = parseIso(value);
  if (at === null) throw new InvalidInputError(name, 'must be an instant such as 2026-05-10T17:12:24Z');
  return at;
}

function parseLimit(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT;
  const limit = /^\d+$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new InvalidInputError('limit', `must be a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}

function parseCursor(log: LogDefinition, sort: string, order: Order, cursor: string): (string | number)[] {
  const wrong = new InvalidInputError('cursor', 'is not one that this listing gave for this sort and order');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw wrong;
  }
  if (!Array.isArray(parsed)) throw wrong;
  const [cursorSort, cursorOrder, ...values] = parsed as unknown[];
  const columns = keysetColumns(log, sort);
  if (cursorSort !== sort || cursorOrder !== order || values.length !== columns.length) throw wrong;
  return values.map((value, index) => {
    const column = log.columns[columns[index] ?? ''];
    const fits = column && isText(column) ? typeof value === 'string' : Number.isSafeInteger(value);
    if (!fits) throw wrong;
    return value as string | number;
  });
}
