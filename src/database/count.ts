import type { Knex } from 'knex';
import type { LogDefinition } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { withNames } from './listing.js';
import { pageQuery } from './page-query.js';
import { fittingIds } from './search-page.js';

/** Filters without an index of their own are counted row by row: longer than this nobody waits for a number. */
export const PATIENCE_MS = 500;

/** How many rows a query has; more than `most` are not counted, and answered as `most + 1`. Null when that takes too long. */
export async function countRows(knex: Knex, log: LogDefinition, asked: ListQuery, most: number): Promise<number | null> {
  const query = await withNames(knex, log, asked);
  const whole = { ...query, after: null, before: null, limit: most + 1 };
  const rows = fittingIds(knex, log, whole) ?? pageQuery(knex, log, whole).clearSelect().clearOrder().select(knex.raw('1 as one'));
  try {
    const counted = (await knex.from(rows.as('counted')).count({ count: '*' }).first().timeout(PATIENCE_MS, { cancel: canCancel(knex) })) as { readonly count: number | string } | undefined;
    return Number(counted?.count ?? 0);
  } catch (error) {
    if (error instanceof Error && error.name === 'KnexTimeoutError') return null;
    throw error;
  }
}

// SQLite answers before any timer fires.
const canCancel = (knex: Knex): boolean => (knex.client as { readonly canCancelQuery?: boolean }).canCancelQuery === true;

/** How many rows a list has: all of them, or more than so many. */
export interface RowCount {
  readonly kind: 'exact' | 'more than';
  readonly rows: number;
}

/** More than these nobody counts by eye. */
export const MOST_LISTED = 10_000;

/** The size of a whole list, whichever page is asked for; null where counting would take too long. */
export async function countList(knex: Knex, log: LogDefinition, query: ListQuery): Promise<RowCount | null> {
  const rows = await countRows(knex, log, query, MOST_LISTED);
  if (rows === null) return null;
  return rows > MOST_LISTED ? { kind: 'more than', rows: MOST_LISTED } : { kind: 'exact', rows };
}
