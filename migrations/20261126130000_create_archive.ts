import type { Knex } from 'knex';
import { exact } from './exact.js';

/** Months that were written to a file before their rows left (docs/retention.md). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('archived_month', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.string('log', 32).notNullable();
    table.string('month', 7).notNullable();
    // Rows that came later for a month that had left already are a further part.
    table.integer('part').notNullable();
    table.string('file', 64).notNullable();
    table.string('sha256', 64).notNullable();
    table.bigInteger('bytes').notNullable();
    table.bigInteger('row_count').notNullable();
    table.bigInteger('archived_at').notNullable();
    // 0: its rows are still in the table, or some of them.
    table.bigInteger('dropped_at').notNullable().defaultTo(0);
    // Until when its rows are to be in the table again; 0: they are not.
    table.bigInteger('restored_until').notNullable().defaultTo(0);
    table.unique(['log', 'month', 'part'], { indexName: 'archived_month_part' });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('archived_month');
}
