import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { DiskSpool, type DiskSpoolOptions } from '../../../src/pipeline/disk-spool.js';
import { instantOf } from '../../../src/pipeline/input-codec.js';
import { SpoolError, SpoolThread } from '../../../src/pipeline/spool-thread.js';

const SECOND = 1_000_000;
const never = new AbortController().signal;
const event = (name: string, at: number): PbxInput => ({ kind: 'event', event: amiEvent(name, at, new Map([['uniqueid', `1.${at}`]])) });

const open: DiskSpool[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((spool) => spool.close()));
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'logbook-spool-'));
  folders.push(dir);
  return dir;
}

async function spoolIn(dir: string, options: Partial<DiskSpoolOptions> = {}): Promise<DiskSpool> {
  const spool = await DiskSpool.open({ dir, pbx: 'lab', maxMb: 64, logger: pino({ level: 'silent' }), ...options });
  open.push(spool);
  return spool;
}

async function reopened(spool: DiskSpool, dir: string): Promise<DiskSpool> {
  await spool.close();
  return spoolIn(dir);
}

async function takeAll(spool: DiskSpool): Promise<{ inputs: PbxInput[]; seq: number }> {
  const stop = AbortSignal.abort();
  const inputs: PbxInput[] = [];
  let seq = 0;
  await spool.flush();
  for (let batch = await spool.take(stop); batch; batch = await spool.take(stop)) {
    inputs.push(...batch.inputs);
    seq = batch.seq;
  }
  return { inputs, seq };
}

