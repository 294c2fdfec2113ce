import { reconcile } from '../src/logs/sip-session/reconcile.js';
import { bulkInsert } from '../test/support/generate/bulk.js';
import type { Database } from '../src/database/database.js';
import { itself, type Figure } from './figure.js';
import type { Store } from './stage.js';

const NEW = 1_000;
/** Each new event looks at its neighbours and at what used its socket. */
const MOST_READ = 12;

/** So many in five minutes, and no more than these at once, however many rows the log has. */
const MILLION = 1_000_000;
const A_SECOND = MILLION / 300;

/** Connections that nobody is bound to yet: new ones beside all that are bound, and as many at once as the log has calls. */
export async function reconciliation(store: Store, rows: number): Promise<Figure[]> {
  const few = await bound(store.database, NEW, `few of ${Date.now()}`);
  const empty = await store.another();
  try {
    const count = Math.min(MILLION, Math.max(2_000, 2 * Math.floor(rows / 2)));
    const many = await bound(empty.database, count, 'many');
    const perSecond = NEW / few.seconds;
    const read = (what: string, amount: number | null, events: number): Figure[] => (amount === null ? [] : [{ what, database: store.name, value: amount / events, unit: 'rows', limit: null, target: itself('at most', MOST_READ) }]);
    return [
      { what: `reconciliation of 1,000 events beside ${rows}`, database: store.name, value: perSecond, unit: 'rows/s', limit: { value: count / many.seconds, is: `of ${count} in an empty table` }, target: { measure: 'of limit', bound: 'at least', value: 0.7 } },
      ...read('reconciliation, rows read for each new event', few.read, NEW),
      { what: 'reconciliation of as many unbound events', database: store.name, value: count / many.seconds, unit: 'rows/s', limit: null, target: itself('at least', A_SECOND) },
      ...read('reconciliation, rows read for each of them', many.read, count),
    ];
  } finally {
    await empty.close();
  }
}

async function bound(database: Database, count: number, name: string): Promise<{ readonly seconds: number; readonly read: number | null }> {
  const now = Date.now() * 1_000;
  const at = (n: number): number => now - 3_600_000_000 + n * 1_000;
  const address = (n: number): string => `192.0.${n % 250}.${Math.floor(n / 250) % 250}:${1_024 + (Math.floor(n / 62_500) % 60_000)}`;
  const own = { pbx: 'pbx-milan', transport: 'TLS' };
  await bulkInsert(database, 'socket_use', each(count / 2, (n) => ({ event_key: `${name} use ${n}`, ...own, remote_address: address(n), peername: String(1_000 + (n % 5_000)), account: '', at: at(n) + 10, handled: 1 })));
  await bulkInsert(
    database,
    'sip_session',
    each(count, (i) => {
      const [n, closes] = [Math.floor(i / 2), i % 2 === 1];
      return { event_key: `${name} ${i}`, at: at(n) + (closes ? 20 : 0), event: closes ? 'DISCONNECT' : 'CONNECT', source: 'CLIENT', details: '200 OK', remote_address: address(n), reconciled: 0, binding: 'pending', ...own };
    }),
  );
  const before = await rowsRead(database);
  const start = performance.now();
  const report = await reconcile(database, now);
  const seconds = (performance.now() - start) / 1_000;
  const after = await rowsRead(database);
  if (report.bound !== count) throw new Error(`of ${count} events ${report.bound} were bound`);
  return { seconds, read: before === null || after === null ? null : after - before };
}

function* each<T>(count: number, make: (n: number) => T): Generator<T> {
  for (let n = 0; n < count; n += 1) yield make(n);
}

/** By the whole server, which nobody else uses meanwhile; SQLite counts none. */
async function rowsRead({ knex, dialect }: Database): Promise<number | null> {
  if (dialect === 'sqlite') return null;
  const [rows] = (await knex.raw(`show global status like 'Handler_read%'`)) as [{ Value: string }[]];
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}
