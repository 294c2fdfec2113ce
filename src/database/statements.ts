import type { Knex } from 'knex';
import type { Connection } from 'mysql2';
import { isSqlite } from './dialect.js';
import { onConnection, preparedOn, type SqliteConnection } from './driver.js';
import { isByMonth, withoutWritten } from './partitions.js';

export type Row = Readonly<Record<string, string | number>>;

/** Rows of one statement; MariaDB keeps a prepared one of many values in some MB of memory. */
const MOST_ROWS = 512;
/** SQLite takes 32,766 values a statement, MariaDB 65,535. */
const MOST_VALUES = 30_000;

/**
 * Inserts rows by their unique `event_key`; a row whose key is there already is left as it is. Into a table that lies by
 * month (`BY_MONTH`) in the turn of the rows' PBX.
 * Not INSERT IGNORE, which on MariaDB would also cut texts and swallow other errors.
 */
export const insertOnce = async (trx: Knex, table: string, rows: readonly Row[]): Promise<void> =>
  insertFresh(trx, table, isByMonth(trx, table) ? await withoutWritten(trx, table, rows) : rows);

/** As `insertOnce`, for whoever has seen in this transaction that none of the keys is there; none may come twice. */
export const insertFresh = (trx: Knex, table: string, rows: readonly Row[]): Promise<void> =>
  insertPrepared(trx, table, rows, isSqlite(trx) ? 'on conflict (event_key) do nothing' : 'on duplicate key update event_key = values(event_key)');

/**
 * Inserts rows, or sets the columns of those that are there by the unique ones named here; none may come twice. Where the id is
 * among these, MariaDB draws no new one for a row that is only to be changed.
 */
export function insertOrUpdate(trx: Knex, table: string, unique: readonly string[], rows: readonly Row[]): Promise<void> {
  const others = Object.keys(rows[0] ?? {}).filter((column) => !unique.includes(column));
  const otherwise = isSqlite(trx)
    ? `on conflict do update set ${others.map((column) => `${column} = excluded.${column}`).join()}`
    : `on duplicate key update ${others.map((column) => `${column} = values(${column})`).join()}`;
  return insertPrepared(trx, table, rows, otherwise);
}

/**
 * Inserts rows that all have the columns of the first, with statements that are prepared once a connection: each has a power of
 * two of rows, so that there are few of them. `otherwise` says what becomes of a row whose key is there, such as `on conflict …`.
 * Rejects as the driver does; a transaction around it makes it all or nothing.
 */
async function insertPrepared(trx: Knex, table: string, rows: readonly Row[], otherwise: string): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  await onConnection(trx, async (connection) => {
    let start = 0;
    for (let size = largest(columns.length); size >= 1; size /= 2) {
      if (rows.length - start < size) continue;
      const sql = statementOf(table, columns, size, otherwise);
      for (; rows.length - start >= size; start += size) {
        const values = valuesOf(columns, rows, start, start + size);
        if (isSqlite(trx)) preparedOn(connection as SqliteConnection, sql).run(values);
        else await execute(connection as Connection, sql, values);
      }
    }
  });
}

function largest(columns: number): number {
  let size = MOST_ROWS;
  while (size > 1 && size * columns > MOST_VALUES) size /= 2;
  return size;
}

function valuesOf(columns: readonly string[], rows: readonly Row[], start: number, end: number): (string | number)[] {
  const values: (string | number)[] = [];
  for (let at = start; at < end; at += 1) {
    for (const column of columns) {
      const value = rows[at]?.[column];
      // MariaDB would store what is no number as 0.
      if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) throw new TypeError(`a row has no value for ${column}`);
      values.push(value);
    }
  }
  return values;
}

const texts = new Map<string, string>();

function statementOf(table: string, columns: readonly string[], size: number, otherwise: string): string {
  const name = `${table} ${size} ${columns.join()} ${otherwise}`;
  let text = texts.get(name);
  if (text === undefined) {
    const one = `(${columns.map(() => '?').join()})`;
    text = `insert into ${table} (${columns.join()}) values ${Array.from({ length: size }, () => one).join()} ${otherwise}`;
    texts.set(name, text);
  }
  return text;
}

/** mysql2 keeps what it prepared by the SQL. */
function execute(connection: Connection, sql: string, values: (string | number)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.execute(sql, values, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
