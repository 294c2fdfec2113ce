import type { Knex } from 'knex';
import { addColumn, addIndex } from './anew.js';

/** `203.0.113.37` of `203.0.113.37:28224`, `2001:db8::1` of `[2001:db8::1]:5060`, and what has no port as it is. */
const HOST = `case
  when remote_address like '[%' then substr(remote_address, 2, instr(remote_address, ']') - 2)
  when remote_address like '%:%' and remote_address not like '%:%:%' then substr(remote_address, 1, instr(remote_address, ':') - 1)
  else remote_address end`;

/** All that one address did, from whichever ports, is read in the order of time. Worked out by the database from what is stored. */
export async function up(knex: Knex): Promise<void> {
  await addColumn(knex, 'sip_session', 'remote_host', `varchar(80) generated always as (${HOST}) virtual`);
  await addIndex(knex, 'sip_session', 'sip_session_remote_host', ['remote_host', 'at', 'id']);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('sip_session', (table) => table.dropIndex([], 'sip_session_remote_host'));
  await knex.raw('alter table sip_session drop column remote_host');
}
