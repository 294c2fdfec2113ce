import type { Knex } from 'knex';
import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import { CommandError } from '../errors.js';
import { progressOn } from '../progress.js';
import { fromMs, toIso, type Micros } from '../time.js';
import { archivePath, faultOf } from './archive-file.js';
import { archivedMonths, type ArchivedMonth } from './archived-months.js';
import { isMonth } from '../month.js';
import { restore } from './restore.js';

export interface RestoreCommand {
  readonly log?: string;
  readonly days: string;
}

const NO_FOLDER = 'ARCHIVE_DIR is not set; set it to the folder where the months lie';
const MOST_DAYS = 3_650;

/** Prints the archive on stdout, a line a part; false when a file that was checked is not what it was. Throws CommandError without a folder to look into. */
export async function listArchive(knex: Knex, archiveDir: string | null, check: boolean): Promise<boolean> {
  if (check && archiveDir === null) throw new CommandError(NO_FOLDER, 2);
  const months = await archivedMonths(knex);
  if (months.length === 0) process.stdout.write('the archive is empty\n');
  let sound = true;
  for (const month of months) {
    const fault = check && archiveDir !== null ? await faultOf(archivePath(archiveDir, month.file), month) : null;
    if (fault !== null) sound = false;
    process.stdout.write(`${month.month}  ${month.log.padEnd(12)}  ${String(month.rows).padStart(10)} rows  ${size(month.bytes).padStart(9)}  ${month.file}  ${where(month, fromMs(Date.now()))}${check ? `, ${fault ?? 'sound'}` : ''}\n`);
  }
  return sound;
}

/** Brings a month back, and shows how far it is on stderr. Throws CommandError for a wrong month or number of days, and as `restore` does. */
export async function restoreMonth(config: Pick<Config, 'retention'>, database: Database, month: string, command: RestoreCommand, signal: AbortSignal): Promise<void> {
  const { archiveDir } = config.retention;
  if (!isMonth(month)) throw new CommandError(`the month must be written 2026-05, not ${month}`, 2);
  const days = /^\d{1,4}$/.test(command.days) ? Number(command.days) : 0;
  if (days < 1 || days > MOST_DAYS) throw new CommandError(`--days must be a number from 1 to ${MOST_DAYS}, not ${command.days}`, 2);
  if (archiveDir === null) throw new CommandError(NO_FOLDER, 2);
  const progress = progressOn(process.stderr);
  try {
    const rows = await restore(database, month, {
      archiveDir,
      days,
      signal,
      clock: () => fromMs(Date.now()),
      ...(command.log === undefined ? {} : { log: command.log }),
      onProgress: (done, of) => progress.show(of === 0 ? 1 : done / of, () => `${done} of ${of} rows`),
    });
    progress.end();
    process.stdout.write(`${month} is back for ${days} days: ${rows} ${rows === 1 ? 'row' : 'rows'}\n`);
  } finally {
    progress.end();
  }
}

function where({ droppedAt, restoredUntil, archivedAt }: ArchivedMonth, now: Micros): string {
  const day = (at: Micros): string => toIso(at).slice(0, 10);
  if (droppedAt === null) return `written ${day(archivedAt)}, its rows are leaving`;
  return restoredUntil !== null && restoredUntil > now ? `back until ${day(restoredUntil)}` : `archived ${day(archivedAt)}`;
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
