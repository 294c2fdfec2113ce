import { migrations } from './migrations/index.js';
import { settingsFrom } from './src/config.js';

/** For the knex command line; the service applies migrations itself at every start. */
const { databaseUrl } = settingsFrom(process.env);

export default databaseUrl.startsWith('sqlite:')
  ? {
      client: 'better-sqlite3',
      connection: { filename: databaseUrl.slice('sqlite:'.length) },
      useNullAsDefault: true,
      migrations: { migrationSource: migrations },
    }
  : { client: 'mysql2', connection: databaseUrl, migrations: { migrationSource: migrations } };
