import { describe, expect, it } from 'vitest';
import { isMonth, leavesBefore, monthOf, rangeOf } from '../../src/month.js';
import { parseIso, toIso } from '../../src/time.js';

const at = (iso: string): number => parseIso(iso) ?? Number.NaN;

describe('a month', () => {
  it('is a half-open range in UTC, also over the end of a year', () => {
    expect(Object.values(rangeOf('2025-12')).map((instant) => toIso(instant))).toEqual(['2025-12-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z']);
    expect(monthOf(rangeOf('2025-12').to)).toBe('2026-01');
    expect(monthOf(rangeOf('2025-12').to - 1)).toBe('2025-12');
  });

  it.each(['2026-13', '2026-00', '2026-1', '26-01', '2026-01-01', ''])('is not %j', (text) => {
    expect(isMonth(text)).toBe(false);
  });
});

describe('leavesBefore', () => {
  it.each([
    ['2026-03-20T12:00:00Z', 30, '2026-02-01'],
    ['2026-03-02T23:59:59Z', 1, '2026-03-01'],
    ['2026-03-02T00:00:00Z', 1, '2026-03-01'],
    ['2026-03-01T23:59:59Z', 1, '2026-02-01'],
    ['2026-01-15T00:00:00Z', 365, '2025-01-01'],
  ])('at %s with %d days is %s', (now, days, expected) => {
    expect(toIso(leavesBefore(at(now), days)).slice(0, 10)).toBe(expected);
  });
});
