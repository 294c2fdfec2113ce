import { join } from 'node:path';
import { describe } from 'vitest';
import { describeWith } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/processes.js';
import { emptyMariaDb } from '../../support/servers.js';

export interface EmptyDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** The same tests on SQLite and on MariaDB. */
export function onEachDatabase(name: string, body: (emptyDatabase: () => Promise<EmptyDatabase>) => void): void {
  describe(`${name} on SQLite`, () => body(emptySqlite));
  describeWith(['mariadb'], `${name} on MariaDB`, () => body(emptyMariaDb));
}

function emptySqlite(): Promise<EmptyDatabase> {
  const folder = tempFolder('sqlite');
  return Promise.resolve({
    url: `sqlite:${join(folder, 'logbook.sqlite')}`,
    drop() {
      removeFolder(folder);
      return Promise.resolve();
    },
  });
}
