import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import type { Micros } from '../time.js';
import { csvWriter, type CsvWriter } from './csv.js';
import { parseExportRequest, type ExportRequest, type Format } from './export-choices.js';
import { fieldsOf } from './export-fields.js';
import { takeDownloadId, type Downloads, type Tracked } from './export-progress.js';
import { estimateHeader, openExport } from './export-rows.js';
import type { ConsoleUser } from './users.js';
import { XLSX_TYPE, xlsxStream } from './xlsx.js';

const CONTENT_TYPES: Readonly<Record<Format, string>> = { csv: 'text/csv; charset=utf-8; header=present', xlsx: XLSX_TYPE };

/**
 * The whole filtered list as a file, streamed: as fast as the client reads, and no further once
 * it is gone. A failure midway cuts the download off, so that a short file never looks whole.
 */
export function exportDownload(knex: Knex, log: LogDefinition, format: Format, downloads: Downloads, zoneOf: (user: ConsoleUser | undefined) => string, clock: () => Micros): RequestHandler {
  return async (request, response) => {
    const { id, rest } = takeDownloadId(request.query);
    const asked = parseExportRequest(log, rest, zoneOf(response.locals.user), format, clock());
    // Before the first byte, so that what fails at once is still answered as an error.
    const { estimate, blocks, wayOf } = await openExport(knex, asked);
    const { user } = response.locals;
    const tracked = id === null || !user || request.method === 'HEAD' ? null : downloads.track(id, user.id, response, estimate);
    response.set({
      'Content-Type': CONTENT_TYPES[asked.choices.format],
      'Content-Disposition': `attachment; filename="${fileName(asked, clock())}"`,
      'Cache-Control': 'no-store',
      // A proxy that gathers the file would have it long before the reader has, who sees how far it is.
      'X-Accel-Buffering': 'no',
      ...(estimate ? { 'X-Estimated-Rows': estimateHeader(estimate) } : {}),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const way = tracked && estimate?.kind !== 'exact' ? await wayOf() : null;
    try {
      await pipeline(file(asked, tracked ? watched(blocks, tracked, way) : blocks), response);
    } catch (error) {
      if (!isClientGone(error)) throw error;
    }
  };
}

/** Counts what is written, and hears of a failure before the connection closes for it. */
async function* watched(blocks: AsyncIterable<readonly LogRecord[]>, tracked: Tracked, way: ((record: LogRecord) => number) | null): AsyncGenerator<readonly LogRecord[]> {
  try {
    for await (const records of blocks) {
      yield records;
      const last = records.at(-1);
      tracked.wrote(records.length, way && last ? way(last) : null);
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
    const text = write(records);
    if (text !== '') yield text;
  }
}

const isClientGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
