import type { Knex } from 'knex';
import { isSqlite } from './dialect.js';
import { onConnection } from './driver.js';

export type RowArray = readonly unknown[];

interface MysqlConnection {
  query(options: { sql: string; values: readonly unknown[]; rowsAsArray: true }, done: (error: Error | null, rows: readonly RowArray[]) => void): unknown;
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

/** Rows as arrays of the columns in the order of the select: half of what knex's objects cost. */
export function rowArrays(knex: Knex, query: Knex.QueryBuilder | Knex.Raw): Promise<readonly RowArray[]> {
  const { sql, bindings } = query.toSQL().toNative();
  return arraysOf(knex, sql, bindings);
}

/** The same of SQL in the database's own words. */
export function arraysOf(knex: Knex, sql: string, values: readonly unknown[]): Promise<readonly RowArray[]> {
  return onConnection(knex, (connection) =>
    isSqlite(knex)
      ? allRaw((connection as SqliteConnection).prepare(sql), values)
      : new Promise((resolve, reject) => {
          (connection as MysqlConnection).query({ sql, values, rowsAsArray: true }, (error, rows) => (error === null ? resolve(rows) : reject(error)));
        }),
  );
}
