import type { Knex } from 'knex';
import { rowArrays } from '../database/row-arrays.js';

const TABLE = 'console_preference';

/** What a user chose last, kept by name. Gone with the user. */
export interface Preferences {
  read(userId: number, name: string): Promise<string | null>;
  /** Several at once, in the order of the names. */
  readAll<const Names extends readonly string[]>(userId: number, names: Names): Promise<{ readonly [Place in keyof Names]: string | null }>;
  write(userId: number, name: string, value: string): Promise<void>;
}

export function preferences(knex: Knex): Preferences {
  return {
    async read(userId, name) {
      const row = await knex<{ user_id: number; name: string; value: string }>(TABLE).where({ user_id: userId, name }).first('value');
      return row?.value ?? null;
    },
    async readAll(userId, names) {
      const kept = new Map(await rowArrays(knex, knex(TABLE).select('name', 'value').where({ user_id: userId }).whereIn('name', names)) as readonly (readonly [string, string])[]);
      return names.map((name) => kept.get(name) ?? null) as { readonly [Place in keyof typeof names]: string | null };
    },
    async write(userId, name, value) {
      await knex(TABLE).insert({ user_id: userId, name, value }).onConflict(['user_id', 'name']).merge(['value']);
    },
  };
}
