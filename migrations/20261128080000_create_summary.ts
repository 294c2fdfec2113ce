import type { Knex } from 'knex';
import { exact } from './exact.js';

/** What the overview counts, an hour each, rolled up (docs/decisions/0016). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('summary', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    table.string('kind', 16).notNullable();
    table.bigInteger('from_at').notNullable();
    table.text('content', 'mediumtext').notNullable();
    table.unique(['kind', 'from_at'], { indexName: 'summary_kind' });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('summary');
  await knex('setting').where('name', 'summarised until').delete();
}
