import type { Knex } from 'knex';
import { parseAddress, parseContactUri, type Remote } from '../../ami/address.js';
import type { ChannelType } from '../../ami/input.js';
import { insertOrUpdate } from '../../database/database.js';
import { MICROS_PER_SECOND } from '../../time.js';
import { clip, type DatabaseRow } from '../columns.js';
import type { AccountState, Contact } from '../output.js';
import { registeredAccounts } from './columns.js';
import { withKnown } from './merge.js';

const TABLE = registeredAccounts.table;
const UNIQUE = ['pbx', 'channel_type', 'username'];
const NAMES_A_QUERY = 1_000;

/**
 * Writes each account's newest state. What only an older one knows of the same registrations is kept, whichever comes
 * first: several listeners write the same row. The PBX's turn must have been taken.
 */
export async function writeAccountStates(trx: Knex, listener: string, states: readonly AccountState[]): Promise<void> {
  const newest = new Map(states.map((state) => [accountKey(state), state]));
  const stored = await readStored(trx, [...newest.values()]);
  const fresh: StateRow[] = [];
  const known: StateRow[] = [];
  for (const [key, told] of newest) {
    const before = stored.get(key);
    if (!before) fresh.push({ ...toStateRow(told), listener });
    else if (isOlder(told, before, listener)) known.push({ id: before.id, ...toStateRow(withKnown(before.state, told)), listener: before.listener });
    else known.push({ id: before.id, ...toStateRow(withKnown(told, before.state)), listener });
  }
  await insertOrUpdate(trx, TABLE, UNIQUE, fresh);
  await insertOrUpdate(trx, TABLE, ['id', ...UNIQUE], known);
}

type StateRow = Readonly<Record<string, string | number>>;

interface Stored {
  readonly id: number;
  readonly state: AccountState;
  /** Who wrote it; '' where an earlier release did. */
  readonly listener: string;
}

async function readStored(trx: Knex, states: readonly AccountState[]): Promise<Map<string, Stored>> {
  const stored = new Map<string, Stored>();
  const pbxs = [...new Set(states.map(({ pbx }) => clip(pbx, 64)))];
  const channelTypes = [...new Set(states.map(({ channelType }) => channelType))];
  const names = [...new Set(states.map(({ username }) => clip(username, 255)))];
  for (let start = 0; start < names.length; start += NAMES_A_QUERY) {
    // All three that the index has: without the channel types all accounts of the PBX are read.
    const rows = (await trx(TABLE).whereIn('pbx', pbxs).whereIn('channel_type', channelTypes).whereIn('username', names.slice(start, start + NAMES_A_QUERY))) as DatabaseRow[];
    for (const row of rows) {
      const state = fromStateRow(row);
      stored.set(accountKey(state), { id: Number(row['id']), state, listener: String(row['listener']) });
    }
  }
  return stored;
}

/** One listener tells in order: a time far before its last one is of a clock that was set back. Another one may be behind by days, and by no more: longer than that it is the clock, too. */
function isOlder({ updatedAt }: AccountState, { state, listener: writer }: Stored, listener: string): boolean {
  const lead = state.updatedAt - updatedAt;
  return lead > 0 && (lead <= CLOCK_SET_BACK || (writer !== '' && writer !== listener && lead <= FARTHEST_BEHIND));
}

const accountKey = ({ pbx, channelType, username }: AccountState): string => JSON.stringify([clip(pbx, 64), channelType, clip(username, 255)]);

/** Every account of a PBX as it was last written, for a listener that starts. */
export async function readAccountStates(knex: Knex, pbx: string): Promise<AccountState[]> {
  const rows = (await knex(TABLE).where('pbx', pbx)) as DatabaseRow[];
  return rows.map(fromStateRow);
}

const CLOCK_SET_BACK = 60 * MICROS_PER_SECOND;
const FARTHEST_BEHIND = 31 * 86_400 * MICROS_PER_SECOND;

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
