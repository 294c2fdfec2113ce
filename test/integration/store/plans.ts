import type { Knex } from 'knex';
import type { Database } from '../../../src/database/database.js';

/** How the database would do it, step by step. Steps that MariaDB takes for more rows than `most` say `of many`. */
export async function planOf({ knex, dialect }: Database, query: Knex.QueryBuilder, most = Infinity): Promise<string[]> {
  const { sql, bindings } = query.toSQL().toNative();
  const answer: unknown = await knex.raw(`explain ${dialect === 'sqlite' ? 'query plan ' : ''}${sql}`, [...bindings]);
  if (dialect === 'sqlite') return (answer as { detail: string }[]).map(({ detail }) => detail);
  const [steps] = answer as [{ table: string | null; type: string | null; key: string | null; rows: number | null; Extra: string }[]];
  return steps.map(({ table, type, key, rows, Extra }) => `${table ?? ''}: ${type ?? ''} ${key ?? 'NO KEY'} ${Extra}${(rows ?? 0) > most ? ' of many' : ''}`);
}

/** The rows of tables that MariaDB reads for it, as it counts them; null of SQLite, whose plans say the same without numbers. */
export async function rowsRead({ knex, dialect }: Database, ask: (trx: Knex) => PromiseLike<unknown>): Promise<number | null> {
  if (dialect === 'sqlite') {
    await ask(knex);
    return null;
  }
  return knex.transaction(async (trx) => {
    const read = async (): Promise<number> => {
      const [rows] = (await trx.raw(`show session status like 'Handler_read%'`)) as [{ Value: string }[]];
      return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
    };
    const begin = await read();
    const own = (await read()) - begin;
    await ask(trx);
    return (await read()) - begin - 2 * own;
  });
}
