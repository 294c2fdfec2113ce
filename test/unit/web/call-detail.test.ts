import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../../src/logs/sip-session/around.js';
import { standings } from '../../../src/web/call-detail.js';
import { clockTicks, elapsedTicks, scaleOf } from '../../../src/web/timeline.js';
import { english } from '../../../src/web/language.js';
import { readerZone } from '../../../src/web/zone.js';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { at, sipSession } from '../../integration/web/samples.js';

const event = (timestamp: number, standing: SessionEvent['standing']): SessionEvent => ({ row: { id: timestamp, ...sipSession({ timestamp }) }, standing });
const WINDOW = { from: 100, to: 200 };

describe('how an account stood in a window', () => {
  it.each([
    ['nothing is told', null, [], { onLine: [], offLine: [] }],
    ['it was on line before', event(1, 'on'), [], { onLine: [WINDOW], offLine: [] }],
    ['it was off line before, and came', event(1, 'off'), [event(150, 'on')], { onLine: [{ from: 150, to: 200 }], offLine: [{ from: 100, to: 150 }] }],
    ['it refreshed, and left', event(1, 'on'), [event(120, 'on'), event(130, null), event(150, 'off')], { onLine: [{ from: 100, to: 120 }, { from: 120, to: 150 }], offLine: [{ from: 150, to: 200 }] }],
    ['the first that is told is that it left', null, [event(150, 'off')], { onLine: [{ from: 100, to: 150 }], offLine: [{ from: 150, to: 200 }] }],
    ['the first that is told is that it came', null, [event(150, 'on')], { onLine: [{ from: 150, to: 200 }], offLine: [] }],
    ['nothing but a refusal is told', null, [event(150, null)], { onLine: [], offLine: [] }],
  ] as const)('%s', (_, before, events, expected) => {
    expect(standings(before, events, WINDOW)).toEqual(expected);
  });

  it('is not told of what is still to come', () => {
    expect(standings(event(1, 'on'), [], { from: 100, to: 90 })).toEqual({ onLine: [], offLine: [] });
  });
});

describe('the axis of a timeline', () => {
  it('has round times, few enough to be read', () => {
    for (const seconds of [1, 7, 45, 150, 3_720, 90_000, 600_000]) {
      const from = at('2026-10-24T21:07:13Z');
      const scale = scaleOf({ from, to: from + seconds * MICROS_PER_SECOND });
      expect(elapsedTicks(scale, english).length).toBeLessThanOrEqual(9);
      expect(clockTicks(scale, readerZone('Europe/Rome'), english).length).toBeLessThanOrEqual(9);
    }
  });

  it('names the day where one begins, also when the clocks change', () => {
    const from = at('2026-10-24T12:00:00Z');
    const scale = scaleOf({ from, to: from + 86_400 * MICROS_PER_SECOND });
    const texts = clockTicks(scale, readerZone('Europe/Rome'), english).map(({ text }) => text);
    expect(texts[0]).toBe('15:00');
    expect(texts).toContain('Sun 25 Oct');
    // By the clock that holds then: after the change it is an hour less.
    expect(texts.at(-1)).toBe('11:00');
  });
});
