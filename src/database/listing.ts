import type { Knex } from 'knex';
import { fromRow, type Columns, type DatabaseRow, type LogDefinition, type RecordOf } from '../logs/columns.js';
import { cursorAfter, keysetColumns, type ListQuery } from '../logs/list-query.js';

export interface Page<C extends Columns> {
  readonly records: readonly RecordOf<C>[];
  /** Continues after the last record; null on the last page. */
  readonly next: string | null;
}

/** One page of a log, in the order asked for. Never counts and never skips: a page costs what it shows. */
export async function listPage<C extends Columns>(knex: Knex, log: LogDefinition<C>, query: ListQuery): Promise<Page<C>> {
  const rows = (await pageQuery(knex, log, { ...query, limit: query.limit + 1 })) as DatabaseRow[];
  const records = rows.slice(0, query.limit).map((row) => fromRow(log.columns, row));
  const last = records.at(-1);
  const more = rows.length > query.limit && last !== undefined;
  return { records, next: more ? cursorAfter(log, query, last) : null };
}

/**
 * Every record that matches, page after page, each page one short query: no connection is held
 * while a slow client reads, and a lost connection is one error.
 */
export async function* listAll<C extends Columns>(
  knex: Knex,
  log: LogDefinition<C>,
  query: ListQuery,
  pageSize = 2_000,
): AsyncGenerator<readonly RecordOf<C>[]> {
  let after = query.after;
  for (;;) {
    const rows = (await pageQuery(knex, log, { ...query, after, limit: pageSize })) as DatabaseRow[];
    if (rows.length === 0) return;
    yield rows.map((row) => fromRow(log.columns, row));
    const last = rows.at(-1);
    if (rows.length < pageSize || !last) return;
    after = keysetColumns(log, query.sort).map((name) => {
      const value = last[log.columns[name]?.db ?? ''];
      return typeof value === 'string' ? value : Number(value);
    });
  }
}

/** The SQL of one page, with its limit; apart, so that tests can ask the database to explain it. */
export function pageQuery(knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder {
  const { columns } = log;
  const db = (name: string): string => columns[name]?.db ?? name;
  const sql = knex(log.table).select([...new Set(Object.values(columns).map((column) => column.db))]);
  if (log.onlyWhere !== undefined) void sql.where(log.onlyWhere, 1);
  for (const [name, value] of Object.entries(query.filters)) {
    void sql.where(db(name), columns[name]?.type === 'flag' ? Number(value === 'true') : value);
  }
  if (query.from !== null) void sql.where(db(log.timeColumn), '>=', query.from);
  if (query.to !== null) void sql.where(db(log.timeColumn), '<', query.to);
  const keyset = keysetColumns(log, query.sort).map(db);
  if (query.after) afterRow(sql, keyset, query.after, query.order === 'desc' ? '<' : '>');
  return sql.orderBy(keyset.map((column) => ({ column, order: query.order }))).limit(query.limit);
}

// (a, b, c) < (?, ?, ?) spelled out, since MariaDB scans the whole index for a row comparison;
// the bound on the first column alone is what lets it start at the right place.
function afterRow(sql: Knex.QueryBuilder, columns: readonly string[], values: readonly (string | number)[], operator: '<' | '>'): void {
  const [first = ''] = columns;
  void sql.where(first, `${operator}=`, values[0] ?? 0);
  void sql.where((any) => {
    columns.forEach((column, index) => {
      void any.orWhere((all) => {
        for (let i = 0; i < index; i += 1) void all.where(columns[i] ?? '', values[i] ?? 0);
        void all.where(column, operator, values[index] ?? 0);
      });
    });
  });
}
