import type { Knex } from 'knex';

/** Who told an account's state last: what another listener tells with an older time is behind, not news of a clock set back. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('registered_account', (table) => {
    table.string('listener', 36).notNullable().defaultTo('');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('registered_account', (table) => {
    table.dropColumn('listener');
  });
}
