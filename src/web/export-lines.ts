import { openPageReader, type PageReader } from '../database/page-reader.js';
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
  const fields = task.fields.map((field) => ({ ...field, place: plan.columns.indexOf(task.columns[field.name]?.db ?? '') }));
  const csv = csvBytes(fields, readerZone(task.zone), task.choices);
  const time = plan.columns.indexOf(task.timeColumn);
  const reader = await openPageReader(task.url, plan);
  try {
    let after = task.after;
    for (let limit = FIRST_ROWS; ; ) {
      const { rows, last } = await readPage(reader, csv, after, limit);
      const bytes = csv.take(spare());
      if (last) {
        after = plan.keyset.map(({ place, text }) => (text ? (last[place] ?? '') : Number(last[place])));
        yield { bytes, rows, at: Number(last[time]) };
      }
      if (rows < limit) return;
      limit = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.round((PAGE_BYTES * rows) / bytes.length)));
    }
  } finally {
    reader.close();
  }
}

/** Writes a page; answers how many rows it has, and the cells of the last one as texts. */
async function readPage(reader: PageReader, csv: CsvBytes, after: RowsTask['after'], limit: number): Promise<{ readonly rows: number; readonly last: readonly string[] | null }> {
  const end: { source: Buffer; start: number; ends: Int32Array } = { source: Buffer.alloc(0), start: 0, ends: new Int32Array() };
  const rows = await reader.lines(after, limit, (source, start, ends) => {
    csv.row(source, start, ends);
    end.source = source;
    end.start = start;
    end.ends = ends;
  });
  if (rows !== null) return { rows, last: rows === 0 ? null : cellsOf(end.source, end.start, end.ends) };
  // What was written of the page is left out.
  csv.take(null);
  const arrays = await reader.arrays(after, limit);
  let last: readonly string[] | null = null;
  for (const row of arrays) {
    last = row.map((value) => (typeof value === 'number' ? String(value) : typeof value === 'string' ? value : ''));
    const { source, ends } = lineOf(last);
    csv.row(source, 0, ends);
  }
  return { rows: arrays.length, last };
}

function cellsOf(source: Buffer, start: number, ends: Int32Array): string[] {
  return Array.from(ends, (end, place) => source.toString('utf8', place === 0 ? start : (ends[place - 1] ?? 0) + 1, end));
}

/** Cells as a line, whatever is in them. */
export function lineOf(cells: readonly string[]): { readonly source: Buffer; readonly ends: Int32Array } {
  let at = 0;
  const ends = Int32Array.from(cells, (cell, place) => (at += Buffer.byteLength(cell) + (place === 0 ? 0 : 1)));
  return { source: Buffer.from(cells.join('\u001f')), ends };
}
