import type { Knex } from 'knex';
import { addColumn, addIndex, dropIndex } from './anew.js';

/** Each log's time, by which its rows of one PBX are read. */
const LOGS = [['cdr', 'call_date'], ['sip_session', 'at'], ['web_session', 'at'], ['dead_letter', 'at']] as const;
const CHANNELS = ['channel', 'dstchannel'];

/**
 * The rows of one PBX are read in the order of time, and so are the calls of one device: `PJSIP/200` of
 * `PJSIP/200-0000001f`, which the database works out from what is stored.
 */
export async function up(knex: Knex): Promise<void> {
  for (const [table, time] of LOGS) {
    // Not on pbx itself: to a planner without statistics it would be as good as the index of what else a query asks for.
    await addColumn(knex, table, 'pbx_listed', `varchar(64) generated always as (coalesce(pbx, '')) virtual`);
    await addIndex(knex, table, `${table}_pbx_listed`, ['pbx_listed', time, 'id']);
  }
  for (const channel of CHANNELS) {
    await addColumn(knex, 'cdr', `${channel}_device`, `varchar(128) generated always as (${deviceOf(knex, channel)}) virtual`);
    await addIndex(knex, 'cdr', `cdr_${channel}_device`, [`${channel}_device`, 'call_date', 'id']);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const channel of CHANNELS) {
    await dropIndex(knex, 'cdr', `cdr_${channel}_device`);
    await knex.raw(`alter table cdr drop column ${channel}_device`);
  }
  for (const [table] of LOGS) {
    await dropIndex(knex, table, `${table}_pbx_listed`);
    await knex.raw(`alter table ${table} drop column pbx_listed`);
  }
}

/** What stands before the last hyphen, as Asterisk itself makes the device of a channel (ast_channel_get_device_name); all of it where there is none. */
function deviceOf(knex: Knex, channel: string): string {
  const upToHyphen =
    (knex.client as { dialect: string }).dialect === 'mysql'
      ? `left(${channel}, char_length(${channel}) - char_length(substring_index(${channel}, '-', -1)) - 1)`
      : // What is cut from the end are all characters of the text but hyphens.
        `substr(rtrim(${channel}, replace(${channel}, '-', '')), 1, length(rtrim(${channel}, replace(${channel}, '-', ''))) - 1)`;
  return `case when instr(${channel}, '-') = 0 then ${channel} else ${upToHyphen} end`;
}
