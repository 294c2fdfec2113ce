import knex, { type Knex } from 'knex';
import { SILENT } from '../database/database.js';
import { mysqlConnection } from '../database/mysql-connection.js';
import { CommandError, messageOf } from '../errors.js';
import { fromMs, toIso, type Micros } from '../time.js';
import type { CallSource, Field, FieldLimits, SourceCall, SourceRecord } from './source-call.js';
import type { SourceClock } from './source-clock.js';

export interface SqlSourceOptions {
  readonly url: string;
  /** `cdr` or `database.cdr`. */
  readonly table: string;
  readonly clock: SourceClock;
  readonly from: Micros;
  readonly to: Micros;
  readonly batchSize: number;
}

/** Under which names tables keep a field; the first that is there is taken. */
const NAMES: Readonly<Record<Field, readonly string[]>> = {
  start: ['calldate', 'start', 'start_time', 'starttime'],
  answer: ['answer', 'answerdate', 'answer_time', 'answertime'],
  end: ['end', 'enddate', 'end_time', 'endtime', 'hangupdate'],
  clid: ['clid', 'callerid'],
  src: ['src', 'source'],
  dst: ['dst', 'destination'],
  dcontext: ['dcontext', 'context'],
  channel: ['channel'],
  dstchannel: ['dstchannel', 'dst_channel'],
  lastapp: ['lastapp'],
  lastdata: ['lastdata'],
  duration: ['duration'],
  billsec: ['billsec'],
  disposition: ['disposition'],
  amaflags: ['amaflags'],
  accountcode: ['accountcode'],
  uniqueid: ['uniqueid'],
  userfield: ['userfield'],
  peeraccount: ['peeraccount'],
  linkedid: ['linkedid'],
  sequence: ['sequence'],
};
const NEEDED: readonly Field[] = ['start', 'src', 'dst', 'channel', 'duration', 'disposition'];
/** The texts that tell one call from another; a table that lacks one of them cannot be asked about it. */
const TELLING: readonly Field[] = ['dstchannel', 'dcontext', 'lastapp', 'uniqueid'];

type Row = Readonly<Record<string, unknown>>;
type Columns = ReadonlyMap<Field, string>;

/** Two hours and more than any clock is ever put forward or back. */
const MARGIN_HOURS = 3;

/**
 * A CDR table in MariaDB or MySQL, as cdr_adaptive_odbc, cdr_odbc and FreePBX fill it.
 * Throws CommandError when it cannot be read, or lacks a column without which nothing can be told.
 */
