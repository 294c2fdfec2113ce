import type { Knex } from 'knex';

const TABLE = 'setting';

/** Settings that those who write rows at once lock against whoever changes them, but not against one another. */
export const SHARED_SETTINGS = { namesForgotten: 'caller names forgotten', summarisedUntil: 'summarised until' } as const;

/** Sees to it that they are there: where one is not, MariaDB would lock its place for each of those who write against the others. */
export async function makeSharedSettings(knex: Knex): Promise<void> {
  const names = Object.values(SHARED_SETTINGS);
  const rows: readonly { readonly name: string }[] = await knex(TABLE).whereIn('name', names).select('name');
  const missing = names.filter((name) => !rows.some((row) => row.name === name));
  if (missing.length > 0) await knex(TABLE).insert(missing.map((name) => ({ name, value: '0' }))).onConflict('name').merge(['name']);
}
