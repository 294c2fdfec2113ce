import type { Knex } from 'knex';
import { registeredAccounts } from './columns.js';

/** More than a PBX has; each is read when somebody searches a name. */
const MOST_ACCOUNTS = 20_000;
/** A list by more accounts than that is no answer to who was looked for. */
const MOST_NAMED = 100;

/** The user names of the accounts, on line or not, of whose name a word begins with this text, in whichever case and with or without its accents. */
export async function accountsNamed(knex: Knex, text: string): Promise<string[]> {
  const sought = plain(text);
  if (sought === '') return [];
  const rows = await knex<{ username: string; description: string }>(registeredAccounts.table)
    .whereNot('description', '')
    .orderBy('id')
    .limit(MOST_ACCOUNTS)
    .select('username', 'description');
  const found = rows.filter(({ description }) => ` ${plain(description)}`.includes(` ${sought}`)).map(({ username }) => username);
  return [...new Set(found)].slice(0, MOST_NAMED);
}

/** Letters alone, parted by single spaces. */
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
