import type { Knex } from 'knex';

/** Byte for byte comparison on both databases: `Bob` and `bob` are two accounts. */
export function exact(knex: Knex, table: Knex.CreateTableBuilder): void {
  // SQLite compares so by itself, and Knex refuses these clauses for it.
  if ((knex.client as { dialect: string }).dialect !== 'mysql') return;
  table.charset('utf8mb4');
  table.collate('utf8mb4_bin');
  table.engine('InnoDB');
}
