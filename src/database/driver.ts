import type { Knex } from 'knex';

type Value = string | number;

export interface SqliteStatement {
  run(values: readonly Value[]): { readonly changes: number };
  all(values: readonly Value[]): readonly unknown[];
}

export interface SqliteConnection {
  prepare(sql: string): SqliteStatement;
}

interface Pool {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

const prepared = new WeakMap<SqliteConnection, Map<string, SqliteStatement>>();

/** SQLite's statements are planned once for each connection; planning costs more than a look-up. */
export function preparedOn(connection: SqliteConnection, sql: string): SqliteStatement {
  const known = prepared.get(connection) ?? new Map<string, SqliteStatement>();
  prepared.set(connection, known);
  const statement = known.get(sql) ?? connection.prepare(sql);
  known.set(sql, statement);
  return statement;
}

/** The driver's own connection under knex, or under a transaction of it. */
export async function onConnection<T>(knex: Knex, work: (connection: unknown) => Promise<T> | T): Promise<T> {
  const pool = knex.client as Pool;
  const connection = await pool.acquireConnection();
  try {
    return await work(connection);
  } finally {
    await pool.releaseConnection(connection);
  }
}
