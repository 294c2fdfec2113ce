import type { Knex } from 'knex';

/** Which database it is; only this folder asks, and migrations. */
export type Dialect = 'sqlite' | 'mysql';

export const isSqlite = (db: Knex): boolean => (db.client as { readonly config: Knex.Config }).config.client === 'better-sqlite3';
