import { InvalidInputError } from '../../errors.js';
import type { ListQuery } from '../list-query.js';
import { calls } from './call-columns.js';
import { cdrs } from './columns.js';

/**
 * Which calls are asked for: a query of the list `calls`, by the begin of calls. A call fits when it began in `[from, to)`,
 * when one of its legs has all the values of `filters` and is what `search` looks for, and when `disposition`, which is
 * about the whole call, is its own.
 */
export type CallQuery = ListQuery;

/** What a leg must have for its call to have it; ANSWERED and NO_ANSWER are no more than most calls. */
const TOLD_BY_A_LEG: ReadonlySet<string> = new Set(['BUSY', 'FAILED', 'UNKNOWN']);

/** The calls of a list of legs, from the first. Throws InvalidInputError for an order that calls are not listed in. */
export function callQuery(query: ListQuery): CallQuery {
  if (query.sort !== cdrs.defaultSort) throw new InvalidInputError('sort', `must be ${cdrs.defaultSort} for whole calls`);
  return { ...query, sort: calls.defaultSort, after: null, before: null };
}

/** What of the filters is about single legs, or cannot be of a call without being of one of its legs. */
export function legFilters({ filters }: Pick<CallQuery, 'filters'>): Readonly<Record<string, string>> {
  const { disposition, ...others } = filters;
  return disposition !== undefined && TOLD_BY_A_LEG.has(disposition) ? filters : others;
}

/** Whether a call is met by any of its legs that fits, rather than by its first. */
export const isByEachLeg = (query: CallQuery): boolean => Object.keys(legFilters(query)).length > 0 || query.search !== null;
