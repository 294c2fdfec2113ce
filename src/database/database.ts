import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import knex, { type Knex } from 'knex';
import { InvalidInputError, messageOf } from '../errors.js';
import { migrations } from '../../migrations/index.js';
import { endReading } from './apart.js';
import { migrateMysql, migrateSqlite, type OnMigrating } from './migrate.js';
import type { Dialect } from './dialect.js';
import { mysqlConnection, SESSION_LIMITS } from './mysql-connection.js';
import { endReporting } from './report-knex.js';
import { makeSharedSettings } from './shared-settings.js';
import { writeInTurn, type WriteTurn } from './write-turn.js';
import { patiently } from './writing.js';

export { isSqlite, type Dialect } from './dialect.js';
export { insertOnce, insertOrUpdate } from './statements.js';

export interface Database {
  /** Where it is; has the password. */
  readonly url: string;
  readonly knex: Knex;
  readonly dialect: Dialect;
  /** What it was opened with. */
  readonly turn: WriteTurn | null;
  /** How long `writing` tries again while others are in the way. */
  readonly patienceMs: number;
  /** How long one transaction of `writing` may take on MySQL, whose connection may be dead without a word. */
  readonly transactionLimitMs: number;
  /** Applies what is missing of the migrations; safe when two processes do so at once, and after one was killed amid them. */
  migrate(onMigrating?: OnMigrating): Promise<void>;
  /** Answers when the database can be written, rejects with the reason otherwise. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Who opens it: the service, whose threads must not wait long within SQLite, or a command, which has time. */
export type Caller = 'service' | 'command';

const PATIENCE_MS: Readonly<Record<Caller, number>> = { service: 3_000, command: 120_000 };
const TRANSACTION_LIMIT_MS: Readonly<Record<Caller, number>> = { service: 60_000, command: 600_000 };
/** SQLite's own wait stops the whole thread. */
const BUSY_TIMEOUT_MS: Readonly<Record<Caller, number>> = { service: 100, command: 10_000 };

/**
 * Opens `sqlite:PATH` (`sqlite::memory:` for tests) or `mysql://user:password@host:port/database`.
 * No connection is made before the first query. Throws InvalidInputError for any other URL.
 * `turn`: another thread of this process writes to it too; MariaDB needs none.
 */
export function openDatabase(url: string, caller: Caller = 'service', turn: WriteTurn | null = null): Database {
  if (url.startsWith('sqlite:')) return sqlite(url.slice('sqlite:'.length), caller, turn);
  if (url.startsWith('mysql://') || url.startsWith('mariadb://')) return mysql(url, caller);
  throw new InvalidInputError('DATABASE_URL', 'must begin with sqlite: or mysql://');
}

/** Pages (4 KiB) that gather beside the file before they are put in their places: in a storm the same ones change again and again. */
const CHECKPOINT_PAGES = 8_000;
/** That takes a moment, which the drainer's thread has: the one that answers people does it when the other does not. */
const CHECKPOINT_PAGES_BESIDE = 4 * CHECKPOINT_PAGES;

// knex would print what it also throws.
export const SILENT: Knex.Logger = { warn: () => {}, error: () => {}, deprecate: () => {}, debug: () => {} };

interface SqliteConnection {
  readonly inTransaction: boolean;
  pragma(text: string): unknown;
  prepare(sql: string): unknown;
}

function sqlite(filename: string, caller: Caller, turn: WriteTurn | null): Database {
  if (filename !== ':memory:') prepareFile(filename);
  const db = knex({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    log: SILENT,
    // Errors are shown and logged; the values of a failed statement are people's calls.
    compileSqlOnError: false,
    pool: {
      // One connection: SQLite has one writer, and the driver is synchronous anyway.
      min: 1,
      max: 1,
      afterCreate: (connection: SqliteConnection, done: (error?: Error) => void) => {
        connection.pragma('journal_mode = WAL');
        // The spool forgets what is written here, so a commit must be on the disk when it returns.
        connection.pragma('synchronous = FULL');
        connection.pragma(`wal_autocheckpoint = ${turn?.writer === 'main' ? CHECKPOINT_PAGES_BESIDE : CHECKPOINT_PAGES}`);
        connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS[caller]}`);
        connection.pragma('foreign_keys = ON');
        if (turn) writeInTurn(connection, turn);
        beginImmediate(connection);
        keepPrepared(connection);
        done();
      },
    },
    migrations: { migrationSource: migrations },
  });
  return database(`sqlite:${filename}`, db, 'sqlite', caller, turn);
}

/**
 * knex has no setting for it: a transaction that has read, and only then comes to write, fails at once with
 * SQLITE_BUSY when another process wrote in between, whatever the busy_timeout.
 */
function beginImmediate(connection: SqliteConnection): void {
  const prepare = connection.prepare.bind(connection);
  connection.prepare = (sql) => prepare(sql === 'BEGIN;' ? 'BEGIN IMMEDIATE;' : sql);
}

/** So many of the statements that pages ask again and again stay prepared. */
const MOST_PREPARED = 200;

/** knex prepares each statement anew, which takes SQLite longer than to find a row. */
function keepPrepared(connection: SqliteConnection): void {
  const prepare = connection.prepare.bind(connection);
  const prepared = new Map<string, unknown>();
  connection.prepare = (sql) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = prepare(sql);
    // Of what another process may add to a table a star would not hear.
    if (!sql.startsWith('select ') || /(?<!count\()\*/.test(sql)) return statement;
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    prepared.set(sql, statement);
    return statement;
  };
}

/** Calls, password hashes and the session key: nobody else on the machine may read them. */
function prepareFile(filename: string): void {
  mkdirSync(dirname(filename), { recursive: true, mode: 0o700 });
  closeSync(openSync(filename, 'a', 0o600));
}

interface MysqlSession {
  query(sql: string, done: (error: Error | null) => void): unknown;
}

function mysql(url: string, caller: Caller): Database {
  const db = knex({
    client: 'mysql2',
    connection: { ...mysqlConnection(url), timezone: 'Z' },
    log: SILENT,
    // Errors are shown and logged; the values of a failed statement are people's calls.
    compileSqlOnError: false,
    pool: {
      min: 0,
      max: 8,
      afterCreate: (connection: MysqlSession, done: (error: Error | null, connection: MysqlSession) => void) => {
        connection.query(SESSION_LIMITS, (error) => done(error, connection));
      },
    },
    acquireConnectionTimeout: 10_000,
    migrations: { migrationSource: migrations },
  });
  return database(url, db, 'mysql', caller, null);
}

/**
 * Why the database failed, for people and without sign-in: the driver's own code, such as
 * `ECONNREFUSED` or `SQLITE_BUSY`. Never the statement, nor the values that were to be written.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'KnexTimeoutError' ? 'no connection was free in time' : 'sqlMessage' in error ? 'failed' : messageOf(error).slice(0, 100);
}

function database(url: string, db: Knex, dialect: Dialect, caller: Caller, turn: WriteTurn | null): Database {
  return {
    url,
    knex: db,
    dialect,
    turn,
    patienceMs: PATIENCE_MS[caller],
    transactionLimitMs: TRANSACTION_LIMIT_MS[caller],
    async migrate(onMigrating) {
      await patiently(PATIENCE_MS[caller], () => (dialect === 'sqlite' ? migrateSqlite(db) : migrateMysql(db, PATIENCE_MS[caller], onMigrating)));
      await patiently(PATIENCE_MS[caller], () => makeSharedSettings(db));
    },
    async check() {
      await db.raw('select 1');
    },
    async close() {
      await endReporting(db);
      endReading(db);
      await db.destroy();
    },
  };
}
