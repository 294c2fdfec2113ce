import type { Knex } from 'knex';
import { z } from 'zod';
import { CHANNEL_TYPES } from '../../ami/input.js';
import type { Micros } from '../../time.js';
import { fromRow, type DatabaseRow } from '../columns.js';
import type { Contact } from '../output.js';
import { registeredAccounts, type RegisteredAccount } from './columns.js';

/** All that is known of one account, on line or not. */
export interface AccountDetail {
  readonly record: RegisteredAccount;
  readonly channelType: string;
  readonly online: boolean;
  /** Since when it is on line or off line; null when nobody saw the change. */
  readonly since: Micros | null;
  readonly updatedAt: Micros;
  /** Newest first. */
  readonly contacts: readonly Contact[];
}

const text = z.string().nullable().catch(null);
const instant = z.number().nullable().catch(null);
const storedContacts = z.array(
  z.object({
    uri: z.string().catch(''),
    callId: text,
    remoteAddress: text,
    transport: z.enum(['UDP', 'TCP', 'TLS', 'WS', 'WSS']).nullable().catch(null),
    userAgent: text,
    expiresAt: instant,
    status: z.string().catch(''),
    registeredAt: instant,
  }),
);

/** One account by its id; null when there is none. */
export async function readAccount(knex: Knex, id: number): Promise<AccountDetail | null> {
  const row = await knex<DatabaseRow>(registeredAccounts.table).where({ id }).first<DatabaseRow | undefined>();
  return row ? detailOf(row) : null;
}

/** The accounts of that name: one for each channel driver that has it. */
export async function readAccountsNamed(knex: Knex, pbx: string, username: string): Promise<AccountDetail[]> {
  const rows = (await knex(registeredAccounts.table).where({ pbx, username }).whereIn('channel_type', CHANNEL_TYPES).orderBy('channel_type')) as DatabaseRow[];
  return rows.map(detailOf);
}

function detailOf(row: DatabaseRow): AccountDetail {
  const since = Number(row['since']);
  return {
    record: fromRow(registeredAccounts.columns, row),
    channelType: String(row['channel_type']),
    online: Number(row['online']) === 1,
    since: since === 0 ? null : since,
    updatedAt: Number(row['updated_at']),
    contacts: parseContacts(String(row['contacts'])),
  };
}

// A text that another release wrote must not take the whole page away.
function parseContacts(stored: string): readonly Contact[] {
  try {
    return storedContacts.parse(JSON.parse(stored));
  } catch {
    return [];
  }
}
