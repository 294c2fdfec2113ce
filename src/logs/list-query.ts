import { z } from 'zod';
import type { Micros } from '../time.js';
import { choicesOf, isText, type Column, type Columns, type LogDefinition, type LogRecord } from './columns.js';
import { instant, oneOf, parametersOf, readParameters, text, wholeNumber, type QueryParameters } from './parameters.js';

export type { QueryParameters } from './parameters.js';

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

/**
 * Reads the query string of a listing. Empty values count as absent, as an HTML form sends them.
 * Throws InvalidInputError that names the parameter, also for one that does not exist.
 * `others` are parameters the caller reads itself.
 */
export function parseListQuery(log: LogDefinition, parameters: QueryParameters, others: readonly string[] = []): ListQuery {
  const own = Object.entries(parameters).filter(([name]) => !others.includes(name));
  return readParameters(listParameters(log), Object.fromEntries(own));
}

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
    ...filterParameters(log.columns, 'rows whose'),
    sort: oneOf(sortNames(log.columns)).default(log.defaultSort).meta({ description: 'The column that orders the list.' }),
    order: oneOf(['asc', 'desc'])
      .optional()
      .meta({ description: `Ascending or descending. Without it ${log.defaultOrder} by ${log.defaultSort}, and asc by any other column.` }),
    limit: limitParameter(),
    cursor: text().optional().meta({ description: 'What the page before gave as next, beside the same filters, sort and order.' }),
  }).transform(({ from = null, to = null, sort, order, limit, cursor, ...given }, context): ListQuery => {
    if (from !== null && to !== null && from > to) {
      context.addIssue({ code: 'custom', path: ['from'], message: 'must not be later than to' });
      return z.NEVER;
    }
    const direction = order ?? (sort === log.defaultSort ? log.defaultOrder : 'asc');
    const after = cursor === undefined ? null : parseCursor(log, sort, direction, cursor);
    if (after === 'wrong') {
      context.addIssue({ code: 'custom', path: ['cursor'], message: 'is not one that this listing gave for this sort and order' });
      return z.NEVER;
    }
    return { from, to, filters: given, sort, order: direction, limit, after };
  });
}

const ABOUT_INSTANTS = 'ISO 8601, such as 2026-05-10T17:12:24Z or 2026-05-10; without an offset it is UTC. In an address + is written %2B.';

/** `from` and `to` of a list by time. */
export function rangeParameters({ columns, timeColumn, defaultSort }: Pick<LogDefinition, 'columns' | 'timeColumn' | 'defaultSort'>) {
  const time = columns[timeColumn]?.title ?? timeColumn;
  // Where time is not what one looks for first, an example need not be about it.
  const example = (text: string) => (timeColumn === defaultSort ? { param: { example: text } } : {});
  return {
    from: instant().optional().meta({ description: `${time} at or after this. ${ABOUT_INSTANTS}`, ...example('2026-05-01') }),
    to: instant().optional().meta({ description: `${time} before this, written as from.`, ...example('2026-06-01') }),
  };
}

export const limitParameter = (what = 'rows') =>
  wholeNumber(1, MAX_LIMIT).prefault(DEFAULT_LIMIT).meta({ description: `How many ${what} at most.`, param: { example: MAX_LIMIT } });

/** A parameter for each column that can be asked for; `what` is what they choose: `rows whose`. */
export function filterParameters(columns: Columns, what: string): Readonly<Record<string, z.ZodOptional<z.ZodType<string>>>> {
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([, column]) => column.filter)
      .map(([name, column]) => {
        const values = choicesOf(column);
        const about = `Only ${what} ${column.title} is ${values ? '' : 'exactly '}this.`;
        const description = column.about === undefined ? about : `${about} ${column.about}`;
        return [name, (values ? oneOf(values) : text()).optional().meta({ description })];
      }),
  );
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

function parseCursor(log: LogDefinition, sort: string, order: Order, cursor: string): (string | number)[] | 'wrong' {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return 'wrong';
  }
  if (!Array.isArray(parsed)) return 'wrong';
  const [cursorSort, cursorOrder, ...values] = parsed as unknown[];
  const columns = keysetColumns(log, sort);
  if (cursorSort !== sort || cursorOrder !== order || values.length !== columns.length) return 'wrong';
  const fit = values.every((value, index): value is string | number => {
    const column = log.columns[columns[index] ?? ''];
    return column && isText(column) ? typeof value === 'string' : Number.isSafeInteger(value);
  });
  return fit ? values : 'wrong';
}
