import type { Knex } from 'knex';
import { isText, type LogDefinition } from '../logs/columns.js';
import { keysetColumns, type ListQuery } from '../logs/list-query.js';
import { isSqlite } from './database.js';
import { allColumns, db, equalities, pageQuery } from './page-query.js';
import { BY_MONTH, isByMonth } from './partitions.js';
import { CELL_END, ROW_END, type Binding, type PagePlan, type PlannedSql } from './planned-pages.js';

// Found again among the bindings, where nothing else is so far from zero.
const PLACE = Number.MIN_SAFE_INTEGER;
const LIMIT = Number.MAX_SAFE_INTEGER;

// As they stand: SQLite works out `char(31)` for each row anew, a fifth of what it takes for one.
const CELL = String.fromCharCode(CELL_END);
const ROW = String.fromCharCode(ROW_END);

/** The pages of a query, whose search knows its accounts, from behind a row on: the columns asked for, and behind them those that are lacking to know how to go on. */
export function pagePlan(knex: Knex, log: LogDefinition, query: ListQuery, asked: readonly string[] = allColumns(log)): PagePlan {
  const names = keysetColumns(log, query.sort);
  const columns = [...asked, ...new Set([...names, log.timeColumn].map((name) => db(log, name)).filter((name) => !asked.includes(name)))];
  const page = pageQuery(knex, log, { ...query, after: names.map((_, index) => PLACE + index), before: null, limit: LIMIT }).clearSelect().select(columns);
  const isIndexGiven = isInTime(knex, log, query);
  // MariaDB estimates what each index would read, for every page anew, and of tens of thousands of rows it would rather sort all that there are.
  if (isIndexGiven) void page.from(knex.raw('?? force index (??)', [log.table, `${log.table}_${BY_MONTH[log.table] ?? ''}`]));
  const cells = columns.map(() => '??').join(', ');
  // The database makes one value of a row several times as fast as a driver makes a string of each cell.
  const text = isSqlite(knex)
    ? knex.from(page.clone().clearSelect().select(knex.raw(`concat_ws('${CELL}', ${cells}) as line`, columns)).as('page')).select(knex.raw(`cast(group_concat(line, '${ROW}') as blob) as lines, count(*) as count`))
    : page.clone().clearSelect().select(knex.raw(`concat_ws(char(${CELL_END} using utf8mb4), ${cells}) as line`, columns));
  return {
    dialect: isSqlite(knex) ? 'sqlite' : 'mysql',
    isIndexGiven,
    columns,
    keyset: names.map((name) => {
      const column = log.columns[name];
      return { place: columns.indexOf(db(log, name)), text: column !== undefined && isText(column) };
    }),
    arrays: planned(page),
    texts: planned(text),
  };
}

/** All rows of a range of time of a large log, in its order. */
const isInTime = (knex: Knex, log: LogDefinition, query: ListQuery): boolean =>
  isByMonth(knex, log.table) && query.sort === log.timeColumn && !query.search && equalities(log, query).length === 0;

function planned(query: Knex.QueryBuilder): PlannedSql {
  const { sql, bindings } = query.toSQL().toNative();
  return {
    sql,
    bindings: (bindings as readonly (string | number)[]).map((value): Binding => {
      if (value === LIMIT) return { limit: true };
      return typeof value === 'number' && value - PLACE < 16 ? { keyset: value - PLACE } : value;
    }),
  };
}
