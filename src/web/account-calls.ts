import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import { parseListQuery } from '../logs/list-query.js';
import { sipSessions, type SipSession } from '../logs/sip-session/columns.js';

interface AccountName {
  readonly pbx: string;
  readonly username: string;
}

/**
 * The newest calls from or to an account. Two queries, each by its own index: `src = ? OR dst = ?`
 * would read the whole log.
 */
export async function accountCalls(knex: Knex, { pbx, username }: AccountName, limit: number): Promise<readonly Cdr[]> {
  const query = { ...parseListQuery(cdrs, {}), limit };
  const [placed, received] = await Promise.all([
    listPage(knex, cdrs, { ...query, filters: { src: username, pbx } }),
    listPage(knex, cdrs, { ...query, filters: { dst: username, pbx } }),
  ]);
  const byId = new Map([...placed.records, ...received.records].map((call) => [call.id, call]));
  return [...byId.values()].sort((a, b) => b.callDate - a.callDate || b.id - a.id).slice(0, limit);
}

/** The newest events of an account. */
export async function accountSessions(knex: Knex, { pbx, username }: AccountName, limit: number): Promise<readonly SipSession[]> {
  const { records } = await listPage(knex, sipSessions, { ...parseListQuery(sipSessions, {}), filters: { peername: username, pbx }, limit });
  return records;
}
