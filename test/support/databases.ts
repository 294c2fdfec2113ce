import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openDatabase, type Database, type Dialect } from '../../src/database/database.js';
import { describeWith } from './needs.js';
import { emptyMariaDb } from './servers.js';

/** Runs one contract on each database, each time on an empty one with all migrations applied; its URL is for a second process's connections. */
export function describeEachDatabase(name: string, contract: (database: () => Database, url: () => string) => void, options: { readonly migrate?: boolean } = {}): void {
  const engines: readonly Dialect[] = ['sqlite', 'mysql'];
  for (const engine of engines) {
    describeWith(engine === 'mysql' ? ['mariadb'] : [], `${name} (${engine === 'mysql' ? 'MariaDB' : 'SQLite'})`, () => {
      let database: Database | undefined;
      let url = '';
      let drop = async (): Promise<void> => {};
      beforeAll(async () => {
        const empty = engine === 'mysql' ? await emptyMariaDb() : emptySqlite();
        drop = empty.drop;
        url = empty.url;
        database = openDatabase(url);
        if (options.migrate !== false) await database.migrate();
      });
      afterAll(async () => {
        await database?.close();
        await drop();
      });
      contract(() => database ?? expired(), () => url);
    });
  }
}

function emptySqlite(): { url: string; drop(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'logbook-sqlite-'));
  return {
    url: `sqlite:${join(folder, 'test.sqlite')}`,
    drop: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

function expired(): never {
  throw new Error('the database is not open yet');
}
