import { createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fromMs, toIso, type Micros } from '../src/time.js';
import { databaseRow } from '../src/logs/cdr/store.js';
import type { NewCdr } from '../src/logs/output.js';
import { bulkInsert } from '../test/support/generate/bulk.js';
import { generateCalls } from '../test/support/generate/calls.js';
import { Company } from '../test/support/generate/company.js';
import { tempFolder } from '../test/support/processes.js';
import { seeded } from '../test/support/random.js';
import { ofLimit, type Figure } from './figure.js';
import { timed, type Store } from './stage.js';

const ROOT = join(import.meta.dirname, '../..');
const DAY = 86_400_000_000;
/** However many rows the other parts have. */
const MOST_LINES = 1_000_000;

/**
 * `logbook backfill` of a Master.csv of which the table has every other call, against the same file loaded into a table without keys by the database
 * alone; and against the new calls alone, ready made, inserted by it into the table with all its indexes.
 */
export async function backfilling(store: Store, calls: number): Promise<Figure[]> {
  const rows = Math.min(calls, MOST_LINES);
  const to = fromMs(Date.now());
  const all = (): Generator<NewCdr> => generateCalls(new Company(5_000), rows, to - 60 * DAY, to, seeded(9));
  const folder = tempFolder('bench-backfill');
  const path = join(folder, 'Master.csv');
  await pipeline(csv(all()), createWriteStream(path));
  const half = await store.another();
  try {
    await bulkInsert(half.database, 'cdr', everyOther(all(), 0));
    const seconds = await timed(process.execPath, [join(ROOT, 'dist/src/main.js'), 'backfill', '--source', 'csv', '--from', toIso(to - 61 * DAY)], {
      PATH: process.env['PATH'], HOME: folder, DATABASE_URL: half.url, CDR_CSV: path, CDR_CSV_ZONE: 'UTC', PBX_NAME: 'pbx-milan', SPOOL_DIR: join(folder, 'spool'),
    });
    const [counted] = await half.database.knex('cdr').count<{ rows: number | string }[]>({ rows: '*' });
    if (Number(counted?.rows) !== rows) throw new Error(`after the backfill of ${rows} calls the table has ${counted?.rows ?? 0}`);
    const limit = { value: rows / (await loadSeconds(store, path)), is: store.name === 'MariaDB' ? 'LOAD DATA of the file' : '.import of the file' };
    const inserts = { value: rows / (await insertSeconds(store, folder, all)), is: store.name === 'MariaDB' ? 'LOAD DATA of its new calls, with indexes' : 'insert … select of its new calls, with indexes' };
    const figure = { database: store.name, value: rows / seconds, unit: 'rows/s', target: ofLimit('at least', 0.3) } as const;
    return [
      { ...figure, what: 'backfill of Master.csv, half of it there', limit },
      { ...figure, what: 'backfill of Master.csv, beside its inserts', limit: inserts },
    ];
  } finally {
    await half.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function loadSeconds(store: Store, path: string): Promise<number> {
  const columns = Array.from({ length: 18 }, (_, n) => `c${n} varchar(512)`).join(', ');
  return store.load(`create table staging (${columns})`, path);
}

/** Into a table as that of the backfill was before it. */
async function insertSeconds(store: Store, folder: string, calls: () => Iterable<NewCdr>): Promise<number> {
  const half = await store.another();
  try {
    await bulkInsert(half.database, 'cdr', everyOther(calls(), 0));
    const path = join(folder, 'new.csv');
    const [first = {}] = everyOther(calls(), 1);
    await pipeline(rowsAsCsv(everyOther(calls(), 1)), createWriteStream(path));
    return await store.insertFile(half.url, 'cdr', Object.keys(first), path);
  } finally {
    await half.close();
  }
}

function* everyOther(calls: Iterable<NewCdr>, which: 0 | 1): Generator<Record<string, string | number>> {
  let n = 0;
  for (const call of calls) if ((n += 1) % 2 === which) yield databaseRow(call);
}

function* rowsAsCsv(rows: Iterable<Record<string, string | number>>): Generator<string> {
  for (const row of rows) yield `${Object.values(row).map((value) => (typeof value === 'number' ? value : quoted(value))).join()}\n`;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** As cdr_csv writes it with `usegmtime` and `loguniqueid`. */
function* csv(calls: Iterable<NewCdr>): Generator<string> {
  const time = (at: Micros | null): string => (at === null ? '' : quoted(toIso(at).slice(0, 19).replace('T', ' ')));
  let text = '';
  for (const call of calls) {
    const { accountcode, src, dst, dcontext, callerId, channel, dstchannel, lastapp, lastdata, callDate, answerDate, endDate, duration, billsec, asteriskDisposition, amaflags, uniqueid, userfield } = call;
    text += `${[accountcode, src, dst, dcontext, callerId, channel, dstchannel, lastapp, lastdata].map(quoted).join(',')},${time(callDate)},${time(answerDate)},${time(endDate)},${duration},${billsec},${[asteriskDisposition, amaflags, uniqueid, userfield].map(quoted).join(',')}\n`;
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  yield text;
}