describe('the spool', () => {
  it('gives back what went in, in order, and again after a start until it is told to forget', async () => {
    const dir = folder();
    let spool = await spoolIn(dir);
    for (let n = 0; n < 5_000; n += 1) spool.push(event('Cdr', n));
    const first = await takeAll(spool);
    expect(first.inputs.map(instantOf)).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
    spool = await reopened(spool, dir);
    const second = await takeAll(spool);
    expect(second.inputs).toHaveLength(5_000);
    await spool.checkpoint(second.seq, Buffer.from('what translation knows'));
    spool.push(event('Cdr', 9_999));
    await spool.flush();
    const { listener } = spool;
    spool = await reopened(spool, dir);
    expect(spool.state).toEqual(new Uint8Array(Buffer.from('what translation knows')));
    expect(spool.listener).toBe(listener);
    const { inputs } = await takeAll(spool);
    expect(inputs.map(instantOf)).toEqual([9_999]);
    expect(inputs[0]).toMatchObject({ kind: 'event', event: { name: 'Cdr' } });
    expect(inputs[0]?.kind === 'event' && inputs[0].event.get('UniqueID')).toBe('1.9999');
  });

  it('reads on from the disk where a long outage left more than memory keeps', async () => {
    const spool = await spoolIn(folder());
    for (let n = 0; n < 70_000; n += 1) spool.push(event('ChallengeSent', n));
    await spool.flush();
    const seen: number[] = [];
    const stop = new AbortController();
    for (let next = 70_000; seen.length < 71_000; ) {
      // More comes while the old is read.
      for (const until = Math.min(next + 50, 71_000); next < until; next += 1) spool.push(event('Cdr', next));
      const batch = await spool.take(stop.signal);
      seen.push(...(batch?.inputs ?? []).map(instantOf));
    }
    expect(seen).toEqual(Array.from({ length: 71_000 }, (_, n) => n));
    await spool.take(AbortSignal.abort());
    expect(spool.status().waiting).toBe(0);
  });

  it('wakes who waits, by a commit within 50 ms or by the end', async () => {
    const spool = await spoolIn(folder());
    const first = spool.take(never);
    spool.push(event('Cdr', 1));
    expect((await first)?.inputs.map(instantOf)).toEqual([1]);
    const stop = new AbortController();
    const second = spool.take(stop.signal);
    stop.abort();
    expect(await second).toBeNull();
  });

  it('says that a login was cut short, when the process ended without a word', async () => {
    const dir = folder();
    let spool = await spoolIn(dir);
    spool.push({ kind: 'connected', at: 10 * SECOND });
    spool.push(event('Cdr', 12 * SECOND));
    // The file as a kill leaves it: closing says nothing of the login either.
    spool = await reopened(spool, dir);
    const { inputs } = await takeAll(spool);
    expect(inputs.map(({ kind }) => kind)).toEqual(['connected', 'event', 'disconnected']);
    expect(inputs[2]).toMatchObject({ at: 12 * SECOND - 10_000, reason: 'Logbook was killed or its machine went down' });
    spool = await reopened(spool, dir);
    expect((await takeAll(spool)).inputs).toHaveLength(3);
  });

  it('belongs to one process, and to one PBX', async () => {
    const dir = folder();
    const spool = await spoolIn(dir);
    spool.push(event('Cdr', 1));
    await spool.flush();
    await expect(spoolIn(dir)).rejects.toThrow(/in use by another Logbook; give each process a SPOOL_DIR/);
    const other = await spoolIn(dir, { pbx: 'lab/2' });
    expect((await takeAll(other)).inputs).toEqual([]);
    expect(readdirSync(dir).filter((name) => name.endsWith('.spool'))).toEqual(['lab.spool', 'lab_2f2.spool']);
  });

  it('puts a damaged file aside and begins a new one', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'lab.spool'), 'this is no database, but it is long enough to be looked at as if it were one'.repeat(100));
    const spool = await spoolIn(dir);
    spool.push(event('Cdr', 1));
    expect((await takeAll(spool)).inputs).toHaveLength(1);
    expect(readdirSync(dir).some((name) => name.startsWith('lab.spool.damaged-'))).toBe(true);
  });

  it('says what is wrong with a folder that cannot be made', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'file'), '');
    await expect(spoolIn(join(dir, 'file'))).rejects.toThrow(/SPOOL_DIR .* cannot be made .*; name a folder that Logbook may write/);
  });

  it('at its limit leaves out the newest of little value, counts it, and keeps every call', async () => {
    const dir = folder();
    let spool = await spoolIn(dir, { maxMb: 1 });
    for (let n = 0; n < 40_000; n += 1) {
      spool.push(event(n % 10 === 0 ? 'Cdr' : 'ChallengeSent', n));
      if (n % 2_000 === 0) await spool.flush();
    }
    await spool.flush();
    const { dropped } = spool.status();
    expect(dropped).toBeGreaterThan(1_000);
    spool = await reopened(spool, dir);
    const { inputs } = await takeAll(spool);
    const events = inputs.flatMap((input) => (input.kind === 'event' ? [input.event] : []));
    expect(events.filter(({ name }) => name === 'Cdr')).toHaveLength(4_000);
    expect(events).toHaveLength(40_000 - dropped);
    expect(inputs.reduce((sum, input) => sum + (input.kind === 'dropped' ? input.count : 0), 0)).toBe(dropped);
    // The oldest stay.
    expect(events.slice(0, 1_000).map(({ at }) => at)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  });

  it('says that a quarter of its room is in use, so that what is written is forgotten sooner', async () => {
    const spool = await spoolIn(folder(), { maxMb: 4 });
    const crowded = async (): Promise<boolean> => {
      await spool.flush();
      return (await spool.takeStored(never)).crowded;
    };
    spool.push(event('Cdr', 1));
    expect(await crowded()).toBe(false);
    for (let n = 2; n < 20_000; n += 1) spool.push(event('Cdr', n));
    expect(await crowded()).toBe(true);
  });

  it('gives space back to the disk once what a long outage left is written', async () => {
    const spool = await spoolIn(folder());
    for (let n = 0; n < 20_000; n += 1) spool.push(event('ChallengeSent', n));
    await spool.flush();
    expect(spool.status().usedMb).toBeGreaterThan(1);
    const { seq } = await takeAll(spool);
    await spool.checkpoint(seq, new Uint8Array());
    expect(spool.status().usedMb).toBeLessThan(0.1);
  });

  it('writes nothing while nothing happens, but a sign of life', async () => {
    const spool = await spoolIn(folder());
    spool.push({ kind: 'connected', at: 0 });
    for (let at = 100 * SECOND; at < 160 * SECOND; at += SECOND / 4) {
      spool.push({ kind: 'tick', at });
      if (at % (2 * SECOND) === 0) spool.push({ kind: 'transport-monitors', connections: [], requestedAt: at, at, baseline: false });
    }
    await spool.flush();
    const { inputs } = await takeAll(spool);
    expect(inputs.length).toBeGreaterThan(10);
    expect(inputs.length).toBeLessThan(18);
  });
});

/** The real file, but for the disk: that it is full is only said. A real full disk is tried in test/faults. */
class FullDisk extends SpoolThread {
  isFull = false;

