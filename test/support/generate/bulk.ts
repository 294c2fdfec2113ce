import type BetterSqlite3 from 'better-sqlite3';
import type { Connection } from 'mysql2';
import type { Database } from '../../../src/database/database.js';

type Row = Readonly<Record<string, string | number>>;

const ROWS_A_STATEMENT = 1_000;
const STATEMENTS_A_TRANSACTION = 20;

interface Pool {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

/** Inserts rows that all have the same columns by the driver alone, 1,000 a statement, twenty a transaction. Answers how many. */
export async function bulkInsert(database: Database, table: string, rows: Iterable<Row>): Promise<number> {
  const pool = database.knex.client as Pool;
  const connection = await pool.acquireConnection();
  const insert = database.dialect === 'sqlite' ? intoSqlite(connection as BetterSqlite3.Database, table) : intoMysql(connection as Connection, table);
  const execute = (sql: string): unknown => (database.dialect === 'sqlite' ? (connection as BetterSqlite3.Database).exec(sql) : (connection as Connection).promise().query(sql));
  let written = 0;
  let statements = 0;
  // MariaDB is at work on one block while the next is made.
  let last: unknown;
  try {
    await execute('begin');
    for (const block of blocksOf(rows, ROWS_A_STATEMENT)) {
      await last;
      if (statements === STATEMENTS_A_TRANSACTION) {
        await execute('commit');
        await execute('begin');
        statements = 0;
      }
      statements += 1;
      last = insert(block);
      written += block.length;
    }
    await last;
    await execute('commit');
  } finally {
    await pool.releaseConnection(connection);
  }
  return written;
}

/** Inserts a block of rows; the first has the columns of all. */
export type Insert = (rows: readonly Row[]) => Promise<void> | void;

export function intoSqlite(connection: BetterSqlite3.Database, table: string): Insert {
  const statements = new Map<number, BetterSqlite3.Statement>();
  return (rows) => {
    const columns = Object.keys(rows[0] ?? {});
    const statement = statements.get(rows.length) ?? connection.prepare(statementOf(table, columns, rows.length));
    statements.set(rows.length, statement);
    statement.run(rows.flatMap((row) => columns.map((column) => row[column])));
  };
}

export function intoMysql(connection: Connection, table: string): Insert {
  return async (rows) => {
    const columns = Object.keys(rows[0] ?? {});
    const values = rows.flatMap((row) => columns.map((column) => row[column] ?? ''));
    await connection.promise().execute(statementOf(table, columns, rows.length), values);
  };
}

function statementOf(table: string, columns: readonly string[], rows: number): string {
  const one = `(${columns.map(() => '?').join(',')})`;
  return `insert into ${table} (${columns.join(',')}) values ${Array.from({ length: rows }, () => one).join(',')}`;
}

export function* blocksOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let block: T[] = [];
  for (const item of items) {
    block.push(item);
    if (block.length < size) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}
