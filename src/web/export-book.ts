import { openPageReader } from '../database/page-reader.js';
import { recordViews, type LogRecord } from '../logs/columns.js';
import type { Block, RowsTask, WrittenFile } from './export-task.js';
import { xlsxStream } from './xlsx.js';
import { readerZone } from './zone.js';

const PAGE_ROWS = 1_000;

/** Records, and the time of the last of them. */
export interface RecordPage {
  readonly records: readonly LogRecord[];
  readonly at: number | null;
}

/** The bytes of a workbook. Runs in a thread. */
export const blocks = (task: RowsTask): AsyncGenerator<Block> => bookOf(task, pages(task));

/** The bytes of a workbook of these pages. */
export async function* bookOf({ title, fields, zone }: WrittenFile, pages: AsyncIterable<RecordPage>): AsyncGenerator<Block> {
  const taken = { rows: 0, at: null as number | null };
  const records = async function* (): AsyncGenerator<readonly LogRecord[]> {
    for await (const page of pages) {
      taken.rows += page.records.length;
      taken.at = page.at ?? taken.at;
      yield page.records;
    }
  };
  for await (const chunk of xlsxStream(title, fields, readerZone(zone), records()) as AsyncIterable<Buffer>) {
    const { rows, at } = taken;
    taken.rows = 0;
    // A copy: the stream's own memory cannot go to another thread.
    yield { bytes: Uint8Array.from(chunk), rows, at };
  }
}

async function* pages({ url, plan, columns, first, after: begin, timeColumn }: RowsTask): AsyncGenerator<RecordPage> {
  const view = recordViews(columns, plan.columns);
  const time = plan.columns.indexOf(timeColumn);
  const pageOf = (rows: RowsTask['first']): RecordPage => ({ records: rows.map(view), at: Number(rows.at(-1)?.[time]) });
  const reader = await openPageReader(url, plan);
  try {
    yield pageOf(first);
    for (let after = begin; ; ) {
      const rows = await reader.arrays(after, PAGE_ROWS);
      const last = rows.at(-1);
      if (last) {
        yield pageOf(rows);
        after = plan.keyset.map(({ place, text }) => (text ? String(last[place]) : Number(last[place])));
      }
      if (rows.length < PAGE_ROWS) return;
    }
  } finally {
    reader.close();
  }
}
