import { cdrs } from '../src/logs/cdr/columns.js';
import { allColumns } from '../src/database/page-query.js';
import { which } from '../test/support/processes.js';
import { itself, ofLimit, type Figure } from './figure.js';
import type { BenchService } from './service.js';
import { timed, type Store } from './stage.js';

const PATH = '/cdrs.csv';

/** All calls as CSV over HTTP, against the database's own client. */
export async function csvExport(store: Store, service: BenchService): Promise<Figure[]> {
  const sql = `select ${allColumns(cdrs).join(', ')} from cdr`;
  const clientS = Math.min(await store.client(sql), await store.client(sql));
  // A storm of a run before, in a database that is kept, made more.
  const [counted] = await store.database.knex('cdr').count<{ rows: number | string }[]>({ rows: '*' });
  const rows = Number(counted?.rows);
  const began = Date.now();
  const curl = which('curl');
  // As the database's client it throws away what it reads; Node's own takes a µs for each row.
  const seconds = async (): Promise<number> => (curl === null ? (await service.get(PATH)).ms / 1_000 : timed(curl, ['--silent', '--fail', '--cookie', service.cookie, service.url + PATH]));
  const firstS = await seconds();
  // Its thread has begun.
  const nextS = await seconds();
  const { peakMb, latestMs } = service.since(began);
  const { lines } = await service.get(PATH);
  if (lines !== rows + 1) throw new Error(`the file of ${rows} calls has ${lines} lines`);
  const limit = { value: rows / clientS, is: store.name === 'MariaDB' ? 'mariadb --quick --batch' : 'sqlite3 -csv' };
  return [
    { what: 'CSV of all calls', database: store.name, value: rows / firstS, unit: 'rows/s', limit, target: ofLimit('at least', 0.7) },
    { what: 'CSV of all calls, the next file', database: store.name, value: rows / nextS, unit: 'rows/s', limit, target: ofLimit('at least', 0.7) },
    { what: 'CSV of all calls, memory', database: store.name, value: peakMb, unit: 'MB', limit: null, target: itself('at most', 200) },
    { what: 'CSV of all calls, longest pause', database: store.name, value: latestMs, unit: 'ms', limit: null, target: itself('at most', 50) },
  ];
}
