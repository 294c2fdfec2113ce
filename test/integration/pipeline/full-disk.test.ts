import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import { DiskSpool } from '../../../src/pipeline/disk-spool.js';
import { describeWith } from '../../support/needs.js';
import { TinyDisk } from '../../support/tiny-disk.js';

const never = new AbortController().signal;

describeWith(['mount'], 'a spool whose disk is full', () => {
  let disk: TinyDisk;
  beforeAll(async () => {
    disk = await TinyDisk.mount(8);
  });
  afterAll(() => disk.unmount());

  const open = (): Promise<DiskSpool> => DiskSpool.open({ dir: disk.seenFromHere, pbx: 'lab', maxMb: 64, logger: pino({ level: 'silent' }) });
  const push = (spool: DiskSpool, name: string, from: number, to: number): void => {
    for (let n = from; n < to; n += 1) spool.push({ kind: 'event', event: amiEvent(name, n, new Map([['number', String(n)], ['text', 'x'.repeat(200)]])) });
  };
  async function take(spool: DiskSpool, atLeast: number, signal = never): Promise<number[]> {
    const numbers: number[] = [];
    while (numbers.length < atLeast) {
      const batch = await spool.take(signal);
      if (!batch) break;
      numbers.push(...batch.inputs.flatMap((input) => (input.kind === 'event' ? [Number(input.event.get('number'))] : [])));
    }
    return numbers;
  }
  const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

  it('gives on from memory, in order and once, and puts on disk what still waits when there is room again', async () => {
    let spool = await open();
    push(spool, 'Cdr', 0, 100);
    await spool.flush();
    disk.fill();
    push(spool, 'Cdr', 100, 20_000);
    await spool.flush();
    expect(spool.status()).toMatchObject({ waiting: 20_000, dropped: 0, failing: 'SQLITE_FULL' });
    const first = await take(spool, 3_000);
    expect(first).toEqual(upTo(0, first.length));

    disk.relieve();
    push(spool, 'Cdr', 20_000, 20_001);
    const deadline = Date.now() + 20_000;
    while (spool.status().failing !== null && Date.now() < deadline) await sleep(100);
    await spool.flush();
    expect(spool.status().failing).toBeNull();
    await spool.close();

    // Nothing was forgotten: what was taken comes again, but for what went from memory alone.
    spool = await open();
    const again = await take(spool, Number.POSITIVE_INFINITY, AbortSignal.abort());
    const rest = again.filter((n) => n >= first.length);
    expect(rest).toEqual(upTo(first.length, 20_001));
    expect(again).toEqual([...again].sort((a, b) => a - b));
    await spool.close();
  });

  it('keeps no more in memory than it may, and counts what it leaves out', async () => {
    const spool = await open();
    await take(spool, Number.POSITIVE_INFINITY, AbortSignal.abort());
    disk.fill();
    push(spool, 'ChallengeSent', 0, 400_000);
    await spool.flush();
    const { dropped, waiting, failing } = spool.status();
    expect(failing).toBe('SQLITE_FULL');
    expect(dropped).toBeGreaterThan(100_000);
    expect(dropped + waiting).toBe(400_000);
    push(spool, 'Cdr', 400_000, 400_100);
    const taken = await take(spool, waiting + 100);
    expect(taken.slice(-100)).toEqual(upTo(400_000, 400_100));
    disk.relieve();
    await spool.close();
  });
});
