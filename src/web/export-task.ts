import type { PagePlan } from '../database/planned-pages.js';
import type { Columns } from '../logs/columns.js';
import type { CsvChoices } from './csv.js';
import type { ExportField } from './export-field.js';
import type { Format } from './export-choices.js';

/** What a thread is told of a file that it is to write. */
export interface ExportTask {
  readonly url: string;
  readonly plan: PagePlan;
  readonly format: Format;
  /** The name of a workbook's sheet. */
  readonly title: string;
  readonly fields: readonly ExportField[];
  readonly columns: Columns;
  readonly zone: string;
  readonly choices: CsvChoices;
  /** Rows that are read already and are to be written first, as arrays of the plan's columns. */
  readonly first: readonly (readonly unknown[])[];
  /** The keyset of the row that the file goes on behind. */
  readonly after: readonly (string | number)[];
  /** The database's column that tells how far a row is on the way to the last. */
  readonly timeColumn: string;
}

/** A part of a file: its bytes, the rows in it, and the time of the last of them. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  readonly at: number | null;
}

/** What the thread says. Its failure is an error with the driver's own code. */
export type FromThread = { readonly block: Block } | { readonly end: true } | { readonly error: { readonly message: string; readonly code: string | null } };

/** A block was written: its memory comes back, and there is room for another. */
export interface Written {
  readonly memory: ArrayBuffer | null;
}

/** So many blocks may be on their way. */
export const MOST_BLOCKS = 2;
