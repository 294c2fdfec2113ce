import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import type { Connection } from 'mysql2';
import { openDatabase, type Database } from '../src/database/database.js';
import { generate } from '../test/support/generate/generate.js';
import { freshDatabase, namedDatabase, startMariaDb, type MariaDb } from '../test/support/mariadb.js';
import { tempFolder, which } from '../test/support/processes.js';
import { indexedAfterwards } from './indexes.js';

const POOL_MB = 1_024;

/** A database that the bench fills, with its own client beside. */
export interface Store {
  readonly name: 'MariaDB' | 'SQLite';
  readonly url: string;
  readonly database: Database;
  /** Where stands how many rows it was filled with, if it is kept. */
  readonly filled: string | null;
  /** Runs a query in the database's own client, with its output thrown away; answers the seconds. */
  client(sql: string): Promise<number>;
  /** Makes a table without keys and loads a CSV file into it by the database alone; answers the seconds. */
  load(createTable: string, path: string): Promise<number>;
  /** Inserts the rows of a CSV file into a table of a database as it stands, with all its indexes, by the database alone; answers the seconds. */
  insertFile(url: string, table: string, columns: readonly string[], path: string): Promise<number>;
  /** Another, empty database of the same kind, migrated. */
  another(): Promise<{ readonly database: Database; readonly url: string; close(): Promise<void> }>;
}

export interface Stage {
  readonly stores: readonly Store[];
  close(): Promise<void>;
}

/** `kept` is a folder where the databases stay, filled, for another run of as many rows; null makes them anew and leaves nothing. */
export async function buildStage(kept: string | null): Promise<Stage> {
  const folder = tempFolder('bench');
  if (kept !== null) mkdirSync(kept, { recursive: true });
  const server = await startMariaDb({ bufferPoolMb: POOL_MB, durable: true, ...(kept !== null && { data: join(kept, 'mariadb') }) });
  const stores = [await mariaDb(server, kept), await sqlite(folder, kept)];
  return {
    stores,
    async close() {
      for (const { database } of stores) await database.close();
      await server.stop();
    },
  };
}

async function mariaDb(server: MariaDb, kept: string | null): Promise<Store> {
  const url = kept === null ? (await freshDatabase(server.url)).url : await namedDatabase(server.url, 'bench');
  const client = (where: string, sql: string): Promise<number> => {
    const { username, password, port, pathname } = new URL(where);
    const login = ['--no-defaults', '-h127.0.0.1', `-P${port}`, `-u${username}`, `-p${decodeURIComponent(password)}`, '--default-character-set=utf8mb4', '--quick', '--batch', '--local-infile=1', pathname.slice(1)];
    return timed(which('mariadb') ?? 'mariadb', [...login, '-e', sql]);
  };
  const file = (path: string, table: string): string => `load data local infile '${path}' into table ${table} fields terminated by ',' optionally enclosed by '"' escaped by ''`;
  return {
    name: 'MariaDB',
    url,
    filled: kept === null ? null : join(kept, 'mariadb.rows'),
    database: await migrated(url),
    client: (sql) => client(url, sql),
    load: (createTable, path) => client(url, `drop table if exists staging; ${createTable}; ${file(path, 'staging')}; drop table staging`),
    insertFile: (where, table, columns, path) => client(where, `${file(path, table)} (${columns.join()})`),
    another: async () => {
      const fresh = await freshDatabase(server.url);
      const database = await migrated(fresh.url);
      return { database, url: fresh.url, close: () => database.close().then(fresh.drop) };
    },
  };
}

async function sqlite(folder: string, kept: string | null): Promise<Store> {
  const path = join(kept ?? folder, 'bench.sqlite');
  let others = 0;
  return {
    name: 'SQLite',
    url: `sqlite:${path}`,
    filled: kept === null ? null : join(kept, 'sqlite.rows'),
    database: await migrated(`sqlite:${path}`, 'command'),
    client: (sql) => timed(which('sqlite3') ?? 'sqlite3', ['-csv', path, sql]),
    load: (createTable, file) => timed(which('sqlite3') ?? 'sqlite3', [join(folder, 'staging.sqlite'), `drop table if exists staging; ${createTable};`, `.import --csv ${file} staging`]),
    async insertFile(where, table, columns, file) {
      const client = (...statements: readonly string[]): Promise<number> => timed(which('sqlite3') ?? 'sqlite3', [where.slice('sqlite:'.length), 'pragma synchronous = full; pragma cache_size = -131072;', ...statements]);
      await client(`create table staging (${columns.join()});`, `.import --csv ${file} staging`);
      return client(`insert into ${table} (${columns.join()}) select ${columns.join()} from staging;`);
    },
    another: async () => {
      const url = `sqlite:${join(folder, `other-${(others += 1)}.sqlite`)}`;
      const database = await migrated(url, 'command');
      return { database, url, close: () => database.close() };
    },
  };
}

async function migrated(url: string, caller: 'service' | 'command' = 'service'): Promise<Database> {
  const database = openDatabase(url, caller);
  await database.migrate();
  return database;
}

/** Calls and events of the two years until now; false where they stand already, from a run before. Throws where other rows stand. */
export async function fill({ name, database, filled }: Store, rows: number): Promise<boolean> {
  if (filled !== null && existsSync(filled)) {
    const found = readFileSync(filled, 'utf8').trim();
    if (found !== String(rows)) throw new Error(`BENCH_DATA has a ${name} of ${found === '' ? 'an unknown number of' : found} rows, not of ${rows}: take another folder`);
    return false;
  }
  // A fill that is broken off is not mistaken for a whole one.
  if (filled !== null) writeFileSync(filled, '');
  await indexedAfterwards(database, ['cdr', 'sip_session', 'web_session'], async () => {
    await generate(database, { calls: rows, to: Date.now() * 1_000 });
  });
  for (const table of ['cdr', 'sip_session', 'web_session', 'registered_account']) await database.knex.raw(database.dialect === 'sqlite' ? `analyze ${table}` : `analyze table ${table}`);
  if (filled !== null) writeFileSync(filled, `${rows}\n`);
  return true;
}

export function timed(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const output = openSync('/dev/null', 'w');
  const start = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', output, 'inherit'], env });
  closeSync(output);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve((performance.now() - start) / 1_000) : reject(new Error(`${program} ended with ${code ?? 'a signal'}`))));
  });
}

interface Pool {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

/** The driver's own connection under knex, for what is measured against. */
export async function withDriver<T>({ knex, dialect }: Database, work: (driver: { readonly mysql: Connection } | { readonly sqlite: BetterSqlite3.Database }) => Promise<T>): Promise<T> {
  const pool = knex.client as Pool;
  const connection = await pool.acquireConnection();
  try {
    return await work(dialect === 'mysql' ? { mysql: connection as Connection } : { sqlite: connection as BetterSqlite3.Database });
  } finally {
    await pool.releaseConnection(connection);
  }
}

/** Asks the driver alone. */
export function ask(database: Database, sql: string, bindings: readonly unknown[]): Promise<readonly unknown[]> {
  return withDriver(database, async (driver) => {
    if ('sqlite' in driver) return driver.sqlite.prepare(sql).all(...bindings);
    const [rows] = await driver.mysql.promise().query(sql, [...bindings]);
    return rows as unknown[];
  });
}
