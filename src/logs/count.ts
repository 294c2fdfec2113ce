import type { Knex } from 'knex';
import { canReadApart, countApart } from '../database/apart.js';
import { pageQuery } from '../database/page-query.js';
import { fittingIds, ofFew } from '../database/search-page.js';
import type { LogDefinition } from './columns.js';
import type { ListQuery } from './list-query.js';
import { withNames } from './listing.js';

/** Filters without an index of their own are counted row by row: longer than this nobody waits for a number. */
export const PATIENCE_MS = 500;

/** How many rows a query has; more than `most` are not counted, and answered as `most + 1`. Null when that takes too long. */
export async function countRows(knex: Knex, log: LogDefinition, asked: ListQuery, most: number): Promise<number | null> {
  const query = await withNames(knex, log, asked);
  const whole = { ...query, after: null, before: null, limit: most + 1 };
  const found = fittingIds(knex, log, whole);
  // What one filter leaves is counted in its index, and no further than wanted.
  if (found === null && Object.keys(query.filters).length < 2) return countOf(knex, countable(knex, log, whole), 'as many as are counted');
  const few = found === null ? await ofFew(knex, log, whole) : null;
  if (few !== null) return countOf(knex, few.rows.select(knex.raw('1 as one')).limit(most + 1), 'as many as are counted');
  return countOf(knex, found ?? countable(knex, log, whole));
}

const countable = (knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder => pageQuery(knex, log, query).clearSelect().clearOrder().select(knex.raw('1 as one'));

/** How many rows a query answers; null when that takes too long. `reads`: how many it looks at for it. */
export async function countOf(knex: Knex, rows: Knex.QueryBuilder, reads: 'as many as are counted' | 'nobody knows' = 'nobody knows'): Promise<number | null> {
  const count = knex.from(rows.as('counted')).count({ count: '*' });
  if (reads === 'nobody knows' && canReadApart(knex)) return countApart(knex, count, PATIENCE_MS);
  try {
    const counted = (await count.first().timeout(PATIENCE_MS, { cancel: canCancel(knex) })) as { readonly count: number | string } | undefined;
    return Number(counted?.count ?? 0);
  } catch (error) {
    if (error instanceof Error && error.name === 'KnexTimeoutError') return null;
    throw error;
  }
}

// SQLite in memory answers before any timer fires.
const canCancel = (knex: Knex): boolean => (knex.client as { readonly canCancelQuery?: boolean }).canCancelQuery === true;

/** How many rows a list has: all of them, or more than so many. */
export interface RowCount {
  readonly kind: 'exact' | 'more than';
  readonly rows: number;
}

/** More than these nobody counts by eye. */
export const MOST_LISTED = 10_000;

/** What has more rows than are counted has them a moment later too, and what took too long would again. */
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 500;
const large = new WeakMap<Knex, Map<string, { readonly count: RowCount | null; readonly at: number }>>();

/** The size of a whole list, whichever page is asked for; null where counting would take too long. An exact one is counted anew each time. */
export const countList = (knex: Knex, log: LogDefinition, query: ListQuery): Promise<RowCount | null> =>
  rememberLarge(knex, log, query, async () => {
    const rows = await countRows(knex, log, query, MOST_LISTED);
    if (rows === null) return null;
    return rows > MOST_LISTED ? { kind: 'more than', rows: MOST_LISTED } : { kind: 'exact', rows };
  });

/** What `count` answers of a list, or answered a moment ago where that was no exact number. */
export async function rememberLarge(knex: Knex, log: LogDefinition, { from, to, filters, search }: Pick<ListQuery, 'from' | 'to' | 'filters' | 'search'>, count: () => Promise<RowCount | null>): Promise<RowCount | null> {
  const key = JSON.stringify([log.name, from, to, filters, search?.text]);
  const known = large.get(knex) ?? new Map<string, { readonly count: RowCount | null; readonly at: number }>();
  large.set(knex, known);
  const remembered = known.get(key);
  if (remembered && performance.now() - remembered.at < REMEMBERED_MS) return remembered.count;
  known.delete(key);
  const counted = await count();
  if (counted?.kind === 'exact') return counted;
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(key, { count: counted, at: performance.now() });
  return counted;
}
