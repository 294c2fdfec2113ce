import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import { parseListQuery } from '../logs/list-query.js';

/**
 * The newest calls from or to an account. Two queries, each by its own index: `src = ? OR dst = ?`
 * would read the whole log.
 */
export async function accountCalls(knex: Knex, username: string, limit: number): Promise<readonly Cdr[]> {
  const query = { ...parseListQuery(cdrs, {}), limit };
  const [placed, received] = await Promise.all([
    listPage(knex, cdrs, { ...query, filters: { src: username } }),
    listPage(knex, cdrs, { ...query, filters: { dst: username } }),
  ]);
  const byId = new Map([...placed.records, ...received.records].map((call) => [call.id, call]));
  return [...byId.values()].sort((a, b) => b.callDate - a.callDate || b.id - a.id).slice(0, limit);
}
