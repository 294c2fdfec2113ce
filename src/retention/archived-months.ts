import type { Knex } from 'knex';
import type { Micros } from '../time.js';
import type { FileFacts } from './archive-file.js';
import { rangeOf, type Month } from '../month.js';

const TABLE = 'archived_month';

/** A part of a month of one log that lies in a file. */
export interface ArchivedMonth extends FileFacts {
  readonly id: number;
  readonly log: string;
  readonly month: Month;
  readonly part: number;
  readonly file: string;
  readonly archivedAt: Micros;
  /** When its rows had left the table; null while some are still there. */
  readonly droppedAt: Micros | null;
  /** Until when its rows are to be in the table again; null when they are not. */
  readonly restoredUntil: Micros | null;
}

interface DatabaseMonth {
  readonly id: number | string;
  readonly log: string;
  readonly month: string;
  readonly part: number;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number | string;
  readonly row_count: number | string;
  readonly archived_at: number | string;
  readonly dropped_at: number | string;
  readonly restored_until: number | string;
}

/** All parts, or those of a log, or of a month of it; by month, log and part. */
export async function archivedMonths(knex: Knex, which: { readonly log?: string; readonly month?: Month } = {}): Promise<ArchivedMonth[]> {
  const rows = await knex<DatabaseMonth>(TABLE).where(which).orderBy(['month', 'log', 'part']).select();
  return rows.map((row) => ({
    id: Number(row.id),
    log: row.log,
    month: row.month,
    part: row.part,
    file: row.file,
    sha256: row.sha256,
    bytes: Number(row.bytes),
    rows: Number(row.row_count),
    archivedAt: Number(row.archived_at),
    droppedAt: Number(row.dropped_at) || null,
    restoredUntil: Number(row.restored_until) || null,
  }));
}

/** The months with a part in `[from, to)` whose rows have left a log, or are leaving, and are not back now. */
export async function monthsAway(knex: Knex, log: string, from: Micros, to: Micros, now: Micros): Promise<Month[]> {
  const parts = (await archivedMonths(knex, { log })).filter(({ month }) => rangeOf(month).from < to && rangeOf(month).to > from);
  const back = new Set(parts.filter(({ restoredUntil }) => restoredUntil !== null && restoredUntil > now).map(({ month }) => month));
  return [...new Set(parts.map(({ month }) => month))].filter((month) => !back.has(month));
}

export async function addArchived(knex: Knex, { rows, archivedAt, ...part }: Omit<ArchivedMonth, 'id' | 'droppedAt' | 'restoredUntil'>): Promise<void> {
  await knex(TABLE).insert({ ...part, row_count: rows, archived_at: archivedAt });
}

/** Says of parts that nothing of them is left to delete. */
export async function markDropped(knex: Knex, ids: readonly number[], at: Micros): Promise<void> {
  await knex(TABLE).whereIn('id', [...ids]).update({ dropped_at: at });
}

/** Says of parts until when their rows are to be back; null: no longer. */
export async function markRestored(knex: Knex, ids: readonly number[], until: Micros | null): Promise<void> {
  await knex(TABLE).whereIn('id', [...ids]).update({ restored_until: until ?? 0 });
}
