import type { SchemaElement } from 'hyparquet-writer';
// Not by name: Node before 22.15 has none of Zstandard, and reads this file all the same.
import zlib from 'node:zlib';
import type { ColumnType } from '../logs/columns.js';

/** A column of an archive; `isOptional` says of an instant that it may be absent, which the database has as 0. */
export interface ArchiveColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly isOptional: boolean;
}

/** Rows of a row group, or so many characters of them: what is held of a file at a time. */
const GROUP_ROWS = 10_000;
const GROUP_CHARACTERS = 16_000_000;

/** Writes a Parquet file; each call answers its next bytes. */
export interface ParquetFile {
  /** Adds rows, whose values come column by column. */
  add(cells: readonly (readonly unknown[])[]): Promise<Uint8Array<ArrayBuffer>>;
  finish(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A Parquet file of such rows: instants as TIMESTAMP in microseconds of UTC, absent ones null, seconds as
 * INT32, flags as BOOLEAN, all else as STRING; compressed with Zstandard, row group by row group.
 */
export async function parquetWriter(columns: readonly ArchiveColumn[]): Promise<ParquetFile> {
  // Loaded for whoever asks for Parquet alone.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const writer = new ByteWriter();
  const schema: SchemaElement[] = [{ name: 'log', num_children: columns.length }, ...columns.map(elementOf)];
  const parquet = new ParquetWriter({ writer, schema, codec: 'ZSTD', compressors: { ZSTD: (bytes) => zlib.zstdCompressSync(bytes) }, createdBy: 'Logbook for Asterisk' });
  let group = columns.map((): Cell[] => []);
  let characters = 0;

  const taken = (): Uint8Array<ArrayBuffer> => {
    const bytes = Uint8Array.from(writer.getBytes());
    writer.index = 0;
    return bytes;
  };
  const writeGroup = async (): Promise<void> => {
    const rowGroupSize = group[0]?.length ?? 0;
    if (rowGroupSize === 0) return;
    await parquet.write({ columnData: columns.map(({ name }, place) => ({ name, data: group[place] ?? [], offsetIndex: false })), rowGroupSize });
    group = columns.map(() => []);
    characters = 0;
  };
  return {
    async add(cells) {
      for (const [place, column] of columns.entries()) {
        for (const value of cells[place] ?? []) {
          const cell = toParquet(column, value);
          if (typeof cell === 'string') characters += cell.length;
          group[place]?.push(cell);
        }
      }
      if ((group[0]?.length ?? 0) >= GROUP_ROWS || characters >= GROUP_CHARACTERS) await writeGroup();
      return taken();
    },
    async finish() {
      await writeGroup();
      await parquet.finish();
      return taken();
    },
  };
}

const DECOMPRESSORS = { ZSTD: (bytes: Uint8Array): Uint8Array => zlib.zstdDecompressSync(bytes) };
const PARSERS = {
  timestampFromMicroseconds: (micros: bigint): bigint => micros,
  // The library's own leaves out a byte order mark that a text begins with.
  stringFromBytes: (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
};

/** The rows of a Parquet file as the database has them, in texts, `size` at most at a time, a row group held. Throws when it cannot be read. */
export async function* parquetRows(path: string, size: number): AsyncGenerator<{ readonly names: readonly string[]; readonly cells: readonly (readonly string[])[] }, undefined> {
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
    for (let start = 0; start < rows.length; start += size) yield { names, cells: rows.slice(start, start + size).map((row) => row.map(fromParquet)) };
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

type Cell = bigint | number | boolean | string | null;

function toParquet({ type, isOptional }: ArchiveColumn, value: unknown): Cell {
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
