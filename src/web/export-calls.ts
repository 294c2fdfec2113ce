import { openDatabase } from '../database/database.js';
import { callRecord } from '../logs/cdr/call-columns.js';
import { allCalls } from '../logs/cdr/calls.js';
import { csvWriter } from './csv.js';
import { bookOf, type RecordPage } from './export-book.js';
import type { Block, CallsTask } from './export-task.js';
import { readerZone } from './zone.js';

/** So many legs are read for a page. */
const PAGE_ROWS = 1_000;

/** A file of whole calls, with its header. Runs in a thread, with a connection of its own. */
export async function* blocks(task: CallsTask): AsyncGenerator<Block> {
  if (task.format === 'xlsx') {
    yield* bookOf(task, pages(task));
    return;
  }
  const write = csvWriter(task.fields, readerZone(task.zone), task.choices);
  for await (const { records, at } of pages(task)) {
    const bytes = new TextEncoder().encode(write(records));
    if (bytes.length > 0) yield { bytes, rows: records.length, at };
  }
}

async function* pages({ url, query }: CallsTask): AsyncGenerator<RecordPage> {
  const database = openDatabase(url, 'command');
  try {
    for await (const { calls } of allCalls(database.knex, query, PAGE_ROWS)) yield { records: calls.map(callRecord), at: calls.at(-1)?.begin ?? null };
  } finally {
    await database.close();
  }
}
