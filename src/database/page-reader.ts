import type { Socket } from 'node:net';
import { mysqlConnection, SESSION_LIMITS } from './mysql-connection.js';
import { bound, ROW_END, type PagePlan } from './planned-pages.js';

type Keyset = readonly (string | number)[];

/** Takes a row, whose cells are parted by `CELL_END`; answers whether they are as many as there are columns. */
export type RowSink = (source: Buffer, start: number, end: number) => boolean;

/** How a page ended: with its last row; before one whose cells cannot be told apart, so that `arrays` must be asked; or because the reader was closed. */
export type PageEnd = 'whole' | 'unclear' | 'closed';

/** Reads the pages of a plan, by the driver alone. */
export interface PageReader {
  /** Hands over the rows behind `after`, as many as the limit, as they come. */
  lines(after: Keyset, limit: number, sink: RowSink): Promise<PageEnd>;
  /** Keeps the rows of a page waiting, a few of which may come all the same; on SQLite, which has them all at once, all do. */
  pause(): void;
  resume(): void;
  arrays(after: Keyset, limit: number): Promise<readonly (readonly unknown[])[]>;
  /** Also amid a page, of which no further row comes then. */
  close(): void;
  readonly isClosed: boolean;
}

/** So long a connection may be idle. */
export const IDLE_S = 900;

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
      if (text === null) return Promise.resolve('whole');
      const ends: number[] = [];
      for (let end = text.indexOf(ROW_END); end !== -1; end = text.indexOf(ROW_END, end + 1)) ends.push(end);
      ends.push(text.length);
      if (ends.length !== count) return Promise.resolve('unclear');
      let start = 0;
      for (const end of ends) {
        if (!sink(text, start, end)) return Promise.resolve('unclear');
        start = end + 1;
      }
      return Promise.resolve('whole');
    },
    pause: () => undefined,
    resume: () => undefined,
    arrays: (after, limit) => Promise.resolve(rows.all(...bound(arrays, after, limit))),
    close: () => void connection.close(),
    get isClosed() {
      return !connection.open;
    },
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
  // Longer than whoever reads a workbook may take for a part of it.
  await ask(`set session wait_timeout = ${IDLE_S}`, [], {}, () => undefined);
  let isClosed = false;
  let closed: (end: PageEnd) => void = () => undefined;
  return {
    lines(after, limit, sink) {
      let isClear = true;
      const page = ask(texts.sql, bound(texts, after, limit), { typeCast: false }, ([line]) => {
        const text = line as Buffer | null;
        // What comes behind it is asked for once more.
        if (isClear && !isClosed) isClear = text !== null && sink(text, 0, text.length);
      });
      return Promise.race([page.then((): PageEnd => (isClear ? 'whole' : 'unclear')), new Promise<PageEnd>((resolve) => (closed = resolve))]);
    },
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    async arrays(after, limit) {
      const rows: (readonly unknown[])[] = [];
      await ask(arrays.sql, bound(arrays, after, limit), {}, (row) => rows.push(row));
      return rows;
    },
    close() {
      isClosed = true;
      closed('closed');
      connection.destroy();
      // That would wait for the end of what is under way, and the server for somebody to read it.
      (connection as unknown as { readonly stream: Socket }).stream.destroy();
    },
    get isClosed() {
      return isClosed;
    },
  };
}
