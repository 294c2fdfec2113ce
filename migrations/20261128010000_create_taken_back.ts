import type { Knex } from 'knex';
import { exact } from './exact.js';

/** Rows that left the session log because somebody heard what they only inferred: whoever follows the log is told. */
export async function up(knex: Knex): Promise<void> {
  if (await knex.schema.hasTable('session_taken_back')) return;
  await knex.schema.createTable('session_taken_back', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.bigInteger('row_id').notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('session_taken_back');
}
