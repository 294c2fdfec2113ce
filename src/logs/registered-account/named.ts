import type { Knex } from 'knex';
import { plainName } from '../plain-name.js';
import { registeredAccounts } from './columns.js';

/** The user names of the accounts, on line or not, of whose name a word begins with this text, in whichever case and with or without its accents; up to `most`. */
export async function accountsNamed(knex: Knex, text: string, most: number): Promise<string[]> {
  const sought = plainName(text);
  if (sought === '') return [];
  // Accounts are few: a table of their words would have to be kept in step with every change of theirs.
  const rows = await knex<{ username: string; description: string }>(registeredAccounts.table).whereNot('description', '').distinct('username', 'description');
  const found = rows.filter(({ description }) => ` ${plainName(description)}`.includes(` ${sought}`)).map(({ username }) => username);
  return [...new Set(found)].slice(0, most);
}
