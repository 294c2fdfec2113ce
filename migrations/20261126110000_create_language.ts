import type { Knex } from 'knex';

/** The language a user reads the console in; '' for what the browser asks for. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('console_user', (table) => {
    table.string('language', 8).notNullable().defaultTo('');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('console_user', (table) => table.dropColumn('language'));
}
