import type { Knex } from 'knex';
import { rememberAllNames } from '../src/logs/cdr/caller-names.js';
import { addColumn, addIndex, dropIndex } from './anew.js';
import { exact } from './exact.js';

/** What stands before the number in `"Anna Bianchi" <200>`: `callerName` in src/logs/cdr/caller-names.ts says the same. */
const NAME = `case when instr(caller_id, '<') = 0 then caller_id else substr(caller_id, 1, instr(caller_id, '<') - 1) end`;

/** Calls are found by any word of the caller's name: `caller_name` has each name once for each of its words, with what follows. */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, 'cdr', 'caller_name', `varchar(255) generated always as (${NAME}) virtual`);
  await addIndex(knex, 'cdr', 'cdr_caller_name', ['caller_name', 'call_date', 'id']);
  // All that stands in it comes from the calls.
  await knex.schema.dropTableIfExists('caller_name');
  await knex.schema.createTable('caller_name', (table) => {
    exact(knex, table);
    table.string('beginning', 64).notNullable();
    table.string('name', 255).notNullable();
    table.primary(['beginning', 'name']);
    table.index(['name'], 'caller_name_name');
  });
  await rememberAllNames(knex);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('caller_name');
  await dropIndex(knex, 'cdr', 'cdr_caller_name');
  await knex.raw('alter table cdr drop column caller_name');
}
