import { constants } from 'node:fs';
import { dirname } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../database/database.js';
import { messageOf } from '../errors.js';
import { MICROS_PER_SECOND } from '../time.js';
import { migrations } from '../../migrations/index.js';
import { allowed, askFolder } from './ask-folder.js';
import type { CallFacts, DatabaseFacts, MigrationFacts } from './database-facts.js';
import { within } from './within.js';

const WHOLE_MS = 6_000;
const CLOSE_MS = 1_000;
const CALLS = 20;

/** Looks at the database without changing it: no table and no file is made. Never rejects. */
export async function askDatabase(url: string, pbxName: string): Promise<DatabaseFacts> {
  return url.startsWith('sqlite:') ? askSqlite(url, pbxName) : askMysql(url, pbxName);
}

async function askSqlite(url: string, pbxName: string): Promise<DatabaseFacts> {
  const place = url.slice('sqlite:'.length);
  const { freeBytes, ...folder } = await askFolder(dirname(place));
  const isThere = place !== ':memory:' && (await allowed(place, constants.F_OK));
  const writable = folder.writable && (!isThere || (await allowed(place, constants.W_OK)));
  // Opening it makes files beside it, which whoever may not write could not remove.
  if (!isThere || !writable) return { kind: 'sqlite', place, content: null, writable, freeBytes };
  return asked(url, 'sqlite', place, async (knex) => {
    const row = await knex.first<{ version: string }>(knex.raw('sqlite_version() as version'));
    return { kind: 'sqlite', place, writable, freeBytes, content: { version: row.version, ...(await tables(knex, pbxName)) } };
  });
}

interface Server {
  readonly version: string;
  readonly zone: string;
  readonly charset: string;
  readonly readOnly: number | string;
  readonly flushes: number | null;
}

async function askMysql(url: string, pbxName: string): Promise<DatabaseFacts> {
  const { host, pathname } = new URL(url);
  const place = `${host}${pathname}`;
  return asked(url, 'mysql', place, async (knex) => {
    const row = await knex.first<Server>(
      knex.raw(
        'version() as version, @@global.time_zone as zone, @@character_set_database as charset, @@global.read_only as readOnly, @@global.innodb_flush_log_at_trx_commit as flushes',
      ),
    );
    return {
      kind: 'mysql', place, version: row.version, timeZone: row.zone, charset: row.charset,
      readOnly: Number(row.readOnly) !== 0, flushAtCommit: row.flushes, ...(await tables(knex, pbxName)),
    };
  });
}

async function asked(url: string, engine: 'sqlite' | 'mysql', place: string, questions: (knex: Knex) => Promise<DatabaseFacts>): Promise<DatabaseFacts> {
  const database = openDatabase(url);
  try {
    return await within(WHOLE_MS, 'the database', questions(database.knex));
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
    return { kind: 'failed', engine, place, code, message: messageOf(error) };
  } finally {
    await within(CLOSE_MS, 'the database', database.close()).catch(() => undefined);
  }
}

async function tables(knex: Knex, pbxName: string): Promise<{ migrations: MigrationFacts; calls: CallFacts | null }> {
  // knex's own list of migrations would make their table.
  if (!(await knex.schema.hasTable('knex_migrations'))) return { migrations: { kind: 'none' }, calls: null };
  const rows = await knex<{ name: string }>('knex_migrations').select('name');
  const done = new Set(rows.map(({ name }) => name));
  const wanted = await migrations.getMigrations([]);
  const pending = wanted.filter((name) => !done.has(name));
  const strange = [...done].filter((name) => !wanted.includes(name));
  return { migrations: done.size === 0 ? { kind: 'none' } : { kind: 'some', pending, strange }, calls: await newestCalls(knex, pbxName) };
}

async function newestCalls(knex: Knex, pbxName: string): Promise<CallFacts | null> {
  if (!(await knex.schema.hasTable('cdr'))) return null;
  const rows = await knex<{ call_date: number | string; linkedid: string; sequence: string; pbx: string }>('cdr')
    .where({ pbx: pbxName })
    .orderBy([{ column: 'call_date', order: 'desc' }, { column: 'id', order: 'desc' }])
    .limit(CALLS)
    .select('call_date', 'linkedid', 'sequence');
  const isExact = rows.map((row) => Number(row.call_date) % MICROS_PER_SECOND !== 0);
  return {
    newest: rows.length,
    exact: isExact.filter((exact) => exact).length,
    newestIsExact: isExact[0] ?? false,
    linked: rows.filter((row) => row.linkedid !== '').length,
    numbered: rows.filter((row) => row.sequence !== '').length,
  };
}
