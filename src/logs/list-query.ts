import { z } from 'zod';
import { InvalidInputError } from '../errors.js';
import type { Micros } from '../time.js';
import { choicesOf, isText, type Column, type Columns, type LogDefinition, type LogRecord } from './columns.js';
import { device, instant, oneOf, parametersOf, readParameters, text, wholeNumber, type QueryParameters } from './parameters.js';

import { isOfCallers, isSearchable, type Search } from './search.js';

export type { QueryParameters } from './parameters.js';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 1_000;

export type Order = 'asc' | 'desc';

/** Days and months of a reader's calendar that move on with the clock. */
export const RANGES = ['today', 'yesterday', 'this-month', 'last-month'] as const;
export type RangeName = (typeof RANGES)[number];

type Keyset = readonly (string | number)[];

/** What one page of a log is asked for. Column names are those of the log's `columns`. */
export interface ListQuery {
  /** Half-open: `from <= time < to`. */
  readonly from: Micros | null;
  readonly to: Micros | null;
  readonly filters: Readonly<Record<string, string>>;
  readonly search: Search | null;
  readonly sort: string;
  readonly order: Order;
  readonly limit: number;
  /** The values of `keysetColumns` of the row that the page begins after, null for the first page. */
  readonly after: Keyset | null;
  /** Those of the row that the page ends before; null on the way forward. */
  readonly before: Keyset | null;
}

/**
 * Reads the query string of a listing. Empty values count as absent, as an HTML form sends them.
 * Throws InvalidInputError that names the parameter, also for one that does not exist.
 * `others` are parameters the caller reads itself.
 */
export function parseListQuery(log: LogDefinition, parameters: QueryParameters, others: readonly string[] = []): ListQuery {
  const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => !others.includes(name)));
  return readParameters(listParameters(log), withoutCalendar(log.name, own));
}

/** The parameters, none of which needs a calendar: whoever has one turns them into from and to. Throws InvalidInputError otherwise. */
export function withoutCalendar(list: string, parameters: QueryParameters): QueryParameters {
  const unread = Object.entries(parameters).find(([name, value]) => OF_A_CALENDAR.includes(name) && value !== undefined && value !== '');
  if (unread) throw new InvalidInputError(unread[0], `is no parameter of ${list} where no time zone is known`);
  return parameters;
}

const OF_A_CALENDAR: readonly string[] = ['range', 'tz'];

const known = new WeakMap<LogDefinition, ListParameters>();
type ListParameters = ReturnType<typeof parametersOfList>;

/** The schema of a log's query string: what `parseListQuery` checks by, and what the API's document is made from. */
export function listParameters(log: LogDefinition): ListParameters {
  const schema = known.get(log) ?? parametersOfList(log);
  known.set(log, schema);
  return schema;
}

// Inferred, since the document needs to see the object inside the pipe.
function parametersOfList(log: LogDefinition) {
  return parametersOf(log.name, {
    ...rangeParameters(log),
    ...(isSearchable(log) ? searchParameters(log.columns) : {}),
    ...filterParameters(log.columns),
    sort: oneOf(sortNames(log.columns)).default(log.defaultSort).meta({ description: 'The column that orders the list.' }),
    order: oneOf(['asc', 'desc'])
      .optional()
      .meta({ description: `Ascending or descending. Without it ${log.defaultOrder} by ${log.defaultSort}, and asc by any other column.` }),
    limit: limitParameter(),
    cursor: text().optional().meta({ description: 'What a page gave as next or previous, beside the same filters, sort and order.' }),
  }).transform(({ from = null, to = null, sort, order, limit, cursor, ...given }, context): ListQuery => {
    if (from !== null && to !== null && from > to) {
      context.addIssue({ code: 'custom', path: ['from'], message: 'must not be later than to' });
      return z.NEVER;
    }
    const direction = order ?? (sort === log.defaultSort ? log.defaultOrder : 'asc');
    const place = cursor === undefined ? { after: null, before: null } : parseCursor(log, sort, direction, cursor);
    if (place === 'wrong') {
      context.addIssue({ code: 'custom', path: ['cursor'], message: 'is not one that this listing gave for this sort and order' });
      return z.NEVER;
    }
    return { from, to, ...filtersOf(log.columns, given), sort, order: direction, limit, ...place };
  });
}

const ABOUT_INSTANTS = 'ISO 8601, such as 2026-05-10T17:12:24Z or 2026-05-10; without an offset it is on the clock of tz. In an address + is written %2B.';

/** The times of a list. */
export function rangeParameters({ columns, timeColumn, defaultSort }: Pick<LogDefinition, 'columns' | 'timeColumn' | 'defaultSort'>) {
  const time = columns[timeColumn]?.title ?? timeColumn;
  // Where time is not what one looks for first, an example need not be about it.
  const example = (text: string) => (timeColumn === defaultSort ? { param: { example: text } } : {});
  return {
    from: instant().optional().meta({ description: `${time} at or after this. ${ABOUT_INSTANTS}`, ...example('2026-05-01') }),
    to: instant().optional().meta({ description: `${time} before this, written as from.`, ...example('2026-06-01') }),
    range: oneOf(RANGES).optional().meta({ description: `${time} on that day or in that month as the calendar of tz has it when it is asked. Instead of from and to.` }),
    tz: text().optional().meta({ description: 'The time zone of range, and of a from and to without an offset: Europe/Rome. Without it UTC.' }),
  };
}

