import type { RangeName } from '../logs/list-query.js';
import type { Micros } from '../time.js';
import { mark } from './texts/mark.js';
import type { ReaderZone } from './zone.js';

export const RANGE_TITLES: Readonly<Record<RangeName, string>> = {
  today: mark('Today'),
  yesterday: mark('Yesterday'),
  'this-month': mark('This month'),
  'last-month': mark('Last month'),
};

/** The first day, and the first one after it, of a range as `now` is dated in the zone. */
export function rangeDays(range: RangeName, zone: ReaderZone, now: Micros): { readonly from: string; readonly to: string } {
  const [year = 0, month = 0, day = 0] = zone.local(now).date.split('-').map(Number);
  switch (range) {
    case 'today':
      return { from: dayText(year, month, day), to: dayText(year, month, day + 1) };
    case 'yesterday':
      return { from: dayText(year, month, day - 1), to: dayText(year, month, day) };
    case 'this-month':
      return { from: dayText(year, month, 1), to: dayText(year, month + 1, 1) };
    case 'last-month':
      return { from: dayText(year, month - 1, 1), to: dayText(year, month, 1) };
  }
}

/** Half-open, from midnight to midnight on the zone's own clock: a day has 23 or 25 hours where the clocks change. */
export function rangeBounds(range: RangeName, zone: ReaderZone, now: Micros): { readonly from: Micros; readonly to: Micros } {
  const days = rangeDays(range, zone, now);
  return { from: zone.parse(days.from) ?? now, to: zone.parse(days.to) ?? now };
}

/** A date of the calendar; a day or a month beyond the last is one of the next. */
const dayText = (year: number, month: number, day: number): string => new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
