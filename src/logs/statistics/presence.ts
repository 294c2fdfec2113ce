import type { Micros } from '../../time.js';
import { union, within, without, type Span } from './spans.js';

/** What the tables say of one account that changed in a range. */
export interface Evidence {
  /** Whether its last row before the range left it on line. */
  readonly onLineBefore: boolean;
  /** When it went off line in the range, in order: UNREGISTER rows that left no contact. */
  readonly ends: readonly Micros[];
  /** For the beginning of the range and for each end: its first REGISTER from there on, null where there is none. */
  readonly returns: ReadonlyMap<Micros, Micros | null>;
  /** Whether it is on line now, and since when it is so; 0 when nobody saw the change. */
  readonly onLineNow: boolean;
  readonly since: Micros;
}

/**
 * When one account was on line in a range, put together from the ends of its registrations, what came back after each,
 * and its state now.
 */
export function onLineSpans({ onLineBefore, ends, returns, onLineNow, since }: Evidence, { from, to }: Span): Span[] {
  const spans: Span[] = [];
  let begin = onLineBefore ? from : (returns.get(from) ?? null);
  for (const end of ends) {
    if (begin !== null && begin < end) spans.push({ from: begin, to: end });
    begin = returns.get(end) ?? null;
  }
  // What happened while nobody listened has no row, and shows in the state alone.
  if (onLineNow) spans.push({ from: begin ?? Math.max(since, ends.at(-1) ?? from), to });
  else if (begin !== null && begin < since) spans.push({ from: begin, to: since });
  return union(within(spans, { from, to }));
}

/** How many accounts were on line in one hour. */
export interface Counted {
  readonly fewest: number;
  readonly most: number;
  /** As the hour, or what is known of it, ended. */
  readonly last: number;
}

/**
 * Counts for each hour how many of the spans lay over it at once. `always` are on line throughout. Of the `unknown` parts
 * nothing is said; an hour that is unknown as a whole is null.
 */
export function countOnLine(hours: readonly Span[], spans: readonly Span[], always: number, unknown: readonly Span[]): (Counted | null)[] {
  // An instant and whether somebody came in one number: there may be a hundred thousand.
  const changes = new Float64Array(spans.length * 2);
  for (const [index, { from, to }] of spans.entries()) changes.set([from * 2 + 1, to * 2], index * 2);
  changes.sort();
  const instantOf = (change: number | undefined): Micros => (change === undefined ? Number.POSITIVE_INFINITY : Math.floor(change / 2));
  let count = always;
  let next = 0;
  /** Lets all happen up to and with `until`, and looks at the count after each instant in which something did. */
  const advance = (until: Micros, look?: (count: number) => void): void => {
    for (let at = instantOf(changes[next]); at <= until; at = instantOf(changes[next])) {
      count += (changes[next] ?? 0) % 2 === 0 ? -1 : 1;
      next += 1;
      if (instantOf(changes[next]) !== at) look?.(count);
    }
  };
  return hours.map((hour) => {
    let counted: Counted | null = null;
    for (const { from, to } of without(hour, unknown)) {
      advance(from);
      let { fewest, most }: Omit<Counted, 'last'> = counted ?? { fewest: count, most: count };
      const look = (value: number): void => {
        fewest = Math.min(fewest, value);
        most = Math.max(most, value);
      };
      look(count);
      // Half-open: what changes at the end belongs to what follows.
      advance(to - 1, look);
      counted = { fewest, most, last: count };
    }
    return counted;
  });
}
