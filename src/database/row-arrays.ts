import type { Knex } from 'knex';
import { isSqlite } from './database.js';

type RowArray = readonly unknown[];

interface Pool {
  acquireConnection(): Promise<MysqlConnection & SqliteConnection>;
  releaseConnection(connection: object): Promise<void>;
}

interface MysqlConnection {
  promise(): { query(options: { sql: string; values: readonly unknown[]; rowsAsArray: true }): Promise<[readonly RowArray[], unknown]> };
}

interface SqliteConnection {
  prepare(sql: string): SqliteStatement;
}

interface SqliteStatement {
  raw(on: boolean): SqliteStatement;
  all(...bindings: readonly unknown[]): readonly RowArray[];
}

// Who asks the same next may want objects.
function allRaw(statement: SqliteStatement, bindings: readonly unknown[]): readonly RowArray[] {
  try {
    return statement.raw(true).all(...bindings);
  } finally {
    statement.raw(false);
  }
}

/** Rows as arrays of the columns in the order of the select: half of what knex's objects cost where there are millions. */
export async function rowArrays(knex: Knex, query: Knex.QueryBuilder | Knex.Raw): Promise<readonly RowArray[]> {
  const { sql, bindings } = query.toSQL().toNative();
  const pool = knex.client as Pool;
  const connection = await pool.acquireConnection();
  try {
    if (isSqlite(knex)) return allRaw(connection.prepare(sql), bindings);
    const [rows] = await connection.promise().query({ sql, values: bindings, rowsAsArray: true });
    return rows;
  } finally {
    await pool.releaseConnection(connection);
  }
}
