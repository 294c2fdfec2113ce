import knexOf, { type Knex } from 'knex';
import { canReadApart, reportApart } from './apart.js';

const reporting = new WeakMap<Knex.Client, Knex>();

interface Connection {
  prepare(sql: string): unknown;
}

/**
 * For a report of many queries, which may take long together: on SQLite their rows are read by another thread, and only that; this
 * thread is free meanwhile. The same knex on MariaDB, which reads for itself, and in memory.
 */
export function reportKnex(knex: Knex): Knex {
  if (!canReadApart(knex)) return knex;
  const client = knex.client as Knex.Client & { readonly config: Knex.Config };
  const known = reporting.get(client);
  if (known) return known;
  const pool: Knex.PoolConfig = {
    min: 1,
    max: 1,
    afterCreate: (connection: Connection, done: () => void) => {
      // knex awaits what a statement answers.
      connection.prepare = (sql) => ({ reader: true, all: (bindings: readonly unknown[]) => reportApart(knex, sql, bindings) });
      done();
    },
  };
  const report = knexOf({ ...client.config, pool });
  reporting.set(client, report);
  return report;
}

/** With the database that it reads of. */
export async function endReporting(knex: Knex): Promise<void> {
  await reporting.get(knex.client as Knex.Client)?.destroy();
}
