import type { Knex } from 'knex';
import type { LogDefinition } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { pageQuery } from './listing.js';

/** Filters without an index of their own are counted row by row: longer than this nobody waits for a number. */
export const PATIENCE_MS = 500;

/** How many rows a query has; more than `most` are not counted, and answered as `most + 1`. Null when that takes too long. */
export async function countRows(knex: Knex, log: LogDefinition, query: ListQuery, most: number): Promise<number | null> {
  const rows = pageQuery(knex, log, { ...query, after: null, limit: most + 1 }).clearSelect().clearOrder().select(knex.raw('1 as one'));
  try {
    const counted = (await knex.from(rows.as('counted')).count({ count: '*' }).first().timeout(PATIENCE_MS)) as { readonly count: number | string } | undefined;
    return Number(counted?.count ?? 0);
  } catch (error) {
    if (error instanceof Error && error.name === 'KnexTimeoutError') return null;
    throw error;
  }
}
