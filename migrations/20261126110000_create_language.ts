import type { Knex } from 'knex';
import { addColumn } from './anew.js';

/** The language a user reads the console in; '' for what the browser asks for. */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, 'console_user', 'language', "varchar(8) not null default ''");
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('console_user', (table) => table.dropColumn('language'));
}
