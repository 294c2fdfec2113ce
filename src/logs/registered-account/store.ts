import type { Knex } from 'knex';
import { parseAddress, parseContactUri, type Remote } from '../../ami/address.js';
import type { ChannelType } from '../../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { clip, type DatabaseRow } from '../columns.js';
import type { AccountState, Contact } from '../output.js';
import { registeredAccounts } from './columns.js';

/** Writes each account's newest state; an older one than the database has changes nothing, unless the PBX's clock was set back. */
export async function writeAccountStates(trx: Knex, states: readonly AccountState[]): Promise<void> {
  const newest = new Map<string, AccountState>();
  for (const state of states) newest.set(`${state.pbx} ${state.channelType} ${state.username}`, state);
  for (const state of newest.values()) {
    const row = toStateRow(state);
    const own = { pbx: row.pbx, channel_type: row.channel_type, username: row.username };
    const updated = await trx(registeredAccounts.table).where(own).where(isNewer(row.updated_at)).update(row);
    if (updated > 0) continue;
    await trx(registeredAccounts.table).insert(row).onConflict(['pbx', 'channel_type', 'username']).merge(['username']);
  }
}

/** Every account of a PBX as it was last written, for a listener that starts. */
export async function readAccountStates(knex: Knex, pbx: string): Promise<AccountState[]> {
  const rows = (await knex(registeredAccounts.table).where('pbx', pbx)) as DatabaseRow[];
  return rows.map(fromStateRow);
}

const CLOCK_SET_BACK = 60 * MICROS_PER_SECOND;

const isNewer =
  (updatedAt: Micros) =>
  (stored: Knex.QueryBuilder): void =>
    void stored.where('updated_at', '<=', updatedAt).orWhere('updated_at', '>', updatedAt + CLOCK_SET_BACK);

function toStateRow(state: AccountState) {
  const [first] = state.contacts;
  const remote = first ? addressOf(first) : null;
  return {
    pbx: clip(state.pbx, 64),
    channel_type: state.channelType,
    username: clip(state.username, 255),
    description: clip(state.description ?? '', 255),
    online: state.contacts.length > 0 ? 1 : 0,
    ip_address: remote?.ip ?? '',
    port: remote?.port ?? 0,
    transport: remote?.transport ?? '',
    user_agent: clip(first?.userAgent ?? '', 255),
    registration_expires: first?.expiresAt ?? 0,
    status: clip(first?.status ?? '', 32),
    contact_count: state.contacts.length,
    contacts: JSON.stringify(state.contacts),
    since: state.since ?? 0,
    updated_at: state.updatedAt,
  };
}

function fromStateRow(row: DatabaseRow): AccountState {
  return {
    pbx: String(row['pbx']),
    channelType: row['channel_type'] as ChannelType,
    username: String(row['username']),
    description: String(row['description']) || null,
    contacts: JSON.parse(String(row['contacts'])) as Contact[],
    since: Number(row['since']) || null,
    updatedAt: Number(row['updated_at']),
  };
}

/** Where an account is: as seen on the wire, else as the phone claims until a packet proves it. */
export function addressOf(contact: Contact): Remote | null {
  return contact.remoteAddress === null ? parseContactUri(contact.uri) : parseAddress(contact.remoteAddress, contact.transport);
}
