import type { Knex } from 'knex';
import { exact } from './exact.js';

/** Instants are BIGINT microseconds since 1970 UTC; absent texts are '' and absent instants 0 (docs/decisions/0002). */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('sip_session', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    key(table);
    table.bigInteger('at').notNullable();
    text(table, 'event', 10);
    text(table, 'source', 6);
    text(table, 'peername', 255);
    text(table, 'account', 255);
    text(table, 'details', 255);
    text(table, 'user_agent', 255);
    text(table, 'remote_address', 80);
    text(table, 'transport', 4);
    text(table, 'tls_cipher', 80);
    table.boolean('reconciled').notNullable();
    text(table, 'binding', 9);
    text(table, 'candidates', 1000);
    text(table, 'pbx', 64);
    table.index(['at', 'id'], 'sip_session_at');
    table.index(['event', 'at', 'id'], 'sip_session_event');
    table.index(['peername', 'at', 'id'], 'sip_session_peername');
    table.index(['reconciled', 'at', 'id'], 'sip_session_reconciled');
    table.index(['binding', 'at', 'id'], 'sip_session_binding');
    table.index(['remote_address', 'at', 'id'], 'sip_session_remote_address');
  });

  await knex.schema.createTable('socket_use', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    key(table);
    text(table, 'pbx', 64);
    text(table, 'transport', 4);
    text(table, 'remote_address', 80);
    text(table, 'peername', 255);
    text(table, 'account', 255);
    table.bigInteger('at').notNullable();
    table.boolean('handled').notNullable();
    table.index(['remote_address', 'at'], 'socket_use_remote_address');
    table.index(['handled', 'id'], 'socket_use_handled');
  });

  await knex.schema.createTable('registered_account', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    text(table, 'pbx', 64);
    text(table, 'channel_type', 8);
    text(table, 'username', 255);
    text(table, 'description', 255);
    table.boolean('online').notNullable();
    text(table, 'ip_address', 80);
    table.integer('port').notNullable();
    text(table, 'transport', 4);
    text(table, 'user_agent', 255);
    table.bigInteger('registration_expires').notNullable();
    text(table, 'status', 32);
    table.integer('contact_count').notNullable();
    table.text('contacts').notNullable();
    table.bigInteger('since').notNullable();
    table.bigInteger('updated_at').notNullable();
    table.unique(['pbx', 'channel_type', 'username'], { indexName: 'registered_account_username' });
    table.index(['online', 'username', 'id'], 'registered_account_online');
    table.index(['online', 'registration_expires', 'id'], 'registered_account_expires');
    table.index(['online', 'ip_address', 'id'], 'registered_account_ip_address');
    table.index(['online', 'description', 'id'], 'registered_account_description');
    table.index(['online', 'id'], 'registered_account_online_id');
  });

  await knex.schema.createTable('web_session', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    key(table);
    table.bigInteger('at').notNullable();
    text(table, 'event_type', 32);
    text(table, 'principal', 255);
    text(table, 'ip_address', 80);
    text(table, 'service', 16);
    text(table, 'pbx', 64);
    table.index(['at', 'id'], 'web_session_at');
    table.index(['event_type', 'at', 'id'], 'web_session_event_type');
    table.index(['principal', 'at', 'id'], 'web_session_principal');
    table.index(['ip_address', 'at', 'id'], 'web_session_ip_address');
    table.index(['service', 'at', 'id'], 'web_session_service');
  });

  await knex.schema.createTable('cdr', (table) => {
    exact(knex, table);
    table.bigIncrements('id');
    key(table);
    table.bigInteger('call_date').notNullable();
    table.bigInteger('answer_date').notNullable();
    table.bigInteger('end_date').notNullable();
    text(table, 'src', 80);
    text(table, 'dst', 80);
    text(table, 'caller_id', 255);
    table.integer('duration').notNullable();
    table.integer('billsec').notNullable();
    text(table, 'disposition', 16);
    text(table, 'asterisk_disposition', 32);
    text(table, 'channel', 128);
    text(table, 'dstchannel', 128);
    text(table, 'dcontext', 80);
    text(table, 'lastapp', 80);
    text(table, 'lastdata', 512);
    text(table, 'accountcode', 80);
    text(table, 'amaflags', 32);
    text(table, 'userfield', 512);
    text(table, 'uniqueid', 150);
    text(table, 'linkedid', 150);
    text(table, 'sequence', 20);
    text(table, 'peeraccount', 80);
    table.text('extra').notNullable();
    text(table, 'pbx', 64);
    table.index(['call_date', 'id'], 'cdr_call_date');
    table.index(['src', 'call_date', 'id'], 'cdr_src');
    table.index(['dst', 'call_date', 'id'], 'cdr_dst');
    table.index(['disposition', 'call_date', 'id'], 'cdr_disposition');
    table.index(['duration', 'call_date', 'id'], 'cdr_duration');
    table.index(['uniqueid', 'call_date', 'id'], 'cdr_uniqueid');
    table.index(['linkedid', 'call_date', 'id'], 'cdr_linkedid');
  });
}

export async function down(knex: Knex): Promise<void> {
  for (const table of ['cdr', 'web_session', 'registered_account', 'socket_use', 'sip_session']) {
    await knex.schema.dropTableIfExists(table);
  }
}

function key(table: Knex.CreateTableBuilder): void {
  table.string('event_key', 32).notNullable().unique();
}

function text(table: Knex.CreateTableBuilder, name: string, length: number): void {
  table.string(name, length).notNullable().defaultTo('');
}
