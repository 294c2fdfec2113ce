import type { Knex } from 'knex';
import { CHANNEL_TYPES } from '../ami/input.js';
import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import { parseListQuery } from '../logs/list-query.js';
import { listPage } from '../logs/listing.js';
import { sipSessions, type SipSession } from '../logs/sip-session/columns.js';

interface AccountName {
  readonly pbx: string;
  readonly username: string;
}

/** The devices, `PJSIP/200`, that an account's channels are of: those of the channel drivers that have it, or any where none is known. */
export const devicesOf = (username: string, channelTypes: readonly string[]): string[] => (channelTypes.length > 0 ? channelTypes : CHANNEL_TYPES).map((type) => `${type}/${username}`);

/**
 * The newest calls of an account: those in which its phone was the one that called, rang or answered, whatever numbers
 * they show, and those from or to its number. Each way by its own index: joined by OR they would read the whole log.
 */
export async function accountCalls(knex: Knex, { pbx, username }: AccountName, devices: readonly string[], limit: number): Promise<readonly Cdr[]> {
  const query = { ...parseListQuery(cdrs, {}), limit };
  const ways: Record<string, string>[] = [{ src: username }, { dst: username }, ...devices.flatMap((device) => [{ channel: device }, { dstchannel: device }])];
  const pages = await Promise.all(ways.map((filters) => listPage(knex, cdrs, { ...query, filters: { ...filters, pbx } })));
  const byId = new Map(pages.flatMap(({ records }) => records.map((call) => [call.id, call] as const)));
  return [...byId.values()].sort((a, b) => b.callDate - a.callDate || b.id - a.id).slice(0, limit);
}

/** The newest events of an account. */
export async function accountSessions(knex: Knex, { pbx, username }: AccountName, limit: number): Promise<readonly SipSession[]> {
  const { records } = await listPage(knex, sipSessions, { ...parseListQuery(sipSessions, {}), filters: { peername: username, pbx }, limit });
  return records;
}
