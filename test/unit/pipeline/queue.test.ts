import { describe, expect, it } from 'vitest';
import { amiEvent } from '../../../src/ami/event.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { InputQueue } from '../../../src/pipeline/queue.js';

const event = (name: string, at: number): PbxInput => ({ kind: 'event', event: amiEvent(name, at, new Map()) });
const tick = (at: number): PbxInput => ({ kind: 'tick', at });
const never = new AbortController().signal;

const at = (input: PbxInput): number => (input.kind === 'event' ? input.event.at : input.at);

describe('InputQueue', () => {
  it('gives back what went in, in order, in portions', async () => {
    const queue = new InputQueue();
    for (let n = 0; n < 25_000; n += 1) queue.push(event('Cdr', n));
    const taken: number[] = [];
    while (queue.length > 0) taken.push(...(await queue.take(700, never)).map(at));
    expect(taken).toEqual(Array.from({ length: 25_000 }, (_, n) => n));
  });

  it('wakes who waits, by an input or by the end', async () => {
    const queue = new InputQueue();
    const first = queue.take(10, never);
    queue.push(event('Cdr', 1));
    expect((await first).map(at)).toEqual([1]);
    const stop = new AbortController();
    const second = queue.take(10, stop.signal);
    stop.abort();
    expect(await second).toEqual([]);
    expect(await queue.take(10, stop.signal)).toEqual([]);
  });

  it('keeps one of many waiting ticks', async () => {
    const queue = new InputQueue();
    for (const input of [tick(1), tick(2), event('Cdr', 3), tick(4), tick(5)]) queue.push(input);
    expect((await queue.take(10, never)).map(at)).toEqual([2, 3, 5]);
  });

  it('drops the newest of little value at its limit, counts it, and never drops a call or a first listing', async () => {
    const queue = new InputQueue(3);
    const listing: PbxInput = { kind: 'contacts', channelType: 'PJSIP', complete: true, contacts: [], requestedAt: 6, at: 6, baseline: true };
    for (const input of [event('ChallengeSent', 1), event('ChallengeSent', 2), event('ChallengeSent', 3), event('ChallengeSent', 4), event('Cdr', 5), listing, tick(7)]) queue.push(input);
    expect((await queue.take(10, never)).map(at)).toEqual([1, 2, 3, 5, 6]);
    expect(queue.dropped).toBe(1);
  });
});
