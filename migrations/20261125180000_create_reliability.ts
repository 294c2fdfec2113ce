import type { Knex } from 'knex';
import { exact } from './exact.js';

/** What was heard when, what was not, and what could not be written (docs/reliability.md). */
export async function up(knex: Knex): Promise<void> {
  // One row a login that stood: the complement of all listeners' rows of a PBX is what nobody heard.
  await knex.schema.createTable('listening', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.string('listener', 36).notNullable();
    table.string('pbx', 64).notNullable();
    table.bigInteger('from_at').notNullable();
    table.bigInteger('until_at').notNullable();
    table.string('reason', 255).notNullable().defaultTo('');
    table.unique(['listener', 'pbx', 'from_at'], { indexName: 'listening_from' });
    table.index(['pbx', 'until_at'], 'listening_until');
  });

  await knex.schema.createTable('capture_gap', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.string('event_key', 32).notNullable().unique();
    table.string('kind', 8).notNullable();
    table.string('pbx', 64).notNullable();
    table.bigInteger('from_at').notNullable();
    table.bigInteger('to_at').notNullable();
    table.string('reason', 255).notNullable();
    table.integer('lost').notNullable();
    table.string('recovery', 16).notNullable();
    table.integer('recovered_calls').notNullable();
    table.string('recovery_note', 500).notNullable();
    table.bigInteger('recovered_at').notNullable();
    // When the next attempt is to be made, or when the one under way is taken to have died; 0: no more.
    table.bigInteger('recovery_due').notNullable().defaultTo(0);
    table.integer('recovery_tries').notNullable().defaultTo(0);
    table.index(['from_at', 'id'], 'capture_gap_from');
    table.index(['to_at', 'id'], 'capture_gap_to');
    table.index(['kind', 'from_at', 'id'], 'capture_gap_kind');
    table.index(['recovery', 'from_at', 'id'], 'capture_gap_recovery');
    table.index(['recovery', 'to_at'], 'capture_gap_recovery_to');
    table.index(['pbx', 'from_at', 'id'], 'capture_gap_pbx');
    table.index(['pbx', 'recovery_due'], 'capture_gap_due');
  });

  await knex.schema.createTable('dead_letter', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.string('event_key', 32).notNullable().unique();
    table.bigInteger('at').notNullable();
    table.string('pbx', 64).notNullable();
    table.string('stage', 8).notNullable();
    table.string('name', 64).notNullable();
    table.string('reason', 255).notNullable();
    table.text('content', 'mediumtext').notNullable();
    table.integer('tries').notNullable();
    table.bigInteger('tried_at').notNullable();
    table.index(['at', 'id'], 'dead_letter_at');
    table.index(['name', 'at', 'id'], 'dead_letter_name');
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['dead_letter', 'capture_gap', 'listening']) await knex.schema.dropTableIfExists(table);
}
