import { IANAZone } from 'luxon';
import type { PbxZone } from '../../ami/input.js';
import { fromMs, MICROS_PER_SECOND, toMs, type Micros } from '../../time.js';

/**
 * The instants at which the PBX's wall clock shows `local`: none in the hour that a spring change
 * skips, two in the hour that an autumn change repeats. `local` is the wall clock read as if it were UTC.
 */
export function instantsOfLocal(zone: PbxZone, local: Micros): Micros[] {
  const { spans } = zone;
  const instants = new Set<Micros>();
  spans.forEach((span, index) => {
    const at = local - span.offsetSeconds * MICROS_PER_SECOND;
    const until = spans[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    // What was before the first span is taken to be like it.
    const from = index === 0 ? Number.NEGATIVE_INFINITY : span.from;
    if (at >= from && at < until) instants.add(at);
  });
  return [...instants].sort((a, b) => a - b);
}

/** The one of several instants that lies nearest to a known one; null when there is none. */
export function nearest(instants: readonly Micros[], to: Micros): Micros | null {
  let best: Micros | null = null;
  for (const at of instants) if (best === null || Math.abs(at - to) < Math.abs(best - to)) best = at;
  return best;
}

/** The instants at which a clock on the wall shows `local` (the wall clock read as if it were UTC), earliest first. */
export type WallClock = (local: Micros) => Micros[];

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** So often in a day one looks whether a zone changed its clock. */
const LOOKS = 4;

/** The wall clock of a named zone such as `Europe/Rome`, for calls of any year. */
export function wallClock(zoneName: string): WallClock {
  const zone = IANAZone.create(zoneName);
  // Asking Intl for each call would cost more than all the rest: a day without a change is asked for once, on others each quarter of an hour.
  const steady = new Map<number, Micros | null>();
  const quarters = new Map<number, readonly Micros[]>();
  const offsetOf = (day: number): Micros | null => {
    const offsets = Array.from({ length: 3 * LOOKS + 1 }, (_, look) => zone.offset((day - 1 + look / LOOKS) * DAY_MS));
    return new Set(offsets).size === 1 ? fromMs((offsets[0] ?? 0) * MINUTE_MS) : null;
  };
  const offsetsAt = (quarter: number): Micros[] => {
    const local = quarter * QUARTER_MS;
    const around = new Set([zone.offset(local - DAY_MS), zone.offset(local + DAY_MS)]);
    // The further ahead of UTC, the earlier.
    return [...around].filter((minutes) => zone.offset(local - minutes * MINUTE_MS) === minutes).sort((a, b) => b - a).map((minutes) => fromMs(minutes * MINUTE_MS));
  };
  return (local) => {
    const offset = remembered(steady, Math.floor(toMs(local) / DAY_MS), offsetOf);
    if (offset !== null) return [local - offset];
    return remembered(quarters, Math.floor(toMs(local) / QUARTER_MS), offsetsAt).map((one) => local - one);
  };
}

function remembered<T>(known: Map<number, T>, key: number, find: (key: number) => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= 10_000) known.clear();
  const found = find(key);
  known.set(key, found);
  return found;
}
