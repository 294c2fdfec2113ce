import type { Knex } from 'knex';
import { exact } from './exact.js';

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('console_user', (table) => {
    exact(knex, table);
    table.increments('id');
    table.string('username', 128).notNullable().unique();
    table.string('password_hash', 255).notNullable();
    table.string('time_zone', 64).notNullable().defaultTo('');
    table.bigInteger('created_at').notNullable();
    table.bigInteger('password_changed_at').notNullable();
  });

  // Failures are counted by principal, whether or not there is such a user, so that the answer tells nothing.
  await knex.schema.createTable('sign_in_failure', (table) => {
    exact(knex, table);
    table.string('principal', 255).primary();
    table.integer('failures').notNullable();
    table.bigInteger('last_at').notNullable();
    table.bigInteger('locked_until').notNullable();
  });

  // The shape that connect-session-knex expects.
  await knex.schema.createTable('console_session', (table) => {
    exact(knex, table);
    table.string('sid', 255).primary();
    table.text('sess').notNullable();
    table.datetime('expired').notNullable().index('console_session_expired');
  });

  // What all processes of one installation share, such as the key that signs session cookies.
  await knex.schema.createTable('setting', (table) => {
    exact(knex, table);
    table.string('name', 64).primary();
    table.string('value', 255).notNullable();
  });

  await knex.schema.createTable('job_run', (table) => {
    exact(knex, table);
    table.string('job', 64).primary();
    table.bigInteger('started_at').notNullable();
    table.bigInteger('finished_at').notNullable();
    table.string('result', 255).notNullable();
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['job_run', 'setting', 'console_session', 'sign_in_failure', 'console_user']) {
    await knex.schema.dropTableIfExists(table);
  }
}
