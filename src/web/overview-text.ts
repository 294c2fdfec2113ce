import type { Span } from '../logs/statistics/spans.js';
import { toIso } from '../time.js';
import { formatCount } from './display-text.js';

/** `1 call`, `1,234 calls` */
export const many = (value: number, one: string, more = `${one}s`): string => `${formatCount(value)} ${value === 1 ? one : more}`;
/** `76.2 %` of a ratio from 0 to 1; no line breaks inside it. */
export const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)}\u00a0%`;

/** The address of a listing of this time. `tz` is the zone where the page's own address names it. */
export function listHref(list: string, filters: Readonly<Record<string, string>>, { from, to }: Span, tz: string | null): string {
  return `/${list}?${new URLSearchParams({ ...filters, from: toIso(from, 'us'), to: toIso(to, 'us'), ...(tz === null ? {} : { tz }) }).toString()}`;
}
