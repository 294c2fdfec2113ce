import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { around } from '../../database/partitions.js';
import type { Micros } from '../../time.js';
import { clip } from '../columns.js';
import type { Output } from '../output.js';
import { sipSessions } from './columns.js';

export const SOCKET_USE = 'socket_use';

export async function writeSocketUses(trx: Knex, uses: readonly Extract<Output, { kind: 'socket-use' }>[]): Promise<void> {
  await insertOnce(
    trx,
    SOCKET_USE,
    uses.map((use) => ({
      event_key: use.key,
      pbx: clip(use.pbx, 64),
      transport: use.transport ?? '',
      remote_address: clip(use.remoteAddress, 80),
      peername: clip(use.peername, 255),
      account: clip(use.account ?? '', 255),
      at: use.at,
      handled: 0,
    })),
  );
}

/** Fills columns that were blank when the row was written; what stands there already stays. */
export async function fillDetails(trx: Knex, details: readonly Extract<Output, { kind: 'sip-session-detail' }>[]): Promise<void> {
  for (const { key, at, userAgent, account } of details) {
    const filled = (column: string, value: string | null): Knex.Raw => trx.raw(`case when ${column} = '' then ? else ${column} end`, [clip(value ?? '', 255)]);
    const { userAgent: agentColumn, account: nameColumn } = sipSessions.columns;
    const query = trx(sipSessions.table).where('event_key', key).update({ [agentColumn.db]: filled(agentColumn.db, userAgent), [nameColumn.db]: filled(nameColumn.db, account) });
    await (at === undefined ? query : query.whereBetween('at', around([at])));
  }
}

/** The transports that one socket can have, as far as its address goes: UDP has ports of its own, TCP and TLS share theirs. */
export const sameKind = (transport: string): string[] => (transport === 'UDP' || transport === '' ? ['UDP', ''] : ['TCP', 'TLS', 'WS', 'WSS']);

/** Deletes up to `most` of the oldest proofs of who used a socket, those from before `before`; answers how many they were. */
export async function forgetSocketUses(trx: Knex, before: Micros, most: number): Promise<number> {
  const oldest = await trx(SOCKET_USE).orderBy('id').limit(most).select<{ readonly id: number; readonly at: number | string }[]>('id', 'at');
  const old = oldest.filter(({ at }) => Number(at) < before).map(({ id }) => id);
  return old.length === 0 ? 0 : trx(SOCKET_USE).whereIn('id', old).delete();
}
