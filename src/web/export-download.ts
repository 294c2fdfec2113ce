import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import type { Micros } from '../time.js';
import { csvWriter, type CsvWriter } from './csv.js';
import { parseExportRequest, type ExportRequest, type Format } from './export-choices.js';
import { fieldsOf } from './export-fields.js';
import { estimateHeader, openExport } from './export-rows.js';
import type { ConsoleUser } from './users.js';
import { XLSX_TYPE, xlsxStream } from './xlsx.js';

const CONTENT_TYPES: Readonly<Record<Format, string>> = { csv: 'text/csv; charset=utf-8; header=present', xlsx: XLSX_TYPE };

/**
 * The whole filtered list as a file, streamed: as fast as the client reads, and no further once
 * it is gone. A failure midway cuts the download off, so that a short file never looks whole.
 */
export function exportDownload(knex: Knex, log: LogDefinition, format: Format, zoneOf: (user: ConsoleUser | undefined) => string, clock: () => Micros): RequestHandler {
  return async (request, response) => {
    const asked = parseExportRequest(log, request.query, zoneOf(response.locals.user), format, clock());
    // Before the first byte, so that what fails at once is still answered as an error.
    const { estimate, blocks } = await openExport(knex, asked);
    response.set({
      'Content-Type': CONTENT_TYPES[asked.choices.format],
      'Content-Disposition': `attachment; filename="${fileName(asked, clock())}"`,
      'Cache-Control': 'no-store',
      ...(estimate ? { 'X-Estimated-Rows': estimateHeader(estimate) } : {}),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    try {
      await pipeline(file(asked, blocks), response);
    } catch (error) {
      if (!isClientGone(error)) throw error;
    }
  };
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
