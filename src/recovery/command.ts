import type { Knex } from 'knex';
import { DateTime } from 'luxon';
import type { Config } from '../config.js';
import type { Database } from '../database/database.js';
import { CommandError } from '../errors.js';
import { cdrs } from '../logs/cdr/columns.js';
import { monthsAway } from '../retention/archived-months.js';
import { settleGaps } from '../logs/capture-gap/recovery.js';
import { readOffsets } from '../logs/cdr/pbx-offsets.js';
import { fromMs, MICROS_PER_MS, parseIso, type Micros } from '../time.js';
import { progressOn } from '../progress.js';
import { backfill } from './backfill.js';
import { lastInUtc } from './csv-seek.js';
import { openCsvSource } from './csv-source.js';
import { reportText, soFar, type BackfillReport } from './report.js';
import type { CallSource } from './source-call.js';
import { chooseClock } from './source-clock.js';
import { openSqlSource } from './sql-source.js';

export type SourceName = 'csv' | 'sql';

export interface BackfillCommand {
  readonly source: SourceName;
  readonly from: string;
  /** Now, when not given. */
  readonly to?: string;
  /** Also calls of months that lie in the archive. */
  readonly besideArchive?: boolean;
}

/** How many records of a source are read at once: few where AMI is read in the same thread. */
const BATCH = 1_000;
const COMMAND_BATCH = 5_000;
/** On SQLite, while nobody else writes there. */
const COMMAND_TRANSACTION_MS = 400;

/** Checks what was asked for before anything is opened. Throws CommandError with exit code 2 and a next step. */
export function backfillRange(config: Config, command: BackfillCommand): { readonly from: Micros; readonly to: Micros } {
  const from = instant('--from', command.from, config.timeZone);
  const to = command.to === undefined ? fromMs(Date.now()) : instant('--to', command.to, config.timeZone);
  if (from >= to) throw new CommandError('--from must be before --to', 2);
  if (command.source === 'csv' && config.recovery.csv === null) throw new CommandError('--source csv needs CDR_CSV, the path of Master.csv; set it', 2);
  if (command.source === 'sql' && config.recovery.sql === null) throw new CommandError('--source sql needs CDR_SQL_URL, such as mysql://user:password@host:3306/asteriskcdrdb; set it', 2);
  return { from, to };
}

/** Imports, shows how far it is on stderr and what it did on stdout. Throws CommandError (1) when a part could not be read. */
export async function runBackfill(config: Config, database: Database, command: BackfillCommand, signal?: AbortSignal): Promise<BackfillReport> {
  const { from, to } = backfillRange(config, command);
  if (command.besideArchive !== true) await refuseArchived(database.knex, from, to);
  const source = await openSource(config, database.knex, command.source, { from, to }, COMMAND_BATCH);
  const progress = progressOn(process.stderr);
  try {
    const report = await backfill(database, source, { pbx: config.pbxName, from, to, transactionMs: COMMAND_TRANSACTION_MS, onProgress: (report, done) => progress.show(done, () => soFar(report)), ...(signal ? { signal } : {}) });
    progress.end();
    process.stdout.write(reportText(report));
    if (signal?.aborted === true) throw new CommandError('stopped before the end; what was read is written, run this again for the rest', 1);
    if (report.failures.length > 0) throw new CommandError('a part of the source could not be read, see above; put it right and run this again', 1);
    await settleGaps(database.knex, config.pbxName, from, to, `imported by logbook backfill from ${report.source}`);
    return report;
  } finally {
    progress.end();
    await source.close();
  }
}

/** An import does not see the calls of a month that has left, and would write them a second time. */
async function refuseArchived(knex: Knex, from: Micros, to: Micros): Promise<void> {
  const months = await monthsAway(knex, cdrs.name, from, to, fromMs(Date.now()));
  if (months.length === 0) return;
  const [first = ''] = months;
  throw new CommandError(`calls of ${months.join(', ')} lie in the archive and would be written a second time; bring them back first (logbook archive restore ${first}), choose other times, or say --beside-archive`, 2);
}

export interface WantedCalls {
  readonly from: Micros;
  readonly to: Micros;
  readonly endedFrom?: Micros;
}

/**
 * The source that the settings describe, for calls that began in `[from, to)` and had not ended before `endedFrom`.
 * Throws CommandError when it cannot be read at all, or when nothing tells the zone of its times.
 */
export async function openSource(config: Pick<Config, 'recovery' | 'pbxName' | 'timeZone'>, knex: Knex, name: SourceName, wanted: WantedCalls, batchSize = BATCH): Promise<CallSource> {
  const { recovery, timeZone } = config;
  const known = await readOffsets(knex, config.pbxName);
  if (name === 'csv' && recovery.csv) {
    const { path, zone } = recovery.csv;
    return openCsvSource({ path, clock: chooseClock({ setting: 'CDR_CSV_ZONE', zone, utcAt: zone === null ? await lastInUtc(path) : null, timeZone, known, ...wanted }), ...wanted, batchSize });
  }
  if (name === 'sql' && recovery.sql) {
    const { url, table, zone } = recovery.sql;
    return openSqlSource({ url, table, clock: chooseClock({ setting: 'CDR_SQL_ZONE', zone, utcAt: null, timeZone, known, ...wanted }), ...wanted, batchSize });
  }
  throw new CommandError(`--source ${name} is not set up; set ${name === 'csv' ? 'CDR_CSV' : 'CDR_SQL_URL'}`, 2);
}

/** ISO 8601; a text that names no zone is wall-clock time of TIME_ZONE, as the console shows it. */
function instant(option: string, text: string, zone: string): Micros {
  const wall = DateTime.fromISO(text.trim().replace(' ', 'T'), { zone });
  if (parseIso(text) === null || !wall.isValid) throw new CommandError(`${option} must be ISO 8601, such as 2026-05-01 or 2026-05-01T08:30:00+02:00`, 2);
  return wall.toMillis() * MICROS_PER_MS;
}
