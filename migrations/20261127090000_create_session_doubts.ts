import type { Knex } from 'knex';
import { exact } from './exact.js';

/** Rows of the session log that another listener may tell with another key: they stand there while nobody does. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('session_doubt', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.string('event_key', 32).notNullable().unique();
    // Of the row in the session log; several listeners may doubt the same.
    table.string('row_key', 32).notNullable();
    table.string('listener', 36).notNullable();
    table.string('pbx', 64).notNullable();
    table.string('peername', 255).notNullable();
    table.bigInteger('since_at').notNullable();
    table.bigInteger('at').notNullable();
    // Keys of the listener's own rows, which say something else.
    table.text('heard', 'mediumtext').notNullable();
    // The row as it stands, or would.
    table.text('content', 'mediumtext').notNullable();
    table.index(['peername', 'at'], 'session_doubt_peername');
    table.index(['row_key'], 'session_doubt_row');
    table.index(['pbx', 'at'], 'session_doubt_at');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('session_doubt');
}
