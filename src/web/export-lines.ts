import { openPageReader, type PageEnd, type PageReader } from '../database/page-reader.js';
import { CELL_END } from '../database/planned-pages.js';
import { csvBytes, type CsvBytes } from './csv-bytes.js';
import type { Block, RowsTask } from './export-task.js';
import { readerZone } from './zone.js';

/** A block has so much at least: few enough that several take little memory, enough that handing one over does not count. */
const BLOCK_BYTES = 240 * 1024;
/** What a page has at about: on MariaDB one costs as much as a hundred rows, on SQLite it is in memory as a whole. */
const PAGE_BYTES = { sqlite: BLOCK_BYTES, mysql: 1024 * 1024 };
const LEAST_ROWS = 100;
const FIRST_ROWS = 1_000;
const MOST_ROWS = 10_000;
/** Where the index is given, a page is as many rows as are taken in such a time: few of a slow reader, for whom the server would hold the statement. */
const PAGE_MS = 500;
const MOST_ROWS_IN_TIME = 50_000;
/** Rows that are read cell by cell, and those of each page behind them, which may have more like it. */
const UNCLEAR_ROWS = 500;
/** Who takes no block for so long has no connection and no statement meanwhile. */
const HELD_MS = 5_000;

const SEPARATOR = String.fromCharCode(CELL_END);

/** The rows of a CSV file, without its header. `spare` gives memory that is free again. Runs in a thread: on SQLite it does not wait. */
export async function* blocks(task: RowsTask, spare: () => ArrayBuffer | null, heldMs = HELD_MS): AsyncGenerator<Block> {
  const { plan, url } = task;
  const lines = new Lines(task, spare, heldMs);
  const opened = async (now: PageReader | null): Promise<PageReader> => (now === null || now.isClosed ? openPageReader(url, plan) : now);
  let reader: PageReader | null = null;
  let most = plan.isIndexGiven ? MOST_ROWS_IN_TIME : MOST_ROWS;
  try {
    for (let limit = FIRST_ROWS; ; ) {
      reader = await opened(reader);
      const begun = { ms: performance.now(), rows: lines.rows, bytes: lines.bytes };
      const end = yield* lines.page(reader, limit);
      const rows = lines.rows - begun.rows;
      if (end === 'whole' && rows < limit) break;
      if (end === 'unclear') {
        most = UNCLEAR_ROWS;
        reader = await opened(reader);
        if ((await lines.cellByCell(reader, most)) < most) break;
      }
      const wanted = plan.isIndexGiven ? (PAGE_MS * rows) / (performance.now() - begun.ms) : (PAGE_BYTES[plan.dialect] * rows) / (lines.bytes - begun.bytes);
      limit = Math.min(most, Math.max(LEAST_ROWS, Math.round(wanted) || FIRST_ROWS));
    }
    reader.close();
    if (lines.isLeft) yield lines.take();
  } finally {
    reader?.close();
  }
}

/** The lines of a file, as far as they are written. */
class Lines {
  rows = 0;
  readonly #csv: CsvBytes;
  #taken = { rows: 0, bytes: 0 };
  /** The cells of the last row, and the place behind it. */
  #last: readonly string[] = [];
  #after: RowsTask['after'];
  #wake: () => void = () => undefined;

  constructor(
    private readonly task: RowsTask,
    private readonly spare: () => ArrayBuffer | null,
    private readonly heldMs: number,
  ) {
    this.#csv = csvBytes(task.fields, task.plan.columns.length, readerZone(task.zone), task.choices);
    this.#after = task.after;
  }

  get bytes(): number {
    return this.#taken.bytes + this.#csv.size();
  }

  /** Whether there are lines that no block has. */
  get isLeft(): boolean {
    return this.rows > this.#taken.rows;
  }

  take(): Block {
    const bytes = this.#csv.take(this.spare());
    const rows = this.rows - this.#taken.rows;
    this.#taken = { rows: this.rows, bytes: this.#taken.bytes + bytes.length };
    return { bytes, rows, at: Number(this.#last[this.task.plan.columns.indexOf(this.task.timeColumn)]) };
  }

  /** Reads and writes a page, a block ahead of whoever takes them; the last one may be left. */
  async *page(reader: PageReader, limit: number): AsyncGenerator<Block, PageEnd> {
    const page: { line: { readonly source: Buffer; readonly start: number; readonly end: number } | null; outcome: { readonly end: PageEnd } | { readonly error: unknown } | null } = { line: null, outcome: null };
    const isFull = (): boolean => this.#csv.size() >= BLOCK_BYTES;
    const sink = (source: Buffer, start: number, end: number): boolean => {
      if (!this.#csv.row(source, start, end)) return false;
      page.line = { source, start, end };
      this.rows += 1;
      if (isFull()) {
        reader.pause();
        this.#wake();
      }
      return true;
    };
    const over = (how: typeof page.outcome): void => {
      page.outcome = how;
      this.#wake();
    };
    reader.lines(this.#after, limit, sink).then((end) => over({ end }), (error: unknown) => over({ error }));
    for (;;) {
      const { line, outcome } = page;
      if (line) this.#arrive(line.source.toString('utf8', line.start, line.end).split(SEPARATOR));
      if (isFull()) {
        const block = this.take();
        reader.resume();
        yield* held(reader, block, this.heldMs);
      } else if (outcome === null) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if ('end' in outcome) return outcome.end;
      else throw outcome.error;
    }
  }

  /** Reads and writes rows whatever is in them; answers how many there were. */
  async cellByCell(reader: PageReader, limit: number): Promise<number> {
    const rows = (await reader.arrays(this.#after, limit)).map((row) => row.map((value) => (typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '')));
    for (const row of rows) {
      this.#csv.values(row);
      this.#arrive(row);
    }
    this.rows += rows.length;
    return rows.length;
  }

  #arrive(cells: readonly string[]): void {
    this.#last = cells;
    this.#after = this.task.plan.keyset.map(({ place, text }) => (text ? (cells[place] ?? '') : Number(cells[place])));
  }
}

function* held(reader: PageReader, block: Block, heldMs: number): Generator<Block> {
  const timer = setTimeout(() => reader.close(), heldMs);
  try {
    yield block;
  } finally {
    clearTimeout(timer);
  }
}
