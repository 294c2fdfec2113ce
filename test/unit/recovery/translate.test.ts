import { describe, expect, it } from 'vitest';
import { wallClock } from '../../../src/logs/cdr/zone.js';
import type { SourceCall } from '../../../src/recovery/source-call.js';
import { translateSourceCall, type Translated } from '../../../src/recovery/translate.js';
import { toIso, type Micros } from '../../../src/time.js';

const ROME = wallClock('Europe/Rome');
const CALL: SourceCall = { src: '1', dst: '2', channel: 'PJSIP/1-00000001', start: '2026-05-10 19:12:24', duration: '36', billsec: '34', disposition: 'ANSWERED' };

function translate(fields: SourceCall, clock = ROME): Translated {
  const translated = translateSourceCall('lab', { ...CALL, ...fields }, clock);
  if (typeof translated === 'string') throw new Error(translated);
  return translated;
}
const iso = (at: Micros | null): string | null => (at === null ? null : toIso(at));
const epoch = (text: string): number => Date.parse(text) / 1_000;

describe('translateSourceCall', () => {
  it('places local times, and works out what a table without answer and end does not say', () => {
    const { row, starts } = translate({});
    expect(starts).toHaveLength(1);
    expect([row.callDate, row.answerDate, row.endDate].map(iso)).toEqual(['2026-05-10T17:12:24.000Z', '2026-05-10T17:12:26.000Z', '2026-05-10T17:13:00.000Z']);
    expect(translate({ disposition: 'NO ANSWER', billsec: '0' }).row.answerDate).toBeNull();
    expect(translate({ answer: '', end: '0000-00-00 00:00:00' }).row.answerDate).toBeNull();
  });

  it.each([
    ['8', 'ANSWERED', 'ANSWERED'], ['0', 'NO_ANSWER', 'NO ANSWER'], ['1', 'NO_ANSWER', 'NO ANSWER'], ['2', 'FAILED', 'FAILED'],
    ['4', 'BUSY', 'BUSY'], ['16', 'FAILED', 'CONGESTION'], ['NO ANSWER', 'NO_ANSWER', 'NO ANSWER'],
  ])('reads disposition %s', (disposition, ours, word) => {
    expect(translate({ disposition, amaflags: '3' }).row).toMatchObject({ disposition: ours, asteriskDisposition: word, amaflags: 'DOCUMENTATION' });
  });

  // Rome's clocks went back at 01:00 UTC: 02:30 was there twice, at 00:30 and at 01:30 UTC.
  it.each(['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'])('tells the two 02:30 apart by the channel: %s', (at) => {
    const { row, starts } = translate({ start: '2026-10-25 02:30:00', uniqueid: `pbx-${epoch(at)}.7` });
    expect(starts).toHaveLength(1);
    expect(row.callDate).toBe(epoch(at) * 1e6);
  });

  it('tells them apart by an end that fits one alone, and says so where nothing tells', () => {
    const until = translate({ start: '2026-10-25 02:30:00', end: '2026-10-25 03:10:00', duration: '2400' });
    expect(until.starts.map(iso)).toEqual(['2026-10-25T01:30:00.000Z']);
    const across = translate({ start: '2026-10-25 02:50:00', end: '2026-10-25 02:10:00', duration: '1200', answer: '2026-10-25 02:50:05' });
    expect([across.row.callDate, across.row.answerDate, across.row.endDate].map(iso)).toEqual(['2026-10-25T00:50:00.000Z', '2026-10-25T00:50:05.000Z', '2026-10-25T01:10:00.000Z']);
    expect(translate({ start: '2026-10-25 02:30:00' }).starts.map(iso)).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']);
  });

  it('keeps a call of the hour that spring skips', () => {
    expect(iso(translate({ start: '2026-03-29 02:30:00' }).row.callDate)).toBe('2026-03-29T01:30:00.000Z');
  });

  it('cuts fractions of seconds, and refuses what is no date or number', () => {
    expect(translate({ duration: '36.98', billsec: '34.5', start: '2026-05-10 19:12:24.250000' }).row).toMatchObject({ duration: 36, billsec: 34, callDate: 1_778_433_144_250_000 });
    expect(() => translate({ start: '2026-02-30 10:00:00' })).toThrow('start');
    expect(() => translate({ duration: '-1' })).toThrow('duration');
  });
});
