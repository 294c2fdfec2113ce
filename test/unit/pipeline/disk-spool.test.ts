import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { DiskSpool, type DiskSpoolOptions } from '../../../src/pipeline/disk-spool.js';
import { instantOf } from '../../../src/pipeline/input-codec.js';

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
    await spool.checkpoint(second.seq, 'what translation knows');
    spool.push(event('Cdr', 9_999));
    await spool.flush();
    const { listener } = spool;
    spool = await reopened(spool, dir);
    expect(spool.state).toBe('what translation knows');
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
    expect(inputs[2]).toMatchObject({ at: 12 * SECOND, reason: 'Logbook was killed or its machine went down' });
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

  it('gives space back to the disk once what a long outage left is written', async () => {
    const spool = await spoolIn(folder());
    for (let n = 0; n < 20_000; n += 1) spool.push(event('ChallengeSent', n));
    await spool.flush();
    expect(spool.status().usedMb).toBeGreaterThan(1);
    const { seq } = await takeAll(spool);
    await spool.checkpoint(seq, '');
    expect(spool.status().usedMb).toBeLessThan(0.1);
  });

  it('writes nothing while nothing happens, but a sign of life', async () => {
    const spool = await spoolIn(folder());
    spool.push({ kind: 'connected', at: 0 });
    for (let at = 100 * SECOND; at < 160 * SECOND; at += SECOND / 4) {
      spool.push({ kind: 'tick', at });
      if (at % (2 * SECOND) === 0) spool.push({ kind: 'transport-monitors', connections: [], requestedAt: at, at, baseline: false });
    }
    await sleep(50);
    const { inputs } = await takeAll(spool);
    expect(inputs.length).toBeGreaterThan(10);
    expect(inputs.length).toBeLessThan(18);
  });
});