export async function openSqlSource(options: SqlSourceOptions): Promise<CallSource> {
  const db = connect(options.url);
  try {
    const described = await show(db, 'show columns from ??', options.table);
    const columns = columnsOf(described);
    const missing = NEEDED.filter((field) => !columns.has(field));
    if (missing.length > 0) throw new CommandError(`CDR_SQL_TABLE: ${options.table} has no column for ${missing.join(', ')}; name the table that the PBX writes its calls to`, 1);
    const start = columns.get('start') ?? '';
    const indexed = (await show(db, 'show index from ??', options.table)).some((row) => text(row['Column_name']).toLowerCase() === start.toLowerCase() && Number(row['Seq_in_index']) === 1);
    return {
      name: `table ${options.table}`,
      clock: options.clock,
      limits: limitsOf(described, columns),
      notes: [...(indexed ? [] : [`the table has no index that begins with ${start}, so each page reads all of it: CREATE INDEX logbook ON ${options.table} (${start})`]), ...(options.clock.note === null ? [] : [options.clock.note])],
      failures: [],
      batches: () => batches(db, columns, options),
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy();
    throw explained(error, options.table);
  }
}

function connect(url: string): Knex {
  return knex({
    client: 'mysql2',
    // The wall clock's digits as Asterisk wrote them; this program's own zone has no say.
    connection: { ...mysqlConnection(url), dateStrings: true },
    log: SILENT,
    pool: { min: 0, max: 1 },
    acquireConnectionTimeout: 10_000,
  });
}

/**
 * Pages by the start alone, which is what tables have an index on; rows of a page's last second are left to the
 * next page, so that none is skipped and none comes twice however many begin at once.
 */
async function* batches(db: Knex, columns: Columns, options: SqlSourceOptions): ReturnType<CallSource['batches']> {
  const start = columns.get('start') ?? '';
  const until = wall(options.clock.local(options.to), MARGIN_HOURS);
  const first = wall(options.clock.local(options.from), -MARGIN_HOURS);
  const span = Math.max(1, clockMs(until) - clockMs(first));
  const page = (): Knex.QueryBuilder => db(options.table).select([...columns.values()]);
  const startOf = (row: Row): string => text(row[start]);
  const batch = (rows: readonly Row[], last: string): { records: SourceRecord[]; done: number; scope: string } => ({
    records: rows.map((row) => ({ kind: 'call', where: `${options.table} ${startOf(row)} ${text(row[columns.get('uniqueid') ?? ''])}`.trim(), call: callOf(row, columns) })),
    done: Math.min(1, Math.max(0, (clockMs(last) - clockMs(first)) / span)),
    scope: options.table,
  });
  let from = first;
  try {
    for (;;) {
      const rows = (await page().where(start, '>=', from).where(start, '<', until).orderBy(start).limit(options.batchSize)) as Row[];
      const last = rows.at(-1);
      if (!last) return;
      if (rows.length < options.batchSize) {
        yield batch(rows, until);
        return;
      }
      const border = startOf(last);
      const whole = rows.filter((row) => startOf(row) !== border);
      if (whole.length > 0) {
        yield batch(whole, border);
        from = border;
        continue;
      }
      // More calls than a page holds began in one second.
      yield batch((await page().where(start, border)) as Row[], border);
      const [next] = (await page().where(start, '>', border).where(start, '<', until).orderBy(start).limit(1)) as Row[];
      if (!next) return;
      from = startOf(next);
    }
  } catch (error) {
    throw explained(error, options.table);
  }
}

async function show(db: Knex, sql: string, table: string): Promise<readonly Row[]> {
  const answer: unknown = await db.raw(sql, [table]);
  return Array.isArray(answer) && Array.isArray(answer[0]) ? (answer[0] as readonly Row[]) : [];
}

function columnsOf(described: readonly Row[]): Columns {
  const there = new Map(described.map((row) => [text(row['Field']).toLowerCase(), text(row['Field'])]));
  const columns = new Map<Field, string>();
  for (const [field, names] of Object.entries(NAMES) as [Field, readonly string[]][]) {
    const name = names.find((candidate) => there.has(candidate));
    if (name !== undefined) columns.set(field, there.get(name) ?? name);
  }
  return columns;
}

function limitsOf(described: readonly Row[], columns: Columns): FieldLimits {
  const limits: Partial<Record<Field, number>> = {};
  for (const field of TELLING) if (!columns.has(field)) limits[field] = 0;
  for (const [field, name] of columns) {
    const length = /char\((\d+)\)/i.exec(text(described.find((row) => row['Field'] === name)?.['Type']))?.[1];
    if (length !== undefined) limits[field] = Number(length);
  }
  return limits;
}

function callOf(row: Row, columns: Columns): SourceCall {
  const call: Partial<Record<Field, string>> = {};
  for (const [field, name] of columns) {
    const value = row[name];
    // NULL in a time column is a call that was not answered; in any other it is an empty text.
    call[field] = value === null ? '' : text(value);
  }
  return call;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : Buffer.isBuffer(value) ? value.toString('utf8') : '');
const wall = (local: Micros, hours: number): string => toIso(local + fromMs(hours * 3_600_000)).slice(0, 19).replace('T', ' ');
const clockMs = (local: string): number => Date.parse(`${local.replace(' ', 'T')}Z`);

/** What the other database said, in one line with a next step; the settings of our own have other names. */
function explained(error: unknown, table: string): unknown {
  if (error instanceof CommandError || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const step =
    code === 'ER_NO_SUCH_TABLE' || code === 'ER_BAD_DB_ERROR' ? `there is no table ${table}; correct CDR_SQL_TABLE or the database in CDR_SQL_URL`
    : code === 'ER_TABLEACCESS_DENIED_ERROR' ? `the user may not read ${table}; GRANT SELECT on it`
    : /ACCESS_DENIED/.test(code) ? 'the user or the password is refused; correct CDR_SQL_URL'
    : /^(ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|EAI_AGAIN)$/.test(code) ? 'nothing answers there; start the database or correct CDR_SQL_URL'
    : `the table could not be read on (${messageOf(error)}); what came before is written, run this again`;
  return new CommandError(`CDR_SQL_URL: ${step}`, 1);
}
