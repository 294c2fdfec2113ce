import type { Knex } from 'knex';
import * as logs from './20261122190000_create_logs.js';
import * as console from './20261122190100_create_console.js';
import * as reliability from './20261125180000_create_reliability.js';
import * as preferences from './20261126090000_create_preferences.js';
import * as statistics from './20261126100000_index_statistics.js';
import * as language from './20261126110000_create_language.js';
import * as remoteHost from './20261126110000_index_remote_host.js';
import * as numberEndings from './20261126120000_index_number_endings.js';
import * as archive from './20261126130000_create_archive.js';
import * as doubts from './20261127090000_create_session_doubts.js';
import * as tellers from './20261127090100_add_account_listener.js';
import * as takenBack from './20261128010000_create_taken_back.js';
import * as devices from './20261128020000_index_pbx_and_devices.js';
import * as callerNames from './20261128020100_create_caller_names.js';
import * as months from './20261128060000_partition_logs.js';
import * as summary from './20261128080000_create_summary.js';

interface Migration {
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

/** All migrations by name, in order. A list, not a folder, so that the names are the same in TypeScript and built. */
const all: Readonly<Record<string, Migration>> = {
  '20261122190000_create_logs': logs,
  '20261122190100_create_console': console,
  '20261125180000_create_reliability': reliability,
  '20261126090000_create_preferences': preferences,
  '20261126100000_index_statistics': statistics,
  '20261126110000_create_language': language,
  '20261126110000_index_remote_host': remoteHost,
  '20261126120000_index_number_endings': numberEndings,
  '20261126130000_create_archive': archive,
  '20261127090000_create_session_doubts': doubts,
  '20261127090100_add_account_listener': tellers,
  '20261128010000_create_taken_back': takenBack,
  '20261128020000_index_pbx_and_devices': devices,
  '20261128020100_create_caller_names': callerNames,
  '20261128060000_partition_logs': months,
  '20261128080000_create_summary': summary,
};

export const migrations: Knex.MigrationSource<string> = {
  getMigrations: () => Promise.resolve(Object.keys(all)),
  getMigrationName: (name) => name,
  getMigration: (name) => {
    const migration = all[name];
    return migration ? Promise.resolve(migration) : Promise.reject(new Error(`no migration ${name}`));
  },
};
