import type { Knex } from 'knex';

const SETTING = 'setting';
const LONGEST_NAME = 64;

/**
 * Waits until no other transaction that takes turns under this name is under way, also of other processes. Must be the
 * first statement of a transaction: only then does what it reads later include what those before it wrote. SQLite has
 * one writer anyway.
 */
export async function takeTurn(trx: Knex, name: string): Promise<void> {
  const row = { name: `turn ${name}`.slice(0, LONGEST_NAME) };
  const locked = (await trx(SETTING).where(row).forUpdate().select('name')) as unknown[];
  // Two that meet here, which happens once, deadlock, and one of them begins again.
  if (locked.length === 0) await trx(SETTING).insert({ ...row, value: '' }).onConflict('name').merge(['name']);
}

/** The turns of several, each once and all in one order. */
export async function takeTurns(trx: Knex, names: readonly string[]): Promise<void> {
  for (const name of [...new Set(names)].sort()) await takeTurn(trx, name);
}
