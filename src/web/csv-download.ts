import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { listAll } from '../database/listing.js';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import type { Micros } from '../time.js';
import { csvWriter, type CsvWriter } from './csv.js';
import { parseListingRequest } from './listing-query.js';
import type { ConsoleUser } from './users.js';

/** Few enough that nobody else waits long behind one block: about 20 ms. */
const BLOCK_ROWS = 1_000;

/**
 * The whole filtered list as a CSV file, streamed: as fast as the client reads, and no further once
 * it is gone. A failure midway cuts the download off, so that a short file never looks whole.
 */
export function csvDownload(knex: Knex, log: LogDefinition, zoneOf: (user: ConsoleUser | undefined) => string, clock: () => Micros): RequestHandler {
  return async (request, response) => {
    const { query, zone } = parseListingRequest(log, request.query, zoneOf(response.locals.user));
    const pages = listAll(knex, log, { ...query, after: null }, BLOCK_ROWS);
    // Before the first byte, so that what fails at once is still answered as an error.
    const first = await pages.next();
    response.set({
      'Content-Type': 'text/csv; charset=utf-8; header=present',
      'Content-Disposition': `attachment; filename="${log.name}-${zone.local(clock()).date}.csv"`,
      'Cache-Control': 'no-store',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    try {
      await pipeline(Readable.from(blocks(first.done ? [] : first.value, pages, csvWriter(log, zone))), response);
    } catch (error) {
      if (!isClientGone(error)) throw error;
    }
  };
}

async function* blocks(first: readonly LogRecord[], rest: AsyncIterable<readonly LogRecord[]>, write: CsvWriter): AsyncGenerator<string> {
  yield write(first);
  for await (const records of rest) {
    yield write(records);
    // SQLite answers without waiting; others who ask meanwhile get their turn here.
    await nextTurn();
  }
}

const isClientGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
