import { QUARTER } from '../logs/statistics/calls.js';
import type { Span } from '../logs/statistics/spans.js';
import type { Micros } from '../time.js';
import type { ReaderZone } from './zone.js';

type Offsets = Pick<ReaderZone, 'offsetAt'>;

const MINUTES_PER_QUARTER = 15;
const quarterOf = (at: Micros): Micros => at - (at % QUARTER);

/** Which hour of the wall clock a quarter lies in; the hour that comes twice is two, by its offset. */
function hourKey(quarter: Micros, zone: Offsets): string {
  const offset = zone.offsetAt(quarter);
  return `${Math.floor(((quarter / QUARTER) * MINUTES_PER_QUARTER + offset) / 60)} ${offset}`;
}

/**
 * The hour on the zone's wall clock that holds this instant. Where the clocks change inside an hour, its parts before and
 * after are hours of their own, shorter than sixty minutes.
 */
export function hourOf(at: Micros, zone: Offsets): Span {
  let from = quarterOf(at);
  let to = from + QUARTER;
  const key = hourKey(from, zone);
  while (hourKey(from - QUARTER, zone) === key) from -= QUARTER;
  while (hourKey(to, zone) === key) to += QUARTER;
  return { from, to };
}

/** All hours of the wall clock between two instants, in order and without a hole; the first and the last are whole. */
export function hoursBetween(from: Micros, to: Micros, zone: Offsets): Span[] {
  const hours: Span[] = [];
  for (let hour = hourOf(from, zone); hour.from < to; hour = hourOf(hour.to, zone)) hours.push(hour);
  return hours;
}
