import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** Of nineteen: a tenth of what a thread gets that stands at none. */
const NICENESS = 10;

/** Lets every other thread of this process go before the one that calls, which needs no right. Linux alone knows threads that differ; elsewhere nothing changes. */
export function standBack(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
  } catch {
    // Nobody depends on it.
  }
}
