import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CommandError, messageOf } from '../errors.js';
import { fromMs, type Micros } from '../time.js';
import { linesOf } from './csv-lines.js';
import { CsvRecords, type CsvRecord } from './csv-records.js';
import { seekEnded } from './csv-seek.js';
import type { CallSource, SourceBatch, SourceRecord } from './source-call.js';
import type { SourceClock } from './source-clock.js';

export interface CsvSourceOptions {
  /** Of Master.csv. */
  readonly path: string;
  readonly clock: SourceClock;
  /** Calls that began before it are not asked for. */
  readonly from: Micros;
  /** Nor are calls that ended before it: reading begins shortly before the first that did not. */
  readonly endedFrom?: Micros;
  readonly batchSize: number;
}

interface OpenFile {
  readonly name: string;
  readonly handle: FileHandle;
  readonly size: number;
  readonly modified: Micros;
}

const DAY = fromMs(86_400_000);

/**
 * cdr_csv's Master.csv with its rotations beside it, oldest first. Files that were last written a day or more
 * before `from` are left alone: a call stands in a file only after it began.
 * Throws CommandError when there is none that can be opened.
 */
export async function openCsvSource({ path, clock, from, endedFrom, batchSize }: CsvSourceOptions): Promise<CallSource> {
  const notes: string[] = [];
  const failures: string[] = [];
  const files: OpenFile[] = [];
  for (const name of await rotationsOf(path)) {
    if (/\.(bz2|xz|zst)$/.test(name)) {
      failures.push(`${name} is packed in a way that is not read here: unpack it, or pack it with gzip`);
      continue;
    }
    try {
      // All are opened before any is read, so that a rotation meanwhile moves names and not what is read.
      const handle = await open(join(dirname(path), name));
      const { size, mtimeMs } = await handle.stat();
      files.push({ name, handle, size, modified: fromMs(mtimeMs) });
    } catch (error) {
      failures.push(`${name} cannot be opened (${messageOf(error)}): let Logbook read it`);
    }
  }
  files.sort((a, b) => a.modified - b.modified || b.name.localeCompare(a.name, 'en', { numeric: true }));
  const due = files.filter(({ modified }) => modified >= (endedFrom ?? from) - DAY);
  if (files.length === 0) throw new CommandError(`CDR_CSV: ${failures[0] ?? `there is no ${path}; correct the path, or set [csv] in the PBX's cdr.conf`}`, 1);
  if (due.length < files.length) notes.push(`${files.length - due.length} older files were not needed`);
  const total = due.reduce((sum, { size }) => sum + size, 0);
  return {
    name: due.map(({ name }) => name).join(', ') || 'no file of that time',
    clock,
    limits: {},
    notes: clock.note === null ? notes : [...notes, clock.note],
    failures,
    async *batches() {
      let before = 0;
      for (const file of due) {
        const packed = file.name.endsWith('.gz');
        const progress = { read: 0 };
        try {
          const start = endedFrom === undefined || packed ? 0 : await seekEnded(file.handle, file.size, clock.local(endedFrom));
          progress.read = start;
          for await (const records of recordsOf(file, start, batchSize, progress)) {
            yield { records, scope: file.name, done: total === 0 ? 1 : (before + Math.min(progress.read, file.size)) / total } satisfies SourceBatch;
          }
        } catch (error) {
          if (!isReadError(error)) throw error;
          failures.push(`${file.name} breaks off (${messageOf(error)}): what came before is read; look at the file`);
        }
        before += file.size;
      }
    },
    async close() {
      await Promise.all(files.map(({ handle }) => handle.close().catch(() => undefined)));
    },
  };
}

async function rotationsOf(path: string): Promise<string[]> {
  const base = basename(path);
  let names: readonly string[];
  try {
    names = await readdir(dirname(path));
  } catch (error) {
    throw new CommandError(`CDR_CSV: the folder of ${path} cannot be read (${messageOf(error)}); correct the path or its rights`, 1);
  }
  const all = names.filter((name) => name.startsWith(base) && /^([.-]\d[\d.T_-]*)?(\.(gz|bz2|xz|zst))?$/.test(name.slice(base.length)));
  // While a rotation is being packed both stand there, the packed one unfinished.
  return all.filter((name) => !/\.(gz|bz2|xz|zst)$/.test(name) || !all.includes(name.replace(/\.\w+$/, '')));
}

async function* recordsOf(file: OpenFile, start: number, batchSize: number, progress: { read: number }): AsyncGenerator<SourceRecord[]> {
  const records = new CsvRecords();
  let batch: SourceRecord[] = [];
  const named = (record: CsvRecord): SourceRecord => {
    const where = start === 0 ? `${file.name}:${record.line}` : `${file.name}, line ${record.line} after byte ${start}`;
    return 'call' in record ? { kind: 'call', where, call: record.call } : { kind: 'unreadable', where, reason: record.reason };
  };
  // In the middle of a file the first line is the rest of one.
  let rest = start > 0;
  for await (const lines of linesOf(unpacked(file, start, progress))) {
    const whole = rest ? lines.slice(1) : lines;
    rest = false;
    for (const record of records.take(whole)) {
      batch.push(named(record));
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
  }
  for (const record of records.finish()) batch.push(named(record));
  if (batch.length > 0) yield batch;
}

function unpacked(file: OpenFile, start: number, progress: { read: number }): Readable {
  const bytes = file.handle.createReadStream({ autoClose: false, start, highWaterMark: 65_536 });
  bytes.on('data', (chunk) => {
    progress.read += chunk.length;
  });
  bytes.pause();
  const target = file.name.endsWith('.gz') ? createGunzip() : new PassThrough();
  // The error also reaches whoever reads the target, which is where it is handled.
  pipeline(bytes, target, () => undefined);
  return target;
}

function isReadError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|E(IO|ISDIR|ACCES|BADF|OVERFLOW)$)/.test(error.code);
}
