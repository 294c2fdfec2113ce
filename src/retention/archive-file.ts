import { Parser } from '@json2csv/plainjs';
import { parse } from 'csv-parse';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { DatabaseRow } from '../logs/columns.js';
import type { ArchiveColumn } from './archive-parquet.js';
import { countParquet, parquetBlocks, parquetOf } from './parquet-thread.js';

/** What is known of a file once it is on the disk: enough to tell later whether it is whole. */
export interface FileFacts {
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
}

/** Called again and again while a file is read, which may take long; what it throws ends the reading. */
export type Alive = () => Promise<void>;

const EOL = '\r\n';

export const ARCHIVE_FORMATS = ['csv', 'parquet'] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/**
 * Writes rows as its name says: Parquet, or gzip-compressed CSV (RFC 4180, UTF-8, a header, the database's own values). It
 * has its final name only when it is whole and on the disk, with `NAME.sha256` beside it for `sha256sum --check`.
 * What is read back from the disk must be what was written; throws when it is not, or the folder cannot be written.
 */
export async function writeArchive(path: string, columns: readonly ArchiveColumn[], blocks: AsyncIterable<readonly DatabaseRow[]>, alive: Alive = () => Promise.resolve()): Promise<FileFacts> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const partial = `${path}.partial`;
  const written = createHash('sha256');
  let rows = 0;
  const counted = async function* (): AsyncGenerator<readonly DatabaseRow[]> {
    for await (const block of blocks) {
      rows += block.length;
      yield block;
    }
  };
  const counting = new Transform({
    transform(chunk: Buffer, _, done) {
      written.update(chunk);
      done(null, chunk);
    },
  });
  try {
    const file = createWriteStream(partial, { mode: 0o600, flush: true });
    if (isParquet(path)) await pipeline(Readable.from(parquetOf(columns, counted())), counting, file);
    else await pipeline(Readable.from(csvOf(columns, counted())), createGzip(), counting, file);
    const sha256 = written.digest('hex');
    const facts = { sha256, bytes: (await stat(partial)).size, rows };
    await check(partial, facts, alive);
    await writeFile(`${path}.sha256`, `${sha256}  ${path.slice(dirname(path).length + 1)}\n`, { mode: 0o600, flush: true });
    await rename(partial, path);
    await syncFolder(dirname(path));
    return facts;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function* csvOf(columns: readonly ArchiveColumn[], blocks: AsyncIterable<readonly DatabaseRow[]>): AsyncGenerator<string> {
  const fields = columns.map(({ name }) => name);
  yield fields.join(',') + EOL;
  const parser = new Parser<DatabaseRow, DatabaseRow>({ fields, header: false, eol: EOL });
  for await (const block of blocks) if (block.length > 0) yield parser.parse([...block]) + EOL;
}

const isParquet = (path: string): boolean => path.endsWith('.parquet') || path.endsWith('.parquet.partial');

/** Whether the file is what it was; answers what is wrong with it in a few words, null when nothing is. */
export async function faultOf(path: string, { sha256, bytes }: Pick<FileFacts, 'sha256' | 'bytes'>, alive: Alive = () => Promise.resolve()): Promise<string | null> {
  try {
    const { size } = await stat(path);
    if (size !== bytes) return `has ${size} bytes instead of ${bytes}`;
    return (await checksumOf(path, alive)) === sha256 ? null : 'has another checksum than when it was written';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'is missing' : 'cannot be read';
  }
}

/** The rows of an archive in blocks; values are texts, which the database makes numbers of. Throws when the file is damaged. */
export function readArchive(path: string, size: number): AsyncGenerator<readonly Record<string, string>[]> {
  return isParquet(path) ? parquetBlocks(path, size) : readCsv(path, size);
}

async function* readCsv(path: string, size: number): AsyncGenerator<readonly Record<string, string>[]> {
  const parser = parse({ columns: true, bom: true, record_delimiter: EOL });
  const reading = pipeline(createReadStream(path), createGunzip(), parser);
  // Its failure is thrown below, or by the loop; whichever is first must not leave the other unheard.
  reading.catch(() => undefined);
  let block: Record<string, string>[] = [];
  for await (const record of parser as AsyncIterable<Record<string, string>>) {
    block.push(record);
    if (block.length < size) continue;
    yield block;
    block = [];
  }
  await reading;
  if (block.length > 0) yield block;
}

async function check(path: string, facts: FileFacts, alive: Alive): Promise<void> {
  const fault = await faultOf(path, facts, alive);
  const rows = fault === null ? await countRows(path, alive) : 0;
  if (fault !== null || rows !== facts.rows) throw new Error(`${path} ${fault ?? `has ${rows} rows instead of ${facts.rows}`}; is its disk sound?`);
}

/** Reads each of them. */
async function countRows(path: string, alive: Alive): Promise<number> {
  if (isParquet(path)) return countParquet(path, alive);
  let rows = 0;
  for await (const block of readCsv(path, 1_000)) {
    rows += block.length;
    await alive();
  }
  return rows;
}

async function checksumOf(path: string, alive: Alive): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    await alive();
  }
  return hash.digest('hex');
}

/** A rename is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Where a month of a log lies: its first part, and parts of what came later. */
export const archivePath = (folder: string, file: string): string => join(folder, file);
export const archiveName = (log: string, month: string, part: number, format: ArchiveFormat): string => `${log}-${month}${part === 1 ? '' : `-${part}`}.${format === 'parquet' ? 'parquet' : 'csv.gz'}`;
