import { openPageReader } from '../database/page-reader.js';
import { recordViews, type LogRecord } from '../logs/columns.js';
import type { Block, ExportTask } from './export-task.js';
import { xlsxStream } from './xlsx.js';
import { readerZone } from './zone.js';

const PAGE_ROWS = 1_000;

/** The bytes of a workbook. Runs in a thread. */
export async function* blocks(task: ExportTask): AsyncGenerator<Block> {
  const taken = { rows: 0, at: null as number | null };
  const stream = xlsxStream(task.title, task.fields, readerZone(task.zone), pages(task, (rows, at) => Object.assign(taken, { rows: taken.rows + rows, at })));
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const { rows, at } = taken;
    taken.rows = 0;
    // A copy: the stream's own memory cannot go to another thread.
    yield { bytes: Uint8Array.from(chunk), rows, at };
  }
}

async function* pages({ url, plan, columns, first, after: begin, timeColumn }: ExportTask, taken: (rows: number, at: number | null) => void): AsyncGenerator<readonly LogRecord[]> {
  const view = recordViews(columns, plan.columns);
  const time = plan.columns.indexOf(timeColumn);
  const reader = await openPageReader(url, plan);
  try {
    taken(first.length, Number(first.at(-1)?.[time]));
    yield first.map(view);
    for (let after = begin; ; ) {
      const rows = await reader.arrays(after, PAGE_ROWS);
      const last = rows.at(-1);
      if (last) {
        taken(rows.length, Number(last[time]));
        yield rows.map(view);
        after = plan.keyset.map(({ place, text }) => (text ? String(last[place]) : Number(last[place])));
      }
      if (rows.length < PAGE_ROWS) return;
    }
  } finally {
    reader.close();
  }
}
