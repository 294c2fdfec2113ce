import { describe, expect, it } from 'vitest';
import { withTold, type KnownOffsets } from '../../../src/logs/cdr/pbx-offsets.js';
import { chooseClock, namedClock, type ClockChoice } from '../../../src/recovery/source-clock.js';
import { MICROS_PER_SECOND, parseIso, toIso, type Micros } from '../../../src/time.js';

const at = (iso: string): Micros => parseIso(iso) ?? Number.NaN;
const HOUR = 3_600;
const known = (...spans: readonly (readonly [string, string, number])[]): KnownOffsets => spans.map(([from, until, hours]) => ({ from: at(from), until: at(until), offsetSeconds: hours * HOUR }));

describe('withTold', () => {
  const told = (from: string, hours: number) => ({ from: at(from), offsetSeconds: hours * HOUR });

  it('keeps what was told before, where it is not told again', () => {
    const first = withTold([], { spans: [told('2026-03-01', 1)] }, at('2026-03-09'));
    expect(first).toEqual(known(['2026-03-01', '2026-03-17', 1]));
    const second = withTold(first, { spans: [told('2026-03-16', 1)] }, at('2026-03-24'));
    expect(second).toEqual(known(['2026-03-01', '2026-04-01', 1]));
    const third = withTold(second, { spans: [told('2026-03-24', 1), told('2026-03-29T01:00:00Z', 2)] }, at('2026-04-01'));
    expect(third).toEqual(known(['2026-03-01', '2026-03-29T01:00:00Z', 1], ['2026-03-29T01:00:00Z', '2026-04-09', 2]));
    expect(withTold(third, { spans: [told('2026-08-01', 2)] }, at('2026-08-09'))).toEqual([...third, ...known(['2026-08-01', '2026-08-17', 2])]);
  });

  it('keeps the newest few', () => {
    let all: KnownOffsets = [];
    for (let month = 0; month < 30; month += 1) {
      const from = at('2026-01-01') + month * 30 * 86_400 * MICROS_PER_SECOND;
      all = withTold(all, { spans: [{ from, offsetSeconds: month * 60 }] }, from);
    }
    expect(all).toHaveLength(8);
    expect(all.at(-1)?.offsetSeconds).toBe(29 * 60);
  });
});

describe('chooseClock', () => {
  const choice = (fields: Partial<ClockChoice>): ClockChoice => ({ setting: 'CDR_CSV_ZONE', zone: null, utcAt: null, timeZone: 'Europe/Rome', known: [], from: at('2026-03-28'), to: at('2026-03-30'), ...fields });
  const instants = (fields: Partial<ClockChoice>, local: string): string[] => chooseClock(choice(fields)).instants(at(local)).map((instant) => toIso(instant));
  const spring = known(['2026-03-01', '2026-03-29T01:00:00Z', 1], ['2026-03-29T01:00:00Z', '2026-04-09', 2]);

  it('takes the zone that is set', () => {
    expect(chooseClock(choice({ zone: 'UTC', known: spring }))).toMatchObject({ name: 'UTC', note: null });
  });

  it("takes the PBX's own where it has told all of the time, whatever TIME_ZONE is", () => {
    const clock = chooseClock(choice({ known: spring, timeZone: 'America/New_York' }));
    expect(clock).toMatchObject({ name: 'UTC+01:00 and UTC+02:00, as the PBX says', note: null });
    expect(instants({ known: spring, timeZone: 'UTC' }, '2026-03-28T12:00:00')).toEqual(['2026-03-28T11:00:00.000Z']);
    expect(instants({ known: spring, timeZone: 'UTC' }, '2026-03-29T12:00:00')).toEqual(['2026-03-29T10:00:00.000Z']);
    expect(instants({ known: spring, timeZone: 'UTC' }, '2026-03-29T02:30:00')).toEqual([]);
    for (const instant of ['2026-03-28T11:00:00Z', '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z']) expect(clock.instants(clock.local(at(instant)))).toEqual([at(instant)]);
  });

  it('takes UTC where the source shows it, and the PBX is elsewhere', () => {
    const utcAt = at('2026-03-27');
    expect(chooseClock(choice({ utcAt, known: spring }))).toMatchObject({ name: 'UTC', note: expect.stringContaining('usegmtime') as string });
    expect(chooseClock(choice({ utcAt }))).toMatchObject({ name: 'UTC' });
    expect(chooseClock(choice({ utcAt, zone: 'Asia/Tokyo' }))).toMatchObject({ name: 'Asia/Tokyo' });
    // In winter London's wall clock shows UTC as well.
    const london = known(['2026-03-01', '2026-03-29T01:00:00Z', 0], ['2026-03-29T01:00:00Z', '2026-04-09', 1]);
    expect(chooseClock(choice({ utcAt, known: london }))).toMatchObject({ name: 'UTC+00:00 and UTC+01:00, as the PBX says', note: null });
    expect(chooseClock(choice({ utcAt, known: london, from: at('2025-07-01'), timeZone: 'Europe/London' })).name).toBe('Europe/London');
    expect(chooseClock(choice({ utcAt, timeZone: 'Europe/London' })).name).toBe('Europe/London');
  });

  it('takes TIME_ZONE where the PBX has told nothing, or what it told fits, and says so', () => {
    expect(chooseClock(choice({}))).toMatchObject({ name: 'Europe/Rome', note: expect.stringContaining('has not told its zone yet') as string });
    expect(chooseClock(choice({ known: spring, from: at('2025-07-01') }))).toMatchObject({ name: 'Europe/Rome', note: expect.stringContaining('fits what it has told') as string });
    const hole = known(['2026-03-01', '2026-03-28T12:00:00Z', 1], ['2026-03-29T12:00:00Z', '2026-04-09', 2]);
    expect(chooseClock(choice({ known: hole })).name).toBe('Europe/Rome');
  });

  it('would rather not import than place calls where they certainly were not', () => {
    expect(() => chooseClock(choice({ known: spring, from: at('2025-07-01'), timeZone: 'UTC' }))).toThrow(/CDR_CSV_ZONE: the PBX's clock is not that of TIME_ZONE \(2026-03-01 it was UTC\+01:00, UTC was not\).*set CDR_CSV_ZONE/);
  });

  it('knows the named zones in both directions', () => {
    const clock = namedClock('America/St_Johns');
    expect(toIso(clock.local(at('2026-07-01T12:00:00Z')))).toBe('2026-07-01T09:30:00.000Z');
    expect(clock.instants(at('2026-07-01T09:30:00Z'))).toEqual([at('2026-07-01T12:00:00Z')]);
  });
});
