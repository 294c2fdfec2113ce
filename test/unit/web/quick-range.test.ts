import { describe, expect, it } from 'vitest';
import { RANGES, type RangeName } from '../../../src/logs/list-query.js';
import { parseIso, toIso } from '../../../src/time.js';
import { rangeBounds, rangeDays } from '../../../src/web/quick-range.js';
import { readerZone } from '../../../src/web/zone.js';

const bounds = (range: RangeName, zone: string, now: string): string[] => {
  const { from, to } = rangeBounds(range, readerZone(zone), parseIso(now) ?? NaN);
  return [from, to].map((at) => toIso(at).replace(':00.000Z', 'Z'));
};

describe('a quick range', () => {
  it.each<[RangeName, string, string, string, string]>([
    ['today', 'Europe/Rome', '2026-05-10T21:59:59Z', '2026-05-09T22:00Z', '2026-05-10T22:00Z'],
    ['today', 'Europe/Rome', '2026-05-10T22:00:00Z', '2026-05-10T22:00Z', '2026-05-11T22:00Z'],
    ['yesterday', 'America/New_York', '2026-01-01T04:00:00Z', '2025-12-30T05:00Z', '2025-12-31T05:00Z'],
    ['this-month', 'UTC', '2026-12-31T23:59:59Z', '2026-12-01T00:00Z', '2027-01-01T00:00Z'],
    ['last-month', 'Asia/Tokyo', '2027-01-15T00:00:00Z', '2026-11-30T15:00Z', '2026-12-31T15:00Z'],
    ['last-month', 'Europe/Rome', '2024-03-31T12:00:00Z', '2024-01-31T23:00Z', '2024-02-29T23:00Z'],
    // A day of 23 hours, one of 25, and one that begins at one o'clock.
    ['today', 'Europe/Rome', '2026-03-29T12:00:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
    ['yesterday', 'Europe/Rome', '2026-10-26T12:00:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    ['today', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    ['this-month', 'Europe/Rome', '2026-03-31T20:00:00Z', '2026-02-28T23:00Z', '2026-03-31T22:00Z'],
  ])('%s in %s at %s is from %s to %s', (range, zone, now, from, to) => {
    expect(bounds(range, zone, now)).toEqual([from, to]);
  });

  it('follows the one before without a hole, in every zone and at every hour of a year', () => {
    for (const name of ['Europe/Rome', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia']) {
      const zone = readerZone(name);
      for (let hour = 0; hour < 8_760; hour += 7) {
        const now = (parseIso('2026-01-01T00:00:00Z') ?? 0) + hour * 3_600_000_000;
        const [today, yesterday, month, before] = RANGES.map((range) => rangeBounds(range, zone, now));
        expect([today?.from, month?.from]).toEqual([yesterday?.to, before?.to]);
        expect(today && today.from <= now && now < today.to && month && month.from <= now && now < month.to, `${name} ${toIso(now)}`).toBe(true);
        expect(rangeDays('today', zone, now).from).toBe(zone.local(now).date);
      }
    }
  });
});
