import type { FileHandle } from 'node:fs/promises';
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

/** When the first record that begins after a position ended; null when none is found near it. */
async function firstEnd(handle: FileHandle, position: number): Promise<Micros | null> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(WINDOW), 0, WINDOW, position);
  for (const line of buffer.toString('latin1', 0, bytesRead).split('\n').slice(1)) {
    const record = parseRecord(line.replace(/\r$/, ''));
    if (!('call' in record)) continue;
    const { start = '', end = '', duration = '0' } = record.call;
    const startedAt = parseIso(start);
    return parseIso(end) ?? (startedAt === null ? null : startedAt + fromSeconds(Number(duration)));
  }
  return null;
}
