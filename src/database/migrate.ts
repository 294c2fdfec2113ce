import type { Knex } from 'knex';
import { migrations } from '../../migrations/index.js';
import { messageOf } from '../errors.js';

const LOCK_TABLE = 'knex_migrations_lock';

/** The tables are not what this release can work with, and no waiting mends that; the message ends with a next step. */
export class UnfitTablesError extends Error {
  override readonly name = 'UnfitTablesError';
}

/** Somebody else brings the tables up to date just now; the same again may work. */
class MigrationUnderWayError extends Error {
  readonly code = 'MIGRATION_UNDER_WAY';
}

/**
 * Applies what is missing, and only reads when nothing is. Rejects with UnfitTablesError for tables of a newer
 * release and for a migration that is wrong in itself, else as the database did.
 */
export async function migrateSqlite(db: Knex): Promise<void> {
  if ((await missing(db)).length === 0) return;
  await db.transaction(async (trx) => {
    // knex takes and frees its lock in this one transaction, so one that can be seen is of a process that is gone.
    await freeLock(trx);
    await latest(() => trx.migrate.latest());
  });
}

/** Called now and then while a large table is altered: how much of it is done, 0 to 1, and what it is. */
export type OnMigrating = (done: number, what: string) => void;

/** As `migrateSqlite`; waits for another process that does so now, at most `waitMs`. */
export async function migrateMysql(db: Knex, waitMs: number, onMigrating: OnMigrating = () => undefined): Promise<void> {
  if ((await missing(db)).length === 0) return;
  await underServerLock(db, waitMs, onMigrating, async () => {
    if ((await missing(db)).length === 0) return;
    const brokenOff = await freeLock(db);
    await latest(() => (brokenOff ? latestAfterBreak(db) : db.migrate.latest()));
  });
}

/** The names of the migrations that are not applied yet. */
async function missing(db: Knex): Promise<string[]> {
  const known = await migrations.getMigrations([]);
  if (!(await db.schema.hasTable('knex_migrations'))) return known;
  const applied = await db<{ name: string }>('knex_migrations').select('name');
  const newer = applied.filter(({ name }) => !known.includes(name));
  if (newer.length > 0) {
    throw new UnfitTablesError(`the tables are of a newer release of Logbook (${newer.map(({ name }) => name).join(', ')}); start that release, or name another database in DATABASE_URL`);
  }
  const names = new Set(applied.map(({ name }) => name));
  return known.filter((name) => !names.has(name));
}

/** Nobody else may be migrating. Answers whether a migration had been broken off. */
async function freeLock(db: Knex): Promise<boolean> {
  if (!(await db.schema.hasTable(LOCK_TABLE))) return false;
  const held = await db<{ is_locked: number }>(LOCK_TABLE).where('is_locked', 1).first();
  // Also when it is free: where nothing can be written this says why, and knex would not.
  await db(LOCK_TABLE).update({ is_locked: 0 });
  return held !== undefined;
}

interface Pooled {
  acquireConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<void>;
}

const LOOK_EVERY_MS = 2_000;
/** MariaDB counts what it has copied; MySQL has no such columns. */
const ALTERING = `select concat((stage - 1 + progress / 100) / max_stage, ' ', substring_index(info, ' ', 3)) as answer
  from information_schema.processlist where db = database() and max_stage > 0 and info like 'alter table %' limit 1`;

function progressIn(answer: string): [number, string] {
  const [done = '', ...what] = answer.split(' ');
  return [Math.min(1, Number(done)), what.join(' ')];
}

/** A lock of the server's, which goes with the connection of whoever held it; knex's own stays after a crash. */
async function underServerLock(db: Knex, waitMs: number, onMigrating: OnMigrating, work: () => Promise<void>): Promise<void> {
  const pool = db.client as Pooled;
  const connection = await pool.acquireConnection();
  const ask = async (sql: string, values: readonly (string | number)[]): Promise<unknown> => {
    const [rows] = (await db.raw(sql, values).connection(connection)) as [readonly { readonly answer?: unknown }[]];
    return rows[0]?.answer;
  };
  try {
    const database = String(await ask('select database() as answer', []));
    // The server takes 64 characters; two databases that share a name that far only wait for each other.
    const name = `logbook-migrate-${database}`.slice(0, 64);
    if (Number(await ask('select get_lock(?, ?) as answer', [name, Math.ceil(waitMs / 1_000)])) !== 1) {
      throw new MigrationUnderWayError('another process brings the tables up to date');
    }
    // It is idle for as long as the others work, and the lock goes with it.
    const patience = Number(await ask('select @@session.wait_timeout as answer', []));
    await ask('set session wait_timeout = 28800', []);
    const looking = setInterval(() => {
      ask(ALTERING, []).then((answer) => {
        if (typeof answer === 'string') onMigrating(...progressIn(answer));
      }, () => undefined);
    }, LOOK_EVERY_MS);
    try {
      await work();
    } finally {
      clearInterval(looking);
      await ask('select release_lock(?) as answer', [name]).catch(() => undefined);
      await ask('set session wait_timeout = ?', [patience]).catch(() => undefined);
    }
  } finally {
    await pool.releaseConnection(connection);
  }
}

/**
 * MariaDB commits at each statement that makes a table, so a process killed amid them leaves tables whose migration is
 * not recorded, perhaps without their indexes. Nothing was written to them yet: they are made anew.
 */
async function latestAfterBreak(db: Knex): Promise<void> {
  let leftovers = new Set<string>();
  for (let before = (await missing(db)).length; ; ) {
    try {
      await db.migrate.latest();
      return;
    } catch (error) {
      const table = codeOf(error) === 'ER_TABLE_EXISTS_ERROR' ? /Table '([^']+)' already exists/.exec(messageOf(error))?.[1] : undefined;
      const now = (await missing(db)).length;
      // What a migration made that is recorded by now is no leftover.
      if (now < before) leftovers = new Set();
      before = now;
      if (table === undefined || leftovers.has(table)) throw error;
      // Those before it were made again just now, and would be in the way of the next attempt.
      for (const leftover of leftovers.add(table)) if (!(await dropEmpty(db, leftover))) throw error;
    }
  }
}

/** False when somebody wrote to it. */
async function dropEmpty(db: Knex, table: string): Promise<boolean> {
  if (!(await db.schema.hasTable(table))) return true;
  if ((await db<object>(table).first()) !== undefined) return false;
  await db.transaction(async (trx) => {
    // Another of the leftovers may refer to it.
    await trx.raw('set foreign_key_checks = 0');
    await trx.schema.dropTable(table);
    await trx.raw('set foreign_key_checks = 1');
  });
  return true;
}

async function latest(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!isWrongInItself(error)) throw error;
    throw new UnfitTablesError(`the tables cannot be brought up to date: ${reason(error)}; put that right, or restore a backup, and start again`, { cause: error });
  }
}

const reason = (error: unknown): string => (error instanceof Error && 'sqlMessage' in error ? String(error.sqlMessage) : messageOf(error));
const codeOf = (error: unknown): string | null => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null);

// They share the class of SQL errors that says a statement is wrong.
const LIMITS: ReadonlySet<string> = new Set(['ER_TOO_MANY_USER_CONNECTIONS', 'ER_USER_LIMIT_REACHED']);

function isWrongInItself(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  const code = codeOf(error);
  if (code === null) return false;
  const { sqlState } = error as { readonly sqlState?: unknown };
  return code === 'SQLITE_ERROR' || (typeof sqlState === 'string' && sqlState.startsWith('42') && !LIMITS.has(code));
}