export const limitParameter = () =>
  wholeNumber(1, MAX_LIMIT).prefault(DEFAULT_LIMIT).meta({ description: 'How many rows at most.', param: { example: MAX_LIMIT } });

export function searchParameters(columns: Columns): { search: z.ZodOptional<z.ZodType<string>> } {
  const searched = Object.values(columns).filter(({ search }) => search !== undefined);
  const named = searched.some(({ search }) => search === 'number') ? ', or is that of an account of whose name a word begins with it' : '';
  const ends = searched.some(({ reversedDb }) => reversedDb !== undefined) ? ' or, a number of four digits or more, ends with it' : '';
  const called = Object.values(columns).some(isOfCallers) ? ', or in whose Caller Id a word of the name begins with it' : '';
  const description = `Only ${searched[0]?.leaves ?? 'rows whose'} ${searched.map(({ title }) => title).join(' or ')} begins with this${ends}${named}${called}.`;
  return { search: text().optional().meta({ description }) };
}

/** A parameter for each column that can be asked for; `what` is what they choose where a column does not say. */
export function filterParameters(columns: Columns, what = 'rows whose'): Readonly<Record<string, z.ZodOptional<z.ZodType<string>>>> {
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([, column]) => column.filter)
      .map(([name, column]) => {
        const values = choicesOf(column);
        const exactly = exactlyWhat(column);
        const about = `Only ${column.leaves ?? what} ${column.title} is ${values ? 'this' : exactly}.`;
        const description = column.about === undefined ? about : `${about} ${column.about}`;
        return [name, (values ? oneOf(values) : column.deviceDb === undefined ? text() : device()).optional().meta({ description })];
      }),
  );
}

function exactlyWhat({ hostDb, deviceDb }: Column): string {
  if (deviceDb !== undefined) return 'of this device: PJSIP/200 of PJSIP/200-0000001f';
  return hostDb === undefined ? 'exactly this' : 'exactly this, from any port where none is given';
}

/** The columns that together order a listing without ties. */
export function keysetColumns(log: LogDefinition, sort: string): string[] {
  return [...new Set([sort, ...log.tieBreak, 'id'])];
}

/** The cursor that continues after this record. Opaque to clients, and tied to its sort order. */
export const cursorAfter = (log: LogDefinition, query: ListQuery, record: LogRecord): string => formatCursor([query.sort, query.order, ...keysetOf(log, query, record)]);

/** The cursor of the page that ends before this record. */
export const cursorBefore = (log: LogDefinition, query: ListQuery, record: LogRecord): string => formatCursor([BEFORE, query.sort, query.order, ...keysetOf(log, query, record)]);

/** A record's values of `keysetColumns`. */
export const keysetOf = (log: LogDefinition, query: ListQuery, record: LogRecord): (string | number)[] =>
  keysetColumns(log, query.sort).map((name) => {
    const value = record[name] ?? emptyOf(log.columns[name]);
    return typeof value === 'boolean' ? Number(value) : value;
  });

/** No column is called so. */
const BEFORE = '<';

const formatCursor = (parts: readonly (string | number)[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

export const filterNames = (columns: Columns): string[] => Object.keys(columns).filter((name) => columns[name]?.filter);
export const sortNames = (columns: Columns): string[] => Object.keys(columns).filter((name) => columns[name]?.sortable);

const emptyOf = (column: Column | undefined): string | number => (column && isText(column) ? '' : 0);

function parseCursor(log: LogDefinition, sort: string, order: Order, cursor: string): Pick<ListQuery, 'after' | 'before'> | 'wrong' {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return 'wrong';
  }
  if (!Array.isArray(parsed)) return 'wrong';
  const back = parsed[0] === BEFORE;
  const [cursorSort, cursorOrder, ...values] = (back ? parsed.slice(1) : parsed) as unknown[];
  const columns = keysetColumns(log, sort);
  if (cursorSort !== sort || cursorOrder !== order || values.length !== columns.length) return 'wrong';
  const fit = values.every((value, index): value is string | number => {
    const column = log.columns[columns[index] ?? ''];
    return column && isText(column) ? typeof value === 'string' : Number.isSafeInteger(value);
  });
  if (!fit) return 'wrong';
  return back ? { after: null, before: values } : { after: values, before: null };
}

/** The filters and the search among parameters that were checked. */
export function filtersOf(columns: Columns, given: object): Pick<ListQuery, 'filters' | 'search'> {
  const texts = given as Readonly<Record<string, string | undefined>>;
  const filters = Object.fromEntries(filterNames(columns).flatMap((name) => (texts[name] === undefined ? [] : [[name, texts[name]]])));
  return { filters, search: texts['search'] === undefined ? null : { text: texts['search'], accounts: null } };
}
