import type { SchemaElement } from 'hyparquet-writer';
// Not by name: Node before 22.15 has none of Zstandard, and reads this file all the same.
import zlib from 'node:zlib';
import type { ColumnType, DatabaseRow } from '../logs/columns.js';

/** A column of an archive; `isOptional` says of an instant that it may be absent, which the database has as 0. */
export interface ArchiveColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly isOptional: boolean;
}

/**
 * The bytes of a Parquet file of these rows: instants as TIMESTAMP in microseconds of UTC, absent ones null, seconds as
 * INT32, flags as BOOLEAN, all else as STRING; compressed with Zstandard. Each block is a row group of its own, so that no
 * more than one is held: 2,000 rows take some 25 ms of the thread.
 */
export async function* parquetOf(columns: readonly ArchiveColumn[], blocks: AsyncIterable<readonly DatabaseRow[]>): AsyncGenerator<Uint8Array> {
  // Loaded for whoever asks for Parquet alone.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ByteWriter();
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  const schema: SchemaElement[] = [{ name: 'log', num_children: columns.length }, ...columns.map(elementOf)];
  const parquet = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors: { ZSTD: (bytes) => zlib.zstdCompressSync(bytes) }, createdBy: 'Logbook for Asterisk' });
  for await (const rows of blocks) {
    if (rows.length === 0) continue;
    const columnData = columns.map((column) => ({ name: column.name, data: rows.map((row) => toParquet(column, row[column.name])), offsetIndex: false }));
    await parquet.write({ columnData, rowGroupSize: rows.length });
    yield taken();
  }
  await parquet.finish();
  yield taken();
}

const DECOMPRESSORS = { ZSTD: (bytes: Uint8Array): Uint8Array => zlib.zstdDecompressSync(bytes) };
const PARSERS = {
  timestampFromMicroseconds: (micros: bigint): bigint => micros,
  // The library's own leaves out a byte order mark that a text begins with.
  stringFromBytes: (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
};

/** The rows of a Parquet file as the database has them, in texts, a row group at a time. Throws when it cannot be read. */
export async function* parquetRows(path: string): AsyncGenerator<readonly Record<string, string>[]> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetRead } = await import('hyparquet');
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const names = metadata.schema.slice(1).map(({ name }) => name);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    let rows: readonly (readonly unknown[])[] = [];
    await parquetRead({ file, metadata, rowStart, rowEnd, compressors: DECOMPRESSORS, parsers: PARSERS, onComplete: (read: unknown[][]) => (rows = read) });
    if (rows.length !== rowEnd - rowStart) throw new Error(`${path} lacks rows of its own`);
    yield rows.map((row) => Object.fromEntries(names.map((name, place) => [name, fromParquet(row[place])])));
    rowStart = rowEnd;
  }
}

function elementOf({ name, type, isOptional }: ArchiveColumn): SchemaElement {
  const repetition_type = isOptional ? 'OPTIONAL' : 'REQUIRED';
  switch (type) {
    case 'instant':
    case 'precise-instant':
      return { name, type: 'INT64', converted_type: 'TIMESTAMP_MICROS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' }, repetition_type };
    case 'seconds':
    case 'integer':
      return { name, type: 'INT32', repetition_type };
    case 'flag':
      return { name, type: 'BOOLEAN', repetition_type };
    default:
      return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, repetition_type };
  }
}

function toParquet({ type, isOptional }: ArchiveColumn, value: unknown): bigint | number | boolean | string | null {
  switch (type) {
    case 'instant':
    case 'precise-instant': {
      const at = BigInt(Number(value));
      return isOptional && at === 0n ? null : at;
    }
    case 'seconds':
    case 'integer':
      return Number(value);
    case 'flag':
      return Number(value) !== 0;
    default:
      return String(value);
  }
}

function fromParquet(value: unknown): string {
  if (typeof value === 'string') return value;
  // Of the columns only instants can be absent.
  return String(typeof value === 'bigint' ? value : Number(value ?? 0));
}
