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

/** `logbook backfill` of a Master.csv of which the table has every other call, against the same file loaded into a table without keys by the database alone. */
export async function backfilling(store: Store, rows: number): Promise<Figure[]> {
  const to = fromMs(Date.now());
  const calls = (): Generator<NewCdr> => generateCalls(new Company(5_000), rows, to - 60 * DAY, to, seeded(9));
  const folder = tempFolder('bench-backfill');
  const path = join(folder, 'Master.csv');
  await pipeline(csv(calls()), createWriteStream(path));
  const half = await store.another();
  try {
    await bulkInsert(half.database, 'cdr', everyOther(calls()));
    const seconds = await timed(process.execPath, [join(ROOT, 'dist/src/main.js'), 'backfill', '--source', 'csv', '--from', toIso(to - 61 * DAY)], {
      PATH: process.env['PATH'], HOME: folder, DATABASE_URL: half.url, CDR_CSV: path, CDR_CSV_ZONE: 'UTC', PBX_NAME: 'pbx-milan', SPOOL_DIR: join(folder, 'spool'),
    });
    const [counted] = await half.database.knex('cdr').count<{ rows: number | string }[]>({ rows: '*' });
    if (Number(counted?.rows) !== rows) throw new Error(`after the backfill of ${rows} calls the table has ${counted?.rows ?? 0}`);
    const limit = { value: rows / (await loadSeconds(store, path)), is: store.name === 'MariaDB' ? 'LOAD DATA of the file' : '.import of the file' };
    return [{ what: 'backfill of Master.csv, half of it there', database: store.name, value: rows / seconds, unit: 'rows/s', limit, target: ofLimit('at least', 0.3) }];
  } finally {
    await half.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function loadSeconds(store: Store, path: string): Promise<number> {
  const columns = Array.from({ length: 18 }, (_, n) => `c${n} varchar(512)`).join(', ');
  return store.load(`create table staging (${columns})`, path);
}

function* everyOther(calls: Iterable<NewCdr>): Generator<Record<string, string | number>> {
  let n = 0;
  for (const call of calls) if ((n += 1) % 2 === 0) yield databaseRow(call);
}

/** As cdr_csv writes it with `usegmtime` and `loguniqueid`. */
function* csv(calls: Iterable<NewCdr>): Generator<string> {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
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
