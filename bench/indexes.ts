import type { Knex } from 'knex';
import type { Database } from '../src/database/database.js';

/**
 * Runs `fill` while the tables have no secondary index, and builds them afterwards, sorted: rows in random places of a dozen
 * indexes take ever longer once these do not fit in memory. Throws when a table is not then as it was.
 */
export async function indexedAfterwards(database: Database, tables: readonly string[], fill: () => Promise<void>): Promise<void> {
  const { knex, dialect } = database;
  const indexes = dialect === 'sqlite' ? sqliteIndexes(knex) : mysqlIndexes(knex);
  const before = await Promise.all(tables.map((table) => indexes.describe(table)));
  for (const table of tables) await indexes.drop(table);
  await fill();
  for (const [index, table] of tables.entries()) {
    const described = before[index] ?? [];
    await indexes.build(table, described);
    if (JSON.stringify(await indexes.describe(table)) !== JSON.stringify(described)) throw new Error(`the indexes of ${table} are not what they were`);
  }
}

interface Indexes {
  /** The indexes of a table as the database says them. */
  describe(table: string): Promise<readonly string[]>;
  drop(table: string): Promise<void>;
  build(table: string, described: readonly string[]): Promise<void>;
}

const mysqlIndexes = (knex: Knex): Indexes => {
  const describe = async (table: string): Promise<string[]> => {
    const [[row]] = (await knex.raw(`show create table ${table}`)) as [[Readonly<Record<'Create Table', string>>]];
    return row['Create Table'].split('\n').map((line) => line.trim().replace(/,$/, '')).filter((line) => /^(UNIQUE )?KEY /.test(line));
  };
  const alter = async (table: string, changes: readonly string[]): Promise<void> => {
    if (changes.length > 0) await knex.raw(`alter table ${table} ${changes.join(', ')}`);
  };
  return {
    describe,
    drop: async (table) => alter(table, (await describe(table)).map((line) => `drop index ${/`[^`]+`/.exec(line)?.[0] ?? ''}`)),
    build: (table, described) => alter(table, described.map((line) => `add ${line}`)),
  };
};

const sqliteIndexes = (knex: Knex): Indexes => {
  const ofTable = async (table: string): Promise<readonly { readonly name: string; readonly sql: string }[]> =>
    knex('sqlite_master').where({ type: 'index', tbl_name: table }).whereNotNull('sql').orderBy('name').select<{ name: string; sql: string }[]>('name', 'sql');
  return {
    describe: async (table) => (await ofTable(table)).map(({ sql }) => sql),
    drop: async (table) => {
      for (const { name } of await ofTable(table)) await knex.raw('drop index ??', [name]);
    },
    build: async (_, described) => {
      for (const sql of described) await knex.raw(sql);
    },
  };
};
