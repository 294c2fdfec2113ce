import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeMonths } from '../../../src/database/partitions.js';
import { AGING_LOGS } from '../../../src/retention/aging-log.js';
import { archivedMonths } from '../../../src/retention/archived-months.js';
import { readArchive, type ArchiveFormat } from '../../../src/retention/archive-file.js';
import { takeLease } from '../../../src/retention/lease.js';
import { restore } from '../../../src/retention/restore.js';
import { retain, type Retained } from '../../../src/retention/retain.js';
import { fromMs, type Micros } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { removeFolder, tempFolder } from '../../support/processes.js';
import { at } from '../web/samples.js';

const NOW = at('2026-03-20T12:00:00Z');
const DAY = fromMs(86_400_000);
/** What a CSV, a shell, a database or a careless number would spoil. */
const NASTY = ['plain', '', ' ', '0039', '1e9', '"', '""', "it's", 'a,b;c\td', 'two\nlines', 'cr\r\nlf', '\r', '\\N', 'NULL', '\u{1F4DE} Grüße \u2028', '\ufeffmark', '=1+1', '\u0001'];

type Row = Readonly<Record<string, string | number>>;

describeEachDatabase('retention', (database) => {
  let archiveDir: string;
  beforeEach(async () => {
    archiveDir = tempFolder('archive');
    for (const table of ['cdr', 'sip_session', 'web_session', 'archived_month', 'setting']) await database().knex(table).delete();
    await makeMonths(database().knex, 'cdr', '2026-01', '2026-05');
  });
  afterEach(() => removeFolder(archiveDir));

  const days = { cdrs: 30, 'sip-sessions': null, 'web-sessions': null };
  let archiveFormat: ArchiveFormat = 'csv';
  const run = (how: { readonly archive?: string | null; readonly now?: Micros; readonly abortAt?: number; readonly onAlive?: () => void } = {}): Promise<Retained | null> => {
    const stop = new AbortController();
    let alive = 0;
    return retain(database(), { days, archiveDir: how.archive === undefined ? archiveDir : how.archive, archiveFormat }, {
      signal: stop.signal,
      clock: () => how.now ?? NOW,
      onAlive: () => {
        alive += 1;
        how.onAlive?.();
        if (alive === how.abortAt) stop.abort();
      },
    });
  };
  const bringBack = (options: { readonly days?: number; readonly signal?: AbortSignal } = {}): Promise<number> =>
    restore(database(), '2026-01', { archiveDir, days: options.days ?? 10, signal: options.signal ?? new AbortController().signal, clock: () => NOW });

  const call = (key: string, callDate: Micros, text = key): Row => ({
    event_key: key, call_date: callDate, answer_date: callDate + 1, end_date: callDate + 2, src: text.slice(0, 80), dst: '0039', caller_id: text, duration: 2, billsec: 1, disposition: 'ANSWERED', asterisk_disposition: 'ANSWERED',
    extra: JSON.stringify({ text }), uniqueid: key, userfield: text, pbx: 'lab',
  });
  const put = async (rows: readonly Row[]): Promise<void> => {
    for (let start = 0; start < rows.length; start += 500) await database().knex('cdr').insert(rows.slice(start, start + 500));
  };
  const january = (count: number): Row[] => Array.from({ length: count }, (_, n) => call(`jan-${n}`, at('2026-01-31T23:00:00Z') + Math.floor(n / 3), NASTY[n % NASTY.length]));
  /** All that makes a row, by its key. */
  const table = async (): Promise<Map<string, Row>> => {
    const rows = (await database().knex('cdr').select()) as Row[];
    return new Map(rows.map((row) => [String(row['event_key']), Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'id').map(([name, value]) => [name, String(value)]))]));
  };
  const keysIn = async (file: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const rows of readArchive(join(archiveDir, file), 100)) keys.push(...rows.map((row) => row['event_key'] ?? ''));
    return keys;
  };
  const files = (): string[] => readdirSync(archiveDir).sort();

  it('knows every column that makes a row', async () => {
    for (const { table: name, columns } of AGING_LOGS) {
      // Columns that the database makes of others cannot be written, and need not be kept.
      const all = Object.keys(await database().knex(name).columnInfo());
      const made = all.filter((column) => !columns.includes(column));
      await expect(database().knex(name).insert(Object.fromEntries([...columns.map((column) => [column, /at$|date$|duration|billsec|reconciled/.test(column) ? 1 : 'x'])])) as Promise<unknown>).resolves.toBeDefined();
      expect(made.filter((column) => !/^id$|_reversed$|_device$|_listed$|^remote_host$|^caller_name$/.test(column))).toEqual([]);
      expect(columns.filter((column) => !all.includes(column))).toEqual([]);
    }
  });

  it('lets whole months leave once their last day is old enough, and only of the logs that have a limit', async () => {
    await put([...january(5), call('feb', at('2026-02-01T00:00:00Z')), call('mar', NOW)]);
    await database().knex('web_session').insert({ event_key: 'w', at: 1, event_type: 'SUCCESS', principal: 'p', ip_address: '', service: 'AMI', pbx: 'lab' });
    expect(await run({ archive: null })).toEqual({ months: 1, rows: 5 });
    expect([...(await table()).keys()].sort()).toEqual(['feb', 'mar']);
    expect(await database().knex('web_session').select('id')).toHaveLength(1);
    expect(await run({ archive: null })).toEqual({ months: 0, rows: 0 });
    expect(await run({ archive: null, now: NOW + 15 * DAY })).toEqual({ months: 1, rows: 1 });
  });

  it('forgets who used which socket as the session log does', async () => {
    const { knex } = database();
    await knex('socket_use').delete();
    const use = (n: number, instant: Micros): Row => ({ event_key: `use-${n}`, pbx: 'lab', transport: 'TLS', remote_address: '10.0.0.1:1', peername: '909', account: '', at: instant, handled: 1 });
    const uses = Array.from({ length: 2_400 }, (_, n) => use(n, at('2026-01-01T00:00:00Z') + n));
    for (let start = 0; start < uses.length; start += 400) await knex('socket_use').insert(uses.slice(start, start + 400));
    await knex('socket_use').insert(use(9_999, NOW));
    const forget = (limit: number | null) => retain(database(), { days: { 'sip-sessions': limit }, archiveDir: null }, { signal: new AbortController().signal, clock: () => NOW });
    await forget(null);
    expect(await knex('socket_use').select('id')).toHaveLength(2_401);
    await forget(30);
    expect(await knex('socket_use').select('event_key')).toEqual([{ event_key: 'use-9999' }]);
  });

  it('writes a month to a file before it goes, and brings it back as it was', async () => {
    await put([...january(4_321), call('mar', NOW)]);
    const before = await table();
    expect(await run()).toEqual({ months: 1, rows: 4_321 });
    expect([...(await table()).keys()]).toEqual(['mar']);
    expect(files()).toEqual(['cdrs-2026-01.csv.gz', 'cdrs-2026-01.csv.gz.sha256']);
    const text = gunzipSync(readFileSync(join(archiveDir, 'cdrs-2026-01.csv.gz'))).toString();
    expect(text).toMatch(/^"?event_key"?,"?call_date"?,/);
    const [month] = await archivedMonths(database().knex);
    expect(month).toMatchObject({ log: 'cdrs', month: '2026-01', part: 1, rows: 4_321, droppedAt: NOW, restoredUntil: null });
    expect(readFileSync(join(archiveDir, 'cdrs-2026-01.csv.gz.sha256'), 'utf8')).toBe(`${month?.sha256 ?? ''}  cdrs-2026-01.csv.gz\n`);

    expect(await bringBack()).toBe(4_321);
    expect(await table()).toEqual(before);
    // Back on purpose, it stays; asked for twice, it is there once.
    expect(await run()).toEqual({ months: 0, rows: 0 });
    expect(await bringBack()).toBe(4_321);
    expect((await table()).size).toBe(4_322);
    // Then it leaves again, into one more file.
    expect(await run({ now: NOW + 11 * DAY })).toEqual({ months: 1, rows: 4_321 });
    expect(files().filter((name) => name.endsWith('.gz'))).toEqual(['cdrs-2026-01-2.csv.gz', 'cdrs-2026-01.csv.gz']);
    expect((await archivedMonths(database().knex)).map(({ restoredUntil }) => restoredUntil)).toEqual([null, null]);
    expect(new Set(await keysIn('cdrs-2026-01-2.csv.gz')).size).toBe(4_321);
  });

  it('writes Parquet when asked to, with instants that other programs know as such, and reads both', async () => {
    await put([...january(4_100), { ...call('unanswered', at('2026-01-05T00:00:00.000001Z')), answer_date: 0, end_date: 0 }]);
    const before = await table();
    archiveFormat = 'parquet';
    try {
      expect(await run()).toEqual({ months: 1, rows: 4_101 });
    } finally {
      archiveFormat = 'csv';
    }
    expect(files()).toEqual(['cdrs-2026-01.parquet', 'cdrs-2026-01.parquet.sha256']);
    const file = await asyncBufferFromFile(join(archiveDir, 'cdrs-2026-01.parquet'));
    const metadata = await parquetMetadataAsync(file);
    expect(metadata.schema.find(({ name }) => name === 'answer_date')).toMatchObject({ type: 'INT64', converted_type: 'TIMESTAMP_MICROS', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } });
    const [first] = await parquetReadObjects({ file, metadata, rowEnd: 1, columns: ['event_key', 'call_date', 'answer_date', 'duration'], compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) } });
    expect(first).toEqual({ event_key: 'unanswered', call_date: new Date('2026-01-05T00:00:00Z'), answer_date: null, duration: 2 });
    await bringBack();
    expect(await table()).toEqual(before);
    // The next part of it is CSV.
    await run({ now: NOW + 11 * DAY });
    expect(await keysIn('cdrs-2026-01-2.csv.gz')).toHaveLength(4_101);
    await bringBack();
    expect(await table()).toEqual(before);
  });

  it('stopped at any step, goes on from there: each row is in one file, and none is lost', async () => {
    for (let step = 1; ; step += 1) {
      for (const name of ['cdr', 'archived_month']) await database().knex(name).delete();
      rmSync(archiveDir, { recursive: true });
      await put(january(3_500));
      const first = await run({ abortAt: step });
      const left = await table();
      if (step % 2 === 0) await put([call('late', at('2026-01-15T00:00:00Z'))]);
      await run();
      await run();
      const kept = (await Promise.all(files().filter((name) => name.endsWith('.csv.gz')).map(keysIn))).flat();
      expect(kept.sort()).toEqual([...january(3_500).map((row) => String(row['event_key'])), ...(step % 2 === 0 ? ['late'] : [])].sort());
      expect((await table()).size).toBe(0);
      if (left.size === 0 && first?.rows === 3_500) {
        expect(step).toBeGreaterThan(4);
        return;
      }
    }
  });

  it('keeps the rows when their month cannot be written', async () => {
    await put(january(3));
    const file = join(archiveDir, 'file');
    writeFileSync(file, '');
    await expect(run({ archive: join(file, 'folder') })).rejects.toThrow(/cdrs: .*ENOTDIR/);
    expect((await table()).size).toBe(3);
    expect(await run()).toEqual({ months: 1, rows: 3 });
  });

  it('goes on in another file when the one it had begun with is damaged or out of reach', async () => {
    await put(january(2_500));
    let left = 2_500;
    for (let step = 1; left === 2_500; step += 1) {
      await run({ abortAt: step });
      left = (await table()).size;
    }
    expect((await archivedMonths(database().knex))[0]).toMatchObject({ droppedAt: null });
    const path = join(archiveDir, 'cdrs-2026-01.csv.gz');
    const whole = readFileSync(path);
    rmSync(path);
    await run();
    // What MariaDB had taken out, and not let go, is in the table again.
    expect(await keysIn('cdrs-2026-01-2.csv.gz')).toHaveLength(database().dialect === 'mysql' ? 2_500 : left);
    expect((await table()).size).toBe(0);
    // The disk is there again.
    writeFileSync(path, whole);
    await bringBack();
    expect((await table()).size).toBe(2_500);
  });

  it('deletes nothing that is not in the file, whatever its id', async () => {
    await put(january(600).map((row, n) => ({ ...row, id: 1_000 + 2 * n })));
    let sly = false;
    // A transaction that took its id before the file was written, and ends after it.
    const late = database().knex;
    let told: Promise<unknown> = Promise.resolve();
    await run({
      onAlive: () => {
        if (sly || files().length < 2) return;
        sly = true;
        told = put([{ ...call('sly', at('2026-01-31T23:00:00Z')), id: 1_001 }]);
      },
    });
    await told;
    expect(sly).toBe(true);
    expect(await late('cdr').select('event_key')).toEqual([{ event_key: 'sly' }]);
    await run();
    expect(await keysIn('cdrs-2026-01-2.csv.gz')).toEqual(['sly']);
  });

  it('loses nothing of a month that is brought back while half of it has left', async () => {
    await put(january(3_000));
    let left = 3_000;
    for (let step = 1; left === 3_000; step += 1) {
      await run({ abortAt: step });
      left = (await table()).size;
    }
    if (database().dialect === 'sqlite') expect(left).toBeGreaterThan(0);
    await bringBack({ days: 1 });
    expect((await table()).size).toBe(3_000);
    for (let hour = 0; hour < 3; hour += 1) await run({ now: NOW + 2 * DAY });
    expect((await table()).size).toBe(0);
    const kept = (await Promise.all(files().filter((name) => name.endsWith('.csv.gz')).map(keysIn))).flat();
    expect(new Set(kept).size).toBe(3_000);
  });

  it('restores nothing from a damaged file, and says which it is', async () => {
    await put(january(30));
    await run();
    const path = join(archiveDir, 'cdrs-2026-01.csv.gz');
    const bytes = readFileSync(path);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(bringBack()).rejects.toThrow(/cdrs-2026-01\.csv\.gz has another checksum/);
    rmSync(path);
    await expect(bringBack()).rejects.toThrow(/is missing/);
    expect((await table()).size).toBe(0);
    await expect(restore(database(), '2025-07', { archiveDir, days: 1, signal: new AbortController().signal, clock: () => NOW })).rejects.toThrow(/2025-07 is not in the archive/);
  });

  it('keeps the file of a month that was only half brought back', async () => {
    await put(january(1_200));
    await run();
    const stop = new AbortController();
    await expect(restore(database(), '2026-01', { archiveDir, days: 1, signal: stop.signal, clock: () => NOW, onProgress: () => stop.abort() })).rejects.toThrow(/stopped before the end/);
    expect((await table()).size).toBe(500);
    expect(await run()).toEqual({ months: 0, rows: 0 });
    await run({ now: NOW + 2 * DAY });
    expect((await table()).size).toBe(0);
    expect(await keysIn('cdrs-2026-01.csv.gz')).toHaveLength(1_200);
    expect(await bringBack()).toBe(1_700);
    expect((await table()).size).toBe(1_200);
  });

  it('is done by one process at a time, and a dead one is relieved', async () => {
    await put(january(1));
    const lease = await takeLease(database(), () => NOW);
    expect(lease).not.toBeNull();
    expect(await run()).toBeNull();
    await expect(bringBack()).rejects.toThrow(/being archived/);
    expect(await run({ now: NOW + DAY })).toEqual({ months: 1, rows: 1 });
    await expect(lease?.release()).rejects.toThrow(/another process/);
  });
});
