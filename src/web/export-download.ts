import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler, Response } from 'express';
import type { Database } from '../database/database.js';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import type { Micros } from '../time.js';
import { csvWriter, type CsvWriter } from './csv.js';
import { parseExportRequest, type ExportRequest, type Format } from './export-choices.js';
import { fieldsOf } from './export-fields.js';
import { takeDownloadId, type Downloads, type Tracked } from './export-progress.js';
import { estimateHeader, openExport, parts, type Way } from './export-rows.js';
import { isPrivate, send, taskOf, wholeFile } from './export-send.js';
import type { ExportThreads } from './export-thread.js';
import type { ConsoleUser } from './users.js';
import { XLSX_TYPE, xlsxStream } from './xlsx.js';

const CONTENT_TYPES: Readonly<Record<Format, string>> = { csv: 'text/csv; charset=utf-8; header=present', xlsx: XLSX_TYPE };

export interface DownloadParts {
  readonly database: Pick<Database, 'knex' | 'url'>;
  readonly downloads: Downloads;
  readonly threads: ExportThreads;
  readonly zoneOf: (user: ConsoleUser | undefined) => string;
  readonly clock: () => Micros;
}

/**
 * The whole filtered list as a file, streamed: as fast as the client reads, and no further once
 * it is gone. A failure midway cuts the download off, so that a short file never looks whole. A long file is written by a thread.
 */
export function exportDownload({ database, downloads, threads, zoneOf, clock }: DownloadParts, log: LogDefinition, format: Format): RequestHandler {
  return async (request, response) => {
    const gone = goneOf(response);
    const { id, rest: parameters } = takeDownloadId(request.query);
    const asked = parseExportRequest(log, parameters, zoneOf(response.locals.user), format, clock());
    // Before the first byte, so that what fails at once is still answered as an error.
    const isHead = request.method === 'HEAD';
    const { estimate, blocks, rest, wayOf } = await openExport(database.knex, asked, () => {
      if (!isHead && !isPrivate(database.url)) threads.warm(database.url);
    });
    if (isOver(response, gone)) return;
    const task = isHead ? null : taskOf(database, asked, rest);
    const thread = task && (await threads.start(task, gone));
    try {
      if (isOver(response, gone)) return;
      const { user } = response.locals;
      const tracked = id === null || !user || isHead ? null : downloads.track(id, user.id, response, estimate);
      response.set({
        'Content-Type': CONTENT_TYPES[asked.choices.format],
        'Content-Disposition': `attachment; filename="${fileName(asked, clock())}"`,
        'Cache-Control': 'no-store',
        // A proxy that gathers the file would have it long before the reader has, who sees how far it is.
        'X-Accel-Buffering': 'no',
        ...(estimate ? { 'X-Estimated-Rows': estimateHeader(estimate) } : {}),
      });
      if (isHead) {
        response.end();
        return;
      }
      const way = tracked && estimate?.kind !== 'exact' ? await wayOf() : null;
      const timeColumn = asked.choices.calls === 'folded' ? 'begin' : log.timeColumn;
      if (thread && rest) await send(wholeFile(asked, rest, thread), response, gone, tracked, way);
      else await pipeline(file(asked, tracked ? watched(blocks, tracked, way, timeColumn) : blocks), response);
    } catch (error) {
      if (!isClientGone(error)) throw error;
    } finally {
      thread?.close();
    }
  };
}

/** Aborted when nobody reads the answer any more, which may be before it is asked. */
function goneOf(response: Response): AbortSignal {
  const gone = new AbortController();
  if (response.closed) gone.abort();
  else response.once('close', () => gone.abort());
  return gone.signal;
}

/** Nobody is there to answer, or another has: that it took too long. */
const isOver = (response: Response, gone: AbortSignal): boolean => gone.aborted || response.headersSent;

/** Counts what is written, and hears of a failure before the connection closes for it. */
async function* watched(blocks: AsyncIterable<readonly LogRecord[]>, tracked: Tracked, way: Way | null, timeColumn: string): AsyncGenerator<readonly LogRecord[]> {
  try {
    for await (const records of blocks) {
      yield records;
      const last = records.at(-1);
      tracked.wrote(records.length, way && last ? way(Number(last[timeColumn])) : null);
    }
  } catch (error) {
    tracked.failed();
    throw error;
  }
}

function fileName({ listing: { log, zone }, choices }: ExportRequest, now: Micros): string {
  return `${choices.calls === 'folded' ? 'calls' : log.name}-${zone.local(now).date}.${choices.format}`;
}

function file({ listing: { log, zone }, choices }: ExportRequest, blocks: AsyncIterable<readonly LogRecord[]>): Readable {
  const fields = fieldsOf(log, choices, zone);
  if (choices.format === 'xlsx') return xlsxStream(choices.calls === 'folded' ? 'Calls' : log.title, fields, zone, blocks);
  return Readable.from(texts(blocks, csvWriter(fields, zone, choices)));
}

async function* texts(blocks: AsyncIterable<readonly LogRecord[]>, write: CsvWriter): AsyncGenerator<string> {
  for await (const records of blocks) {
    for await (const part of parts(records)) {
      const text = write(part);
      if (text !== '') yield text;
    }
  }
}

const isClientGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
