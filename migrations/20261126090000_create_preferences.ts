import type { Knex } from 'knex';
import { exact } from './exact.js';

/** What a user chose last, by the name of where it was chosen. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('console_preference', (table) => {
    exact(knex, table);
    table.integer('user_id').unsigned().notNullable().references('id').inTable('console_user').onDelete('CASCADE');
    table.string('name', 64).notNullable();
    table.text('value').notNullable();
    table.primary(['user_id', 'name']);
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('console_preference');
}
