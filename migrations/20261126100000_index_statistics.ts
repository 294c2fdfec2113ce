import type { Knex } from 'knex';
import { addIndex } from './anew.js';

/** What the overview counts is read from these alone, and only as far as its range reaches. */
export async function up(knex: Knex): Promise<void> {
  await addIndex(knex, 'cdr', 'cdr_statistics', ['call_date', 'disposition', 'billsec']);
  // Trunks: what the PBX itself did.
  await addIndex(knex, 'sip_session', 'sip_session_source', ['source', 'event', 'at', 'id']);
  // Refused registrations, by the word that refused them.
  await addIndex(knex, 'sip_session', 'sip_session_details', ['details', 'at', 'event', 'remote_address', 'peername']);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('cdr', (table) => table.dropIndex([], 'cdr_statistics'));
  await knex.schema.alterTable('sip_session', (table) => {
    table.dropIndex([], 'sip_session_source');
    table.dropIndex([], 'sip_session_details');
  });
}
