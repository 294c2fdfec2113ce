import { mysqlConnection, SESSION_LIMITS } from './mysql-connection.js';
import { bound, ROW_END, type PagePlan } from './planned-pages.js';

type Keyset = readonly (string | number)[];

/** Takes a row, whose cells are parted by `CELL_END`; answers whether they are as many as there are columns. */
export type RowSink = (source: Buffer, start: number, end: number) => boolean;

/** Reads the pages of a plan, by the driver alone. */
export interface PageReader {
  /** Hands over the rows behind `after`, as many as the limit; answers how many they are, or null where one cannot be told apart and `arrays` must be asked. */
  lines(after: Keyset, limit: number, sink: RowSink): Promise<number | null>;
  arrays(after: Keyset, limit: number): Promise<readonly (readonly unknown[])[]>;
  close(): void;
}

/** Opens a connection of its own. The drivers are loaded where they are needed. */
export async function openPageReader(url: string, plan: PagePlan): Promise<PageReader> {
  return plan.dialect === 'sqlite' ? sqliteReader(url.slice('sqlite:'.length), plan) : mysqlReader(url, plan);
}

async function sqliteReader(path: string, { arrays, texts }: PagePlan): Promise<PageReader> {
  const { default: Sqlite } = await import('better-sqlite3');
  const connection = new Sqlite(path, { readonly: true, fileMustExist: true });
  connection.pragma('busy_timeout = 10000');
  // Files are read once: what a page's cache would hold is another's.
  connection.pragma('cache_size = -4096');
  const lines = connection.prepare<unknown[], [Buffer | null, number]>(texts.sql).raw();
  const rows = connection.prepare<unknown[], unknown[]>(arrays.sql).raw();
  return {
    lines(after, limit, sink) {
      const [text, count] = lines.get(...bound(texts, after, limit)) ?? [null, 0];
      if (text === null) return Promise.resolve(0);
      let found = 0;
      for (let start = 0; start <= text.length; found += 1) {
        const next = text.indexOf(ROW_END, start);
        const end = next === -1 ? text.length : next;
        if (!sink(text, start, end)) return Promise.resolve(null);
        start = end + 1;
      }
      return Promise.resolve(found === count ? count : null);
    },
    arrays: (after, limit) => Promise.resolve(rows.all(...bound(arrays, after, limit))),
    close: () => void connection.close(),
  };
}

async function mysqlReader(url: string, { arrays, texts }: PagePlan): Promise<PageReader> {
  const { createConnection } = await import('mysql2');
  const connection = createConnection({ ...mysqlConnection(url), timezone: 'Z' });
  let broken: (error: Error) => void = () => undefined;
  connection.on('error', (error: Error) => broken(error));
  connection.on('end', () => broken(new Error('the connection to the database ended')));

  /** Asks, and hands over each row as it comes. */
  const ask = (sql: string, values: (string | number)[], how: { typeCast?: false }, each: (row: readonly unknown[]) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      broken = reject;
      const query = connection.query({ sql, values, rowsAsArray: true, ...how });
      query.on('result', (row: unknown) => {
        if (Array.isArray(row)) each(row);
      });
      query.once('error', reject);
      query.once('end', resolve);
    });

  await ask(SESSION_LIMITS, [], {}, () => undefined);
  // Longer than whoever reads may take for a block.
  await ask('set session wait_timeout = 900', [], {}, () => undefined);
  return {
    async lines(after, limit, sink) {
      let count = 0;
      let understood = 0;
      await ask(texts.sql, bound(texts, after, limit), { typeCast: false }, ([line]) => {
        count += 1;
        const text = line as Buffer | null;
        if (text !== null && sink(text, 0, text.length)) understood += 1;
      });
      return understood === count ? count : null;
    },
    async arrays(after, limit) {
      const rows: (readonly unknown[])[] = [];
      await ask(arrays.sql, bound(arrays, after, limit), {}, (row) => rows.push(row));
      return rows;
    },
    close: () => connection.destroy(),
  };
}
