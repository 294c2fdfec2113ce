import type { PagePlan } from '../database/planned-pages.js';
import type { CallQuery } from '../logs/cdr/call-query.js';
import type { Columns } from '../logs/columns.js';
import type { CsvChoices } from './csv.js';
import type { ExportField } from './export-field.js';
import type { Format } from './export-choices.js';

export interface WrittenFile {
  readonly url: string;
  readonly format: Format;
  /** The name of a workbook's sheet. */
  readonly title: string;
  readonly fields: readonly ExportField[];
  readonly zone: string;
  readonly choices: CsvChoices;
}

/** The rows of a list that are behind its first ones. */
export interface RowsTask extends WrittenFile {
  readonly kind: 'rows';
  readonly plan: PagePlan;
  readonly columns: Columns;
  /** Rows that are read already and are to be written first, as arrays of the plan's columns. */
  readonly first: readonly (readonly unknown[])[];
  /** The keyset of the row that the file goes on behind. */
  readonly after: readonly (string | number)[];
  /** The database's column that tells how far a row is on the way to the last. */
  readonly timeColumn: string;
}

/** Whole calls, from the first. */
export interface CallsTask extends WrittenFile {
  readonly kind: 'calls';
  readonly query: CallQuery;
}

/** What a thread is told of a file that it is to write. */
export type ExportTask = RowsTask | CallsTask;

/** A part of a file: its bytes, the rows in it, and the time of the last of them. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  readonly at: number | null;
}

/** What the thread says. Its failure is an error with the driver's own code. */
export type FromThread = { readonly block: Block } | { readonly end: true } | { readonly error: { readonly message: string; readonly code: string | null } };

/** A file to write, once the one before has ended; or that a block was written: its memory comes back, and there is room for another. */
export type ToThread = { readonly task: ExportTask } | { readonly memory: ArrayBuffer };

/** So many blocks may be on their way. */
export const MOST_BLOCKS = 4;
