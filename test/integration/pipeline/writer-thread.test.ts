import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import BetterSqlite3 from 'better-sqlite3';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import { openDatabase, type Database } from '../../../src/database/database.js';
import { translateCdr } from '../../../src/logs/cdr/translate.js';
import type { Output } from '../../../src/logs/output.js';
import { isAboutTheRow } from '../../../src/pipeline/row-errors.js';
import { WriterThread } from '../../../src/pipeline/writer-thread.js';
import { built } from '../../support/logbook.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const call = (n: number): Extract<Output, { kind: 'cdr' }> => ({
  kind: 'cdr',
  row: translateCdr('lab', amiEvent('Cdr', 1_795_369_894_000_000 + n, new Map([['uniqueid', `1795369894.${n}`], ['starttime', '2026-11-22 18:00:00'], ['duration', '5']])), null),
});

describe('the thread that writes to SQLite', () => {
  const folder = tempFolder('writer');
  const path = join(folder, 'logbook.sqlite');
  const data = { databaseUrl: `sqlite:${path}`, listener: 'a listener' };
  const module = pathToFileURL(join(import.meta.dirname, '../../../dist/src/pipeline/writer-worker.js'));
  let database: Database;
  let writer: WriterThread;

  beforeAll(async () => {
    await built();
    database = openDatabase(data.databaseUrl);
    await database.migrate();
    writer = new WriterThread(database, data, module);
  });
  afterAll(async () => {
    await writer.close();
    await database.close();
    removeFolder(folder);
  });

  const calls = async (): Promise<number> => Number((await database.knex('cdr').count<{ rows: number }[]>({ rows: '*' }))[0]?.rows);

  it('writes what the process then reads, and the same again is the same rows', async () => {
    const batch = Array.from({ length: 1_000 }, (_, n) => call(n));
    expect(await writer.write(batch)).toBe(0);
    await writer.write(batch);
    expect(await calls()).toBe(1_000);
  });

  it('says of a row that no retry can mend that it is the row, and writes nothing of its batch', async () => {
    const bad: Output = { kind: 'cdr', row: { ...call(2_000).row, duration: Number.NaN } };
    const error: unknown = await writer.write([call(2_001), bad]).catch((reason: unknown) => reason);
    expect(isAboutTheRow(error)).toBe(true);
    expect(await calls()).toBe(1_000);
    await writer.write([call(2_001)]);
    expect(await calls()).toBe(1_001);
  });

  it('waits while another process has the right to write, and lets this one read meanwhile', async () => {
    const other = new BetterSqlite3(path);
    other.exec('begin immediate');
    const done = { written: false };
    const written = writer.write([call(3_000)]).then(() => (done.written = true));
    await sleep(300);
    expect(await calls()).toBe(1_001);
    expect(done.written).toBe(false);
    other.exec('commit');
    await written;
    expect(await calls()).toBe(1_002);
    other.close();
  });

  it('is started anew when it died, and what it was asked then is an error of no row', async () => {
    const dying = new WriterThread(database, data, new URL('data:text/javascript,process.exit(3)'));
    for (let n = 0; n < 2; n += 1) {
      const error: unknown = await dying.write([call(4_000)]).catch((reason: unknown) => reason);
      expect(String(error)).toContain('ended (3)');
      expect(isAboutTheRow(error)).toBe(false);
    }
    // Nobody waits for a connection that it took along.
    expect(await calls()).toBe(1_002);
  });
});
