import { openPageReader, type PageReader } from '../database/page-reader.js';
import { CELL_END } from '../database/planned-pages.js';
import { csvBytes, type CsvBytes } from './csv-bytes.js';
import type { Block, RowsTask } from './export-task.js';
import { readerZone } from './zone.js';

/** What a page has at about: few enough that it is soon written, enough that asking for it does not count. */
const PAGE_BYTES = 1024 * 1024;
const LEAST_ROWS = 100;
const FIRST_ROWS = 1_000;
const MOST_ROWS = 10_000;

/** The rows of a CSV file, without its header, a page a block. `spare` gives memory that is free again. Runs in a thread: on SQLite it does not wait. */
export async function* blocks(task: RowsTask, spare: () => ArrayBuffer | null): AsyncGenerator<Block> {
  const { plan } = task;
  const csv = csvBytes(task.fields, plan.columns.length, readerZone(task.zone), task.choices);
  const time = plan.columns.indexOf(task.timeColumn);
  const reader = await openPageReader(task.url, plan);
  try {
    let after = task.after;
    for (let limit = FIRST_ROWS; ; ) {
      const { rows, last } = await readPage(reader, csv, after, limit);
      const bytes = csv.take(spare());
      // Asked now: the block is another thread's once it is given away, and has no length here.
      const size = bytes.length;
      if (last) {
        after = plan.keyset.map(({ place, text }) => (text ? (last[place] ?? '') : Number(last[place])));
        yield { bytes, rows, at: Number(last[time]) };
      }
      if (rows < limit) return;
      limit = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.round((PAGE_BYTES * rows) / size)));
    }
  } finally {
    reader.close();
  }
}

/** Writes a page; answers how many rows it has, and the cells of the last one as texts. */
async function readPage(reader: PageReader, csv: CsvBytes, after: RowsTask['after'], limit: number): Promise<{ readonly rows: number; readonly last: readonly string[] | null }> {
  const last: { source: Buffer; start: number; end: number } = { source: Buffer.alloc(0), start: 0, end: 0 };
  const rows = await reader.lines(after, limit, (source, start, end) => {
    last.source = source;
    last.start = start;
    last.end = end;
    return csv.row(source, start, end);
  });
  if (rows !== null) return { rows, last: rows === 0 ? null : last.source.toString('utf8', last.start, last.end).split(SEPARATOR) };
  // What was written of the page is left out.
  csv.take(null);
  const texts = (await reader.arrays(after, limit)).map((row) => row.map((value) => (typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '')));
  for (const row of texts) csv.values(row);
  return { rows: texts.length, last: texts.at(-1) ?? null };
}

const SEPARATOR = String.fromCharCode(CELL_END);