  override append(...args: Parameters<SpoolThread['append']>): Promise<number> {
    return this.isFull ? Promise.reject(new SpoolError('SQLITE_FULL', 'database or disk is full')) : super.append(...args);
  }
}

describe('a spool whose disk is full', () => {
  async function onFullDisk(dir: string): Promise<{ spool: DiskSpool; disk: FullDisk }> {
    const made: FullDisk[] = [];
    const spool = await spoolIn(dir, { thread: (path) => made[made.push(new FullDisk(path)) - 1] ?? new FullDisk(path) });
    const [disk] = made;
    if (!disk) throw new Error('no thread was made');
    return { spool, disk };
  }
  const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
  const eventsOf = (inputs: readonly PbxInput[]): number[] => inputs.filter(({ kind }) => kind === 'event').map(instantOf);

  it('gives on from memory, in order and once, and puts on disk what still waits when there is room again', async () => {
    const dir = folder();
    let { spool, disk } = await onFullDisk(dir);
    for (let n = 0; n < 100; n += 1) spool.push(event('Cdr', n));
    await spool.flush();
    disk.isFull = true;
    for (let n = 100; n < 20_000; n += 1) spool.push(event('Cdr', n));
    await spool.flush();
    expect(spool.status()).toMatchObject({ waiting: 20_000, dropped: 0, failing: 'SQLITE_FULL' });
    const first: number[] = [];
    while (first.length < 3_000) first.push(...eventsOf((await spool.take(never))?.inputs ?? []));
    expect(first).toEqual(upTo(0, first.length));

    disk.isFull = false;
    spool.push(event('Cdr', 20_000));
    while (spool.status().failing !== null) await sleep(50);
    await spool.close();
    ({ spool, disk } = await onFullDisk(dir));
    const again = eventsOf((await takeAll(spool)).inputs);
    // What was on disk and not checkpointed comes again; what went from memory alone does not.
    expect(again.filter((n) => n >= first.length)).toEqual(upTo(first.length, 20_001));
    expect(again).toEqual([...new Set(again)].sort((a, b) => a - b));
  });

  it('keeps no more in memory than it may, counts what it leaves out, and no call is among that', async () => {
    const { spool, disk } = await onFullDisk(folder());
    disk.isFull = true;
    for (let n = 0; n < 1_200_000; n += 1) {
      spool.push(event('ChallengeSent', n));
      if (n % 100_000 === 0) await spool.flush();
    }
    for (let n = 0; n < 100; n += 1) spool.push(event('Cdr', 2_000_000 + n));
    await spool.flush();
    const { dropped, waiting } = spool.status();
    expect(dropped).toBeGreaterThan(100_000);
    expect(dropped + waiting).toBe(1_200_100);
    const { inputs } = await takeAll(spool);
    expect(eventsOf(inputs).slice(-100)).toEqual(upTo(2_000_000, 2_000_100));
    disk.isFull = false;
    spool.push(event('ChallengeSent', 3_000_000));
    const noted = [...inputs, ...(await takeAll(spool)).inputs].reduce((sum, input) => sum + (input.kind === 'dropped' ? input.count : 0), 0);
    expect(noted).toBe(dropped);
  });

  it('says loudly what a stop loses, when nothing took it', async () => {
    const dir = folder();
    const said: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => void said.push(line) });
    const made: FullDisk[] = [];
    const spool = await spoolIn(dir, { logger, thread: (path) => made[made.push(new FullDisk(path)) - 1] ?? new FullDisk(path) });
    if (made[0]) made[0].isFull = true;
    for (let n = 0; n < 10; n += 1) spool.push(event('Cdr', n));
    await spool.close();
    expect(said.join('')).toContain('"lost":10');
  });

  it('puts a file aside whose pages are damaged, and begins a new one', async () => {
    const dir = folder();
    const spool = await spoolIn(dir);
    for (let n = 0; n < 4_000; n += 1) spool.push(event('Cdr', n));
    await spool.flush();
    await spool.close();
    const path = join(dir, 'lab.spool');
    const bytes = readFileSync(path);
    // The root page of a table: opening it reads that.
    bytes.fill(7, 4_096, 3 * 4_096);
    writeFileSync(path, bytes);
    const next = await spoolIn(dir);
    next.push(event('Cdr', 1));
    expect((await takeAll(next)).inputs).toHaveLength(1);
    expect(readdirSync(dir).some((name) => name.startsWith('lab.spool.damaged-'))).toBe(true);
  });
});
