import type { Span } from '../logs/statistics/spans.js';
import { toIso } from '../time.js';

/** The address of a listing of this time. `tz` is the zone where the page's own address names it. */
export function listHref(list: string, filters: Readonly<Record<string, string>>, { from, to }: Span, tz: string | null): string {
  return `/${list}?${new URLSearchParams({ ...filters, from: toIso(from, 'us'), to: toIso(to, 'us'), ...(tz === null ? {} : { tz }) }).toString()}`;
}
