import { describe, expect, it } from 'vitest';
import { parseIso, toIso } from '../../src/time.js';

describe('instants', () => {
  it.each([
    ['2026-11-22T17:51:14.773+0000', '2026-11-22T17:51:14.773000Z'],
    ['2026-11-22T17:51:14.123456789Z', '2026-11-22T17:51:14.123456Z'],
    ['2026-11-22 17:51:14', '2026-11-22T17:51:14.000000Z'],
    ['2026-11-22T17:51', '2026-11-22T17:51:00.000000Z'],
    ['2026-11-22T17:51:14+05:30', '2026-11-22T12:21:14.000000Z'],
    ['2026-11-22', '2026-11-22T00:00:00.000000Z'],
  ])('%s is %s', (text, iso) => {
    expect(toIso(parseIso(text) ?? Number.NaN, 'us')).toBe(iso);
  });

  it.each(['', 'now', '2026-13-01', '2026-02-29', '2026-11-22T25:00', '1795369874', '2026-11-22T17:51:14 Europe/Rome'])('%j is none', (text) => {
    expect(parseIso(text)).toBeNull();
  });

  it('is exact to the microsecond before 1970 too', () => {
    expect(toIso(-1, 'us')).toBe('1969-12-31T23:59:59.999999Z');
  });
});
