import type { Knex } from 'knex';
import type { LogDefinition } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { pageQuery } from './listing.js';

/** How many rows a query has; more than `most` are not counted, and answered as `most + 1`. */
export async function countUpTo(knex: Knex, log: LogDefinition, query: ListQuery, most: number): Promise<number> {
  const rows = pageQuery(knex, log, { ...query, after: null, limit: most + 1 }).clearSelect().clearOrder().select(knex.raw('1 as one'));
  const counted = (await knex.from(rows.as('counted')).count({ count: '*' }).first()) as { readonly count: number | string } | undefined;
  return Number(counted?.count ?? 0);
}
