import type { Knex } from 'knex';

/** What the overview counts is read from these alone, and only as far as its range reaches. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('cdr', (table) => {
    table.index(['call_date', 'disposition', 'billsec'], 'cdr_statistics');
  });
  await knex.schema.alterTable('sip_session', (table) => {
    // Trunks: what the PBX itself did.
    table.index(['source', 'event', 'at', 'id'], 'sip_session_source');
    // Refused registrations, by the word that refused them.
    table.index(['details', 'at', 'event', 'remote_address', 'peername'], 'sip_session_details');
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('cdr', (table) => table.dropIndex([], 'cdr_statistics'));
  await knex.schema.alterTable('sip_session', (table) => {
    table.dropIndex([], 'sip_session_source');
    table.dropIndex([], 'sip_session_details');
  });
}
