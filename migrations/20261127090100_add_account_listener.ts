import type { Knex } from 'knex';
import { addColumn } from './anew.js';

/** Who told an account's state last: what another listener tells with an older time is behind, not news of a clock set back. */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, 'registered_account', 'listener', "varchar(36) not null default ''");
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('registered_account', (table) => {
    table.dropColumn('listener');
  });
}
