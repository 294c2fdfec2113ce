import { Worker } from 'node:worker_threads';
import { AskedThread } from '../asked-thread.js';
import type { DatabaseRow } from '../logs/columns.js';
import type { ArchiveColumn } from './archive-parquet.js';
import type { Question, ReadRows, Reply, WorkerData } from './parquet-worker.js';

// The library takes a tenth of a second at a time for some thousand rows: a thread of its own for each file.

/** The bytes of a Parquet file of these rows; see `archive-parquet.ts`. */
export async function* parquetOf(columns: readonly ArchiveColumn[], blocks: AsyncIterable<readonly DatabaseRow[]>): AsyncGenerator<Uint8Array> {
  const thread = threadFor({ kind: 'write', columns });
  try {
    for await (const rows of blocks) yield await bytesOf({ cells: columns.map(({ name }) => rows.map((row) => row[name])) });
    yield await bytesOf('end');
  } finally {
    await thread.worker?.terminate();
  }

  async function bytesOf(question: Question): Promise<Uint8Array> {
    const reply = await thread.ask(question);
    return 'bytes' in reply ? reply.bytes : new Uint8Array();
  }
}

/** The rows of a Parquet file as the database has them, in texts, `size` at most at a time. Throws when it cannot be read. */
export async function* parquetBlocks(path: string, size: number): AsyncGenerator<readonly Record<string, string>[]> {
  for await (const { names, cells } of readRows(path, size, 'next')) yield cells.map((row) => Object.fromEntries(names.map((name, place) => [name, row[place] ?? ''])));
}

/** How many rows a Parquet file has, each of them read. Throws when one cannot be. `alive` is called again and again. */
export async function countParquet(path: string, alive: () => Promise<void>): Promise<number> {
  let rows = 0;
  for await (const { count } of readRows(path, Number.MAX_SAFE_INTEGER, 'count')) {
    rows += count;
    await alive();
  }
  return rows;
}

async function* readRows(path: string, size: number, question: 'next' | 'count'): AsyncGenerator<ReadRows> {
  const thread = threadFor({ kind: 'read', path, size });
  try {
    for (;;) {
      const reply = await thread.ask(question);
      if (!('rows' in reply) || reply.rows === null) return;
      yield reply.rows;
    }
  } finally {
    await thread.worker?.terminate();
  }
}

type Answer = Exclude<Reply, { readonly error: string }>;

function threadFor(workerData: WorkerData): AskedThread<Question, Reply, Answer> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  let begun = false;
  return new AskedThread<Question, Reply, Answer>(
    () => {
      // Another one would begin the file once more.
      if (begun) throw new Error('the thread that archives ended amid a file');
      begun = true;
      // What this process was started with, such as a script given by --eval, is not the thread's.
      return new Worker(new URL(`./parquet-worker.${extension}`, import.meta.url), { execArgv: [], workerData });
    },
    (reply) => {
      if ('error' in reply) throw new Error(reply.error);
      return reply;
    },
    (message) => new Error(`the thread that archives: ${message}`),
  );
}
