import { once } from 'node:events';
import type { Response } from 'express';
import type { Database } from '../database/database.js';
import { pagePlan } from '../database/page-plan.js';
import { cellsFor } from './csv-bytes.js';
import { csvWriter } from './csv.js';
import type { ExportRequest } from './export-choices.js';
import { fieldsOf } from './export-fields.js';
import type { Tracked } from './export-progress.js';
import { parts, type OpenExport, type Way } from './export-rows.js';
import type { Block, ExportTask } from './export-task.js';
import type { ThreadedFile } from './export-thread.js';

/** Who takes no block for so long keeps a thread from others. Less than the connection of a workbook's thread may be idle (`page-reader.ts`). */
export const STALLED_MS = 600_000;

/** Whether nobody but this connection sees the database, no thread either. */
export const isPrivate = (url: string): boolean => url === 'sqlite::memory:';

/** What a thread is to write; null where none can. Of a CSV file of rows those behind the first, all else from the first. */
export function taskOf({ knex, url }: Pick<Database, 'knex' | 'url'>, { listing: { log, zone }, choices }: ExportRequest, rest: OpenExport['rest']): ExportTask | null {
  if (rest === null || isPrivate(url)) return null;
  const { format } = choices;
  const file = { url, format, fields: fieldsOf(log, choices, zone), zone: zone.name, choices };
  if (rest.kind === 'calls') return { ...file, kind: 'calls', title: 'Calls', query: rest.query };
  // A workbook is made of records, which have all columns.
  const plan = pagePlan(knex, log, rest.query, format === 'csv' ? cellsFor(file.fields, log.columns) : undefined);
  const names = plan.columns.map((db) => Object.keys(log.columns).find((name) => log.columns[name]?.db === db) ?? '');
  return {
    ...file,
    kind: 'rows',
    title: log.title,
    plan,
    columns: log.columns,
    first: format === 'xlsx' ? rest.first.map((record) => names.map((name) => record[name] ?? null)) : [],
    after: rest.after,
    timeColumn: log.columns[log.timeColumn]?.db ?? '',
  };
}

/** The file that a thread writes the rest of. */
export async function* wholeFile({ listing: { log, zone }, choices }: ExportRequest, rest: NonNullable<OpenExport['rest']>, thread: ThreadedFile): AsyncGenerator<Block> {
  if (choices.format === 'csv' && rest.kind === 'rows') {
    const write = csvWriter(fieldsOf(log, choices, zone), zone, choices);
    for await (const part of parts(rest.first)) yield { bytes: new TextEncoder().encode(write(part)), rows: part.length, at: Number(part.at(-1)?.[log.timeColumn]) };
  }
  yield* thread.blocks;
}

/**
 * Writes blocks as an answer, each when the one before has left: its memory is used anew. Cuts the answer off when they fail;
 * ends without a word when `gone` is aborted, which is when whoever reads it has left.
 */
export async function send(blocks: AsyncIterable<Block>, response: Response, gone: AbortSignal, tracked: Tracked | null, way: Way | null): Promise<void> {
  try {
    for await (const { bytes, rows, at } of blocks) {
      await written(response, bytes, gone);
      if (gone.aborted) return;
      if (rows > 0) tracked?.wrote(rows, way && at !== null ? way(at) : null);
    }
    response.end();
    if (!gone.aborted) await once(response, 'close');
  } catch (error) {
    if (gone.aborted) return;
    tracked?.failed();
    response.destroy();
    throw error;
  }
}

/** Until the bytes have left, or nobody is there to take them. */
function written(response: Response, bytes: Uint8Array, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stalled = setTimeout(() => response.destroy(), STALLED_MS);
    const done = (): void => {
      clearTimeout(stalled);
      gone.removeEventListener('abort', done);
      resolve();
    };
    if (gone.aborted) {
      done();
      return;
    }
    gone.addEventListener('abort', done, { once: true });
    // Why it could not be written does not matter: then the answer closes.
    response.write(bytes, done);
  });
}
