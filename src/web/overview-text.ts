import type { Span } from '../logs/statistics/spans.js';
import { MICROS_PER_SECOND, toIso, type Micros } from '../time.js';

const numbers = new Intl.NumberFormat('en');

/** `1,234` */
export const count = (value: number): string => numbers.format(value);
/** `1 call`, `1,234 calls` */
export const many = (value: number, one: string, more = `${one}s`): string => `${count(value)} ${value === 1 ? one : more}`;
/** `76.2 %` of a ratio from 0 to 1; no line breaks inside it. */
export const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)}\u00a0%`;

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function spokenLength(length: Micros): string {
  const seconds = Math.round(length / MICROS_PER_SECOND);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The address of a listing of this time. `tz` is the zone where the page's own address names it. */
export function listHref(list: string, filters: Readonly<Record<string, string>>, { from, to }: Span, tz: string | null): string {
  return `/${list}?${new URLSearchParams({ ...filters, from: toIso(from, 'us'), to: toIso(to, 'us'), ...(tz === null ? {} : { tz }) }).toString()}`;
}
