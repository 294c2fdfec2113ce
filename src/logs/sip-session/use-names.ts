import type { Knex } from 'knex';
import { CHANNEL_TYPES } from '../../ami/input.js';
import { registeredAccounts } from '../registered-account/columns.js';

interface Named {
  readonly pbx: string;
  readonly peername: string;
}

/** With more of them MariaDB would rather read all accounts. */
const NAMES_A_QUERY = 100;

/** The names of accounts, read together: null for one that has none or is not known. */
export async function accountNames(knex: Knex, accounts: readonly Named[]): Promise<(pbx: string, peername: string) => string | null> {
  const names = new Map<string, string>();
  const keyOf = (pbx: string, username: string): string => JSON.stringify([pbx, username]);
  for (const pbx of new Set(accounts.map((account) => account.pbx))) {
    const sought = [...new Set(accounts.filter((account) => account.pbx === pbx).map(({ peername }) => peername))];
    for (let start = 0; start < sought.length; start += NAMES_A_QUERY) {
      const rows = (await knex(registeredAccounts.table)
        .select('username', 'description')
        .where({ pbx })
        // Which the index has before the user name: without them all accounts of the PBX are read.
        .whereIn('channel_type', CHANNEL_TYPES)
        .whereIn('username', sought.slice(start, start + NAMES_A_QUERY))) as { username: string; description: string }[];
      for (const { username, description } of rows) if (!names.has(keyOf(pbx, username))) names.set(keyOf(pbx, username), description);
    }
  }
  return (pbx, peername) => names.get(keyOf(pbx, peername)) ?? null;
}
