import { open, type FileHandle } from 'node:fs/promises';
import { createdAt } from '../logs/cdr/translate.js';
import { fromSeconds, MICROS_PER_SECOND, parseIso, type Micros } from '../time.js';
import { parseRecord } from './csv-records.js';

const WINDOW = 65_536;
/** Records stand in the order in which calls ended, but for batch mode, and for the hour that autumn repeats. */
const DISORDER: Micros = 3 * 3_600 * MICROS_PER_SECOND;

/**
 * Where in an unpacked Master.csv to begin reading for calls that ended at or after `ended` (the PBX's wall clock read
 * as if it were UTC): a position at or before the first of them. Reads some 64 kB twenty times, whatever the file's size.
 */
export async function seekEnded(handle: FileHandle, size: number, ended: Micros): Promise<number> {
  let [low, high] = [0, size];
  while (high - low > WINDOW) {
    const middle = Math.floor((low + high) / 2);
    const end = await firstEnd(handle, middle);
    if (end !== null && end < ended - DISORDER) low = middle;
    else high = middle;
  }
  return low;
}

/** A call begins no later after its channel was made, as a rule. */
const AFTER_CREATION: Micros = 120 * MICROS_PER_SECOND;

/**
 * When the last call of a Master.csv began, if by its wall clock its last calls began when their unique ids say in UTC
 * that their channels were made: so the PBX was on UTC time then, or `usegmtime` is set. Null also where there is no telling.
 */
export async function lastInUtc(path: string): Promise<Micros | null> {
  const lines = await lastLines(path).catch((): string[] => []);
  let [utc, other, last] = [0, 0, 0];
  for (const line of lines) {
    const record = parseRecord(line);
    const created = 'call' in record ? createdAt(record.call.uniqueid ?? '') : null;
    const start = 'call' in record ? parseIso(record.call.start ?? '') : null;
    if (created === null || start === null) continue;
    if (start >= created && start < created + AFTER_CREATION) {
      utc += 1;
      last = start;
    } else other += 1;
  }
  return utc > other ? last : null;
}

async function lastLines(path: string): Promise<string[]> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return await linesAfter(handle, Math.max(0, size - WINDOW));
  } finally {
    await handle.close();
  }
}

async function linesAfter(handle: FileHandle, position: number): Promise<string[]> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(WINDOW), 0, WINDOW, position);
  const lines = buffer.toString('latin1', 0, bytesRead).split(/\r?\n/);
  return position === 0 ? lines : lines.slice(1);
}

/** When the first record that begins after a position ended; null when none is found near it. */
async function firstEnd(handle: FileHandle, position: number): Promise<Micros | null> {
  for (const line of await linesAfter(handle, position)) {
    const record = parseRecord(line);
    if (!('call' in record)) continue;
    const { start = '', end = '', duration = '0' } = record.call;
    const startedAt = parseIso(start);
    return parseIso(end) ?? (startedAt === null ? null : startedAt + fromSeconds(Number(duration)));
  }
  return null;
}
