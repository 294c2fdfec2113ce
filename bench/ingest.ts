import { setTimeout as sleep } from 'node:timers/promises';
import { intoMysql, intoSqlite, blocksOf, type Insert } from '../test/support/generate/bulk.js';
import type { AmiSource } from './ami-source.js';
import { secondsToRead } from './bare-reader.js';
import { itself, ofLimit, type Figure } from './figure.js';
import { startBenchService } from './service.js';
import { withDriver, type Store } from './stage.js';

const PHONES = 10_000;
/**
 * What the storm becomes: the columns of each table but the id and what the database works out. The PBX lists nobody, so each
 * registration is also kept as one in doubt.
 */
export const STORM_TABLES = ['cdr', 'sip_session', 'socket_use', 'registered_account', 'session_doubt'];
const LONGEST_MS = 600_000;

/** A mixed storm from a socket to committed rows of an empty database, against the rows that it made, inserted by the driver alone. */
export async function ingest(store: Store, source: AmiSource, rows: number): Promise<Figure[]> {
  const rounds = Math.max(1, Math.round(rows / 5 / PHONES / 5));
  const phones = Math.min(PHONES, rows / 25);
  const empty = await store.another();
  // Before the service listens, too.
  const readingS = await secondsToRead(source, phones, rounds);
  const service = await startBenchService(empty.url, source);
  try {
    const began = Date.now();
    const start = performance.now();
    const { events, calls } = await source.storm(phones, rounds);
    for (;;) {
      const [counted] = await empty.database.knex('cdr').count<{ rows: number | string }[]>({ rows: '*' });
      if (Number(counted?.rows) >= calls) break;
      if (performance.now() - start > LONGEST_MS) throw new Error(`after ${LONGEST_MS / 1_000} s only ${counted?.rows ?? 0} of ${calls} calls stand in the table\n${service.log()}`);
      await sleep(50);
    }
    const seconds = (performance.now() - start) / 1_000;
    const { latestMs, peakMb } = service.since(began);
    await service.stop();
    const limit = { value: events / (await bareSeconds(store, empty.database)), is: 'their rows by the driver, 1,000 a statement' };
    return [
      { what: `ingest of ${events} events`, database: store.name, value: events / seconds, unit: 'events/s', limit, target: ofLimit('at least', 0.6) },
      { what: `ingest of ${events} events, beside reading alone`, database: store.name, value: events / seconds, unit: 'events/s', limit: { value: events / readingS, is: 'asterisk-manager alone, which forgets them' }, target: ofLimit('at least', 0.6) },
      { what: 'ingest, longest pause of the reader', database: store.name, value: latestMs, unit: 'ms', limit: null, target: itself('at most', 50) },
      { what: 'ingest, memory', database: store.name, value: peakMb, unit: 'MB', limit: null, target: itself('at most', 250) },
    ];
  } finally {
    await service.stop();
    await empty.close();
  }
}

/** How long a bare loop takes to insert the same rows into the same tables. */
async function bareSeconds(store: Store, filled: Store['database']): Promise<number> {
  const copy = await store.another();
  try {
    let seconds = 0;
    for (const table of STORM_TABLES) {
      const rows = ((await filled.knex(table).orderBy('id')) as Record<string, string | number>[]).map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'id' && !/_reversed$|_host$|_device$|_listed$|^caller_name$/.test(name))));
      seconds += await withDriver(copy.database, async (driver) => {
        const insert: Insert = 'mysql' in driver ? intoMysql(driver.mysql, table) : intoSqlite(driver.sqlite, table);
        const start = performance.now();
        for (const block of blocksOf(rows, 1_000)) await insert(block);
        return (performance.now() - start) / 1_000;
      });
    }
    return seconds;
  } finally {
    await copy.close();
  }
}
