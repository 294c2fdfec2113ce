import { z } from 'zod';
import { InvalidInputError } from '../../errors.js';
import type { Micros } from '../../time.js';
import { filterParameters, filtersOf, limitParameter, rangeParameters, searchParameters, withoutCalendar, type ListQuery } from '../list-query.js';
import { parametersOf, readParameters, text, type QueryParameters } from '../parameters.js';
import { CALL_COLUMNS, calls } from './call-columns.js';
import { cdrs } from './columns.js';

/**
 * Which calls are asked for, newest first. A call fits when it began in `[from, to)`, when one of its legs has all the
 * values of `filters` and is what `search` looks for, and when `disposition`, which is about the whole call, is its own.
 */
export interface CallQuery extends Pick<ListQuery, 'from' | 'to' | 'filters' | 'search' | 'limit'> {
  readonly after: CallCursor | null;
}

/** A place among calls, or among legs, that are ordered by time and then by id. */
export interface Place {
  readonly at: Micros;
  readonly id: number;
}

/** Where to go on: legs from `scan` up are read, and of the calls that they are of these are not given yet, by their ids. */
export interface CallCursor {
  readonly scan: Place;
  /** When the last call began that was given; null where none was yet. */
  readonly given: Micros | null;
  readonly open: readonly number[];
}

/** How many calls a cursor may carry; a scan has met few that it has not come down to. */
const MOST_OPEN = 2_000;

/** What a leg must have for its call to have it; ANSWERED and NO_ANSWER are no more than most calls. */
const TOLD_BY_A_LEG: ReadonlySet<string> = new Set(['BUSY', 'FAILED', 'UNKNOWN']);

/** The schema of the query string of a list of calls: what `parseCallQuery` checks by, and what the API's document is made from. */
export const callParameters = parametersOf(calls.name, {
  ...rangeParameters(calls),
  ...searchParameters(calls.columns, 'calls with a leg whose'),
  ...filterParameters(cdrs.columns, 'calls with a leg whose'),
  ...filterParameters({ disposition: { ...cdrs.columns.disposition, ...CALL_COLUMNS['disposition'] } }, 'calls whose'),
  limit: limitParameter('calls'),
  cursor: text().optional().meta({ description: 'What the page before gave as next, beside the same filters.' }),
}).transform(({ from = null, to = null, limit, cursor, ...given }, context): CallQuery => {
  if (from !== null && to !== null && from > to) {
    context.addIssue({ code: 'custom', path: ['from'], message: 'must not be later than to' });
    return z.NEVER;
  }
  const after = cursor === undefined ? null : parseCursor(cursor);
  if (after === 'wrong') {
    context.addIssue({ code: 'custom', path: ['cursor'], message: 'is not one that the list of calls gave' });
    return z.NEVER;
  }
  return { from, to, limit, after, ...filtersOf(cdrs.columns, given) };
});

/**
 * Reads the query string of a list of calls: that of the legs, but for `sort` and `order`, and without what needs a
 * calendar. Throws InvalidInputError that names the parameter.
 */
export const parseCallQuery = (parameters: QueryParameters): CallQuery => readParameters(callParameters, withoutCalendar(calls.name, parameters));

/** The same as the query of any list, whose `after` is the cursor's numbers: first when the last call began that was given. `others` are parameters the caller reads itself. */
export function parseCallList(parameters: QueryParameters, others: readonly string[]): ListQuery {
  const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => !others.includes(name)));
  const { after, ...query } = parseCallQuery(own);
  return { ...query, sort: calls.defaultSort, order: calls.defaultOrder, after: after && [after.given ?? Number.MAX_SAFE_INTEGER, ...numbersOf(after)], before: null };
}

/** What `parseCallList` read, for `listCalls`. */
export function callListQuery({ from, to, filters, search, limit, after }: ListQuery): CallQuery {
  const cursor = after === null ? null : cursorOf(after.slice(1));
  return { from, to, filters, search, limit, after: cursor };
}

/** The calls of a list of legs, from the first. Throws InvalidInputError for an order that calls are not listed in. */
export function callQuery({ from, to, filters, search, limit, sort, order }: ListQuery): CallQuery {
  if (sort !== cdrs.defaultSort) throw new InvalidInputError('sort', `must be ${cdrs.defaultSort} for whole calls`);
  if (order !== 'desc') throw new InvalidInputError('order', 'must be desc for whole calls');
  return { from, to, filters, search, limit, after: null };
}

/** What of the filters is about single legs, or cannot be of a call without being of one of its legs. */
export function legFilters({ filters }: Pick<CallQuery, 'filters'>): Readonly<Record<string, string>> {
  const { disposition, ...others } = filters;
  return disposition !== undefined && TOLD_BY_A_LEG.has(disposition) ? filters : others;
}

/** Whether a call is met by any of its legs that fits, rather than by its first. */
export const isByEachLeg = (query: CallQuery): boolean => Object.keys(legFilters(query)).length > 0 || query.search !== null;

const numbersOf = ({ scan, given, open }: CallCursor): number[] => [scan.at, scan.id, given ?? -1, ...open];

export const formatCursor = (cursor: CallCursor): string => Buffer.from(JSON.stringify(['calls', ...numbersOf(cursor)])).toString('base64url');

function parseCursor(cursor: string): CallCursor | 'wrong' {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return 'wrong';
  }
  if (!Array.isArray(parsed)) return 'wrong';
  const [kind, ...numbers] = parsed as unknown[];
  return kind === 'calls' ? (cursorOf(numbers) ?? 'wrong') : 'wrong';
}

function cursorOf(numbers: readonly unknown[]): CallCursor | null {
  if (!numbers.every((value): value is number => Number.isSafeInteger(value))) return null;
  const [at, id, given, ...open] = numbers;
  if (at === undefined || id === undefined || given === undefined || open.length > MOST_OPEN) return null;
  return { scan: { at, id }, given: given < 0 ? null : given, open };
}
