import type { Knex } from 'knex';

/**
 * MariaDB commits each of these as it ends, and on large tables they take minutes: a migration that was broken off
 * amid them takes up where it was.
 */
export async function addColumn(knex: Knex, table: string, column: string, definition: string): Promise<void> {
  if (await knex.schema.hasColumn(table, column)) return;
  await unlessThere(knex.raw(`alter table ${table} add column ${column} ${definition}`));
}

export async function addIndex(knex: Knex, table: string, name: string, columns: readonly string[]): Promise<void> {
  if (await hasIndex(knex, table, name)) return;
  await unlessThere(knex.raw(`create index ${name} on ${table} (${columns.join(', ')})`));
}

export async function dropIndex(knex: Knex, table: string, name: string): Promise<void> {
  if (await hasIndex(knex, table, name)) await knex.schema.alterTable(table, (altered) => altered.dropIndex([], name));
}

/** The server may still have been at it, for whoever broke off: then it is there by the time that this one has its turn. */
async function unlessThere(statement: PromiseLike<unknown>): Promise<void> {
  try {
    await statement;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ER_DUP_KEYNAME' && code !== 'ER_DUP_FIELDNAME') throw error;
  }
}

async function hasIndex(knex: Knex, table: string, name: string): Promise<boolean> {
  const mysql = (knex.client as { dialect: string }).dialect === 'mysql';
  const found = mysql
    ? ((await knex.raw('select 1 from information_schema.statistics where table_schema = database() and table_name = ? and index_name = ? limit 1', [table, name])) as [unknown[]])[0]
    : await knex('sqlite_master').where({ type: 'index', tbl_name: table, name }).select('name');
  return found.length > 0;
}
