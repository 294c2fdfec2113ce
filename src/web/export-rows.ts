import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import { pageQuery } from '../database/page-query.js';
import { fitsFew } from '../database/search-page.js';
import { callRecord } from '../logs/cdr/call-columns.js';
import { callQuery, legFilters, type CallQuery } from '../logs/cdr/call-query.js';
import { allCalls } from '../logs/cdr/calls.js';
import { fromRow, type DatabaseRow, type LogDefinition, type LogRecord } from '../logs/columns.js';
import { countRows, PATIENCE_MS } from '../logs/count.js';
import { keysetOf, type ListQuery } from '../logs/list-query.js';
import { listAll, withNames } from '../logs/listing.js';
import type { Micros } from '../time.js';
import type { ExportRequest } from './export-choices.js';

/** What is read at once. */
const BLOCK_ROWS = 1_000;
/** Up to here rows are counted, which takes some hundredths of a second. */
const MOST_COUNTED = 100_000;

/** How many rows an export has, as far as that is cheap to know. */
export interface RowEstimate {
  readonly kind: 'exact' | 'about' | 'more than';
  readonly rows: number;
}

export interface OpenExport {
  /** Null where nothing can be said. */
  readonly estimate: RowEstimate | null;
  readonly blocks: AsyncIterable<readonly LogRecord[]>;
  /** How a thread writes what is long; null for what is short. */
  readonly rest: RestOfRows | RestOfCalls | null;
  /** For files too long to count. Null where times do not tell how far a row is. */
  readonly wayOf: () => Promise<Way | null>;
}

/** How far the row of an instant lies on the way to the last one, from 0 to 1. */
export type Way = (at: Micros) => number;

/** The rows behind the first ones of a file. */
export interface RestOfRows {
  readonly kind: 'rows';
  /** Knows its accounts. */
  readonly query: ListQuery;
  readonly first: readonly LogRecord[];
  /** The keyset of the last of them. */
  readonly after: readonly (string | number)[];
}

/** Whole calls, which are folded from the first once more. */
interface RestOfCalls {
  readonly kind: 'calls';
  readonly query: CallQuery;
}

/**
 * Begins an export: what fails at once, fails here. Whoever does not read all blocks just lets go of them: nothing is held. `isLong` is called
 * as soon as a thread is likely to be needed.
 */
export async function openExport(knex: Knex, request: ExportRequest, isLong: () => void = () => undefined): Promise<OpenExport> {
  return request.choices.calls === 'folded' ? openCalls(knex, request, isLong) : openRows(knex, request, isLong);
}

async function openRows(knex: Knex, { listing: { log, query: asked } }: ExportRequest, isLong: () => void): Promise<OpenExport> {
  // A file is the whole list, wherever its reader is in it.
  const query = await withNames(knex, log, { ...asked, after: null, before: null });
  const pages = listAll(knex, log, query, BLOCK_ROWS);
  const first = await pages.next();
  const records = first.done === true ? [] : first.value;
  const exact = records.length < BLOCK_ROWS;
  if (!exact) {
    isLong();
    await nextTurn();
  }
  const count = exact ? records.length : await countRows(knex, log, query, MOST_COUNTED);
  const last = records.at(-1);
  // What is found by an index of its own is no long way to go.
  const takesThread = !exact && last !== undefined && !(await fitsFew(knex, log, query));
  const rest: RestOfRows | null = takesThread ? { kind: 'rows', query, first: records, after: keysetOf(log, query, last) } : null;
  return { estimate: counted(count), blocks: continued(records, pages), rest, wayOf: () => way(knex, log, query, log.timeColumn, records[0]) };
}

async function openCalls(knex: Knex, { listing: { log, query } }: ExportRequest, isLong: () => void): Promise<OpenExport> {
  const calls = callQuery(query);
  const pages = allCalls(knex, calls, BLOCK_ROWS);
  const first = await pages.next();
  const records = first.done === true ? [] : first.value.calls.map(callRecord);
  const legsRead = first.done === true ? 0 : first.value.legsRead;
  const rest: RestOfCalls | null = legsRead < BLOCK_ROWS ? null : { kind: 'calls', query: calls };
  if (rest) isLong();
  return { estimate: await estimate(), blocks: continued(records, recordsOf(pages)), rest, wayOf: () => way(knex, log, { ...query, filters: legFilters(calls) }, 'begin', records[0]) };

  /** As many calls as the first legs made, for all legs. */
  async function estimate(): Promise<RowEstimate | null> {
    if (legsRead < BLOCK_ROWS) return counted(records.length);
    if (records.length === 0) return null;
    const legs = await countRows(knex, log, { ...query, filters: legFilters(calls) }, MOST_COUNTED);
    if (legs === null) return null;
    const rows = Math.max(records.length, Math.round((Math.min(legs, MOST_COUNTED) * records.length) / legsRead));
    return { kind: legs > MOST_COUNTED ? 'more than' : 'about', rows };
  }
}

/** The last record is the first one of the list turned round, which its index finds as fast; longer than a count it is not looked for. */
async function way(knex: Knex, log: LogDefinition, query: ListQuery, timeOf: string, first: LogRecord | undefined): Promise<Way | null> {
  if (query.sort !== log.timeColumn || first === undefined) return null;
  const turned = pageQuery(knex, log, { ...(await withNames(knex, log, query)), after: null, before: null, order: query.order === 'asc' ? 'desc' : 'asc', limit: 1 });
  const [row] = ((await turned.timeout(PATIENCE_MS).catch(() => [])) as DatabaseRow[]).map((found) => fromRow(log.columns, found));
  const begin = Number(first[timeOf]);
  const length = Number(row?.[log.timeColumn]) - begin;
  return Number.isFinite(length) && length !== 0 ? (at) => Math.min(1, Math.max(0, (at - begin) / length)) : null;
}

function counted(count: number | null): RowEstimate | null {
  if (count === null) return null;
  return count > MOST_COUNTED ? { kind: 'more than', rows: MOST_COUNTED } : { kind: 'exact', rows: count };
}

async function* recordsOf(pages: ReturnType<typeof allCalls>): AsyncGenerator<readonly LogRecord[]> {
  for await (const { calls } of pages) yield calls.map(callRecord);
}

async function* continued(first: readonly LogRecord[], rest: AsyncIterable<readonly LogRecord[]>): AsyncGenerator<readonly LogRecord[]> {
  yield first;
  for await (const records of rest) {
    yield records;
    // SQLite answers without waiting; others who ask meanwhile get their turn here.
    await nextTurn();
  }
}

/** So many are made text before others who ask get their turn: some 5 ms. */
const PART_ROWS = 100;

/** A block in parts, each in a turn of its own; one without rows, which has a header all the same, is one part. */
export async function* parts(records: readonly LogRecord[]): AsyncGenerator<readonly LogRecord[]> {
  for (let start = 0; start === 0 || start < records.length; start += PART_ROWS) {
    yield records.slice(start, start + PART_ROWS);
    await nextTurn();
  }
}

/** As `X-Estimated-Rows` has it: `1234`, `~1200` for about so many, `>100000` for more. */
export const estimateHeader = ({ kind, rows }: RowEstimate): string => `${kind === 'exact' ? '' : kind === 'about' ? '~' : '>'}${rows}`;
