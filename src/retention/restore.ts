import { monthsCover } from '../database/cover-months.js';
import type { Database } from '../database/database.js';
import { takeTurns } from '../database/turns.js';
import { letOthersWrite, writing } from '../database/writing.js';
import { CommandError } from '../errors.js';
import { rangeChanged } from '../logs/statistics/summaries.js';
import { fromMs, type Micros } from '../time.js';
import { AGING_LOGS } from './aging-log.js';
import { archivePath, faultOf, readArchive } from './archive-file.js';
import { archivedMonths, markRestored } from './archived-months.js';
import { takeLease } from './lease.js';
import { rangeOf, type Month } from '../month.js';

const BATCH = 500;

export interface RestoreOptions {
  readonly archiveDir: string;
  /** All logs, when not given. */
  readonly log?: string;
  /** How long the rows stay before they leave again. */
  readonly days: number;
  readonly signal: AbortSignal;
  readonly clock: () => Micros;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Brings an archived month back into its tables, where its rows stay for so many days; rows that are there stay as they
 * are. Checks every file first. Answers how many rows the files hold. Throws CommandError when there is no such month,
 * when a file is damaged, and while rows are being archived.
 */
export async function restore(database: Database, month: Month, { archiveDir, log, days, signal, clock, onProgress }: RestoreOptions): Promise<number> {
  const { knex } = database;
  const lease = await takeLease(database, clock);
  if (!lease) throw new CommandError('months are being archived at the moment; try again in some minutes', 1);
  try {
    const parts = await archivedMonths(knex, { month, ...(log === undefined ? {} : { log }) });
    if (parts.length === 0) throw new CommandError(`${month} is not in the archive${log === undefined ? '' : ` of ${log}`}; logbook archive list shows what is`, 3);
    for (const { file, ...facts } of parts) {
      const fault = await faultOf(archivePath(archiveDir, file), facts, () => lease.hold());
      if (fault !== null) throw new CommandError(`${archivePath(archiveDir, file)} ${fault}; bring it back from a copy, nothing was restored`, 1);
    }
    const ids = parts.map(({ id }) => id);
    const until = clock() + days * fromMs(86_400_000);
    const of = parts.reduce((sum, { rows }) => sum + rows, 0);
    let done = 0;
    // First of all: what comes back must not leave at once.
    await writing(database, (trx) => markRestored(trx, ids, until));
    for (const part of parts) {
      const aging = AGING_LOGS.find(({ name }) => name === part.log);
      if (aging === undefined) throw new CommandError(`${part.file} is of a log that this version does not have: ${part.log}`, 1);
      await monthsCover(database, aging.table)([rangeOf(month).from]);
      for await (const rows of readArchive(archivePath(archiveDir, part.file), BATCH)) {
        if (signal.aborted) throw new CommandError('stopped before the end; run this again for the rest', 1);
        await lease.hold();
        const before = performance.now();
        await writing(database, async (trx) => {
          await takeTurns(trx, rows.map(({ pbx = '' }) => pbx));
          await aging.insert(trx, rows);
          await rangeChanged(trx, aging.table, rangeOf(month));
        });
        done += rows.length;
        onProgress?.(done, of);
        await letOthersWrite(database, performance.now() - before);
      }
    }
    return done;
  } finally {
    await lease.release();
  }
}
