import type { Knex } from 'knex';
import { isSqlite } from './database.js';
import { onConnection, preparedOn, type SqliteConnection } from './statements.js';

type Value = string | number;
type Row = Readonly<Record<string, Value>>;

/** So many rows are one prepared statement on MySQL, whose server keeps one for each table and connection; the rest is sent as text. */
const ROWS_A_STATEMENT = 128;

interface MysqlConnection {
  promise(): {
    execute(sql: string, values: readonly Value[]): Promise<unknown>;
    query(sql: string, values: readonly [readonly (readonly Value[])[]]): Promise<unknown>;
  };
}

/**
 * Inserts rows by the driver itself; a row whose `event_key` is there already is left as it is. The first row has the columns of
 * all. What knex makes of such an insert costs as much as the database's own work.
 */
export async function insertRows(knex: Knex, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  const into = `insert into ${quoted(table)} (${columns.map(quoted).join(',')}) values `;
  const values = (row: Row): Value[] => columns.map((column) => row[column] ?? '');
  await onConnection(knex, (connection) =>
    isSqlite(knex)
      ? intoSqlite(connection as SqliteConnection, `${into}${places(columns.length)} on conflict (event_key) do nothing`, rows, values)
      : intoMysql(connection as MysqlConnection, into, columns.length, rows, values),
  );
}

function intoSqlite(connection: SqliteConnection, sql: string, rows: readonly Row[], values: (row: Row) => Value[]): void {
  const statement = preparedOn(connection, sql);
  const all = (): void => {
    for (const row of rows) statement.run(values(row));
  };
  if (connection.inTransaction) all();
  else connection.transaction(all)();
}

async function intoMysql(connection: MysqlConnection, into: string, columns: number, rows: readonly Row[], values: (row: Row) => Value[]): Promise<void> {
  const mysql = connection.promise();
  const unlessThere = ' on duplicate key update event_key = event_key';
  const block = into + Array<string>(ROWS_A_STATEMENT).fill(places(columns)).join(',') + unlessThere;
  let start = 0;
  for (; start + ROWS_A_STATEMENT <= rows.length; start += ROWS_A_STATEMENT) await mysql.execute(block, rows.slice(start, start + ROWS_A_STATEMENT).flatMap(values));
  if (start < rows.length) await mysql.query(`${into}?${unlessThere}`, [rows.slice(start).map(values)]);
}

const places = (columns: number): string => `(${'?,'.repeat(columns - 1)}?)`;
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
