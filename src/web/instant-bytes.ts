import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { readerZone, type ReaderZone } from './zone.js';

/**
 * Writes an instant, whose microseconds are the digits from `from` to before `to`, to `out` at `at`. Answers where it ends; -1 for one
 * before 1970, or that is no number of at most sixteen digits.
 */
export type InstantWriter = (source: Uint8Array, from: number, to: number, out: Uint8Array, at: number) => number;

/** `2026-05-10T17:12:24.882000Z` */
export const LONGEST_INSTANT = 27;

const UTC = readerZone('UTC');
const DAY_S = 86_400;
const QUARTER_HOUR_S = 900;
const FRACTION_DIGITS = 6;
/** So many digits are a safe integer until the year 2255. */
const MOST_DIGITS = 16;
const ZERO = 0x30;
const [COLON = 0, POINT = 0, SPACE = 0, T = 0, Z = 0] = Buffer.from(':. TZ');

/** An instant as files write it: on the wall clock of the zone to the second, or in UTC to the microsecond. */
export function instantText(kind: 'local' | 'utc', zone: ReaderZone, instant: Micros): string {
  const { date, clock, fraction } = (kind === 'local' ? zone : UTC).local(instant);
  return kind === 'local' ? `${date} ${clock}` : `${date}T${clock}.${fraction}Z`;
}

/** The bytes of `instantText`. */
export function instantCells(kind: 'local' | 'utc', zone: ReaderZone): InstantWriter {
  const offsetOf = kind === 'local' ? cachedOffset(zone) : () => 0;
  const dateOf = cachedDate();
  return (source, from, to, out, start) => {
    const seconds = secondsOf(source, from, to);
    if (seconds < 0) return -1;
    const local = seconds + offsetOf(seconds);
    if (local < 0) return -1;
    const day = Math.floor(local / DAY_S);
    const inDay = (local - day * DAY_S) | 0;
    const date = dateOf(day);
    let at = start;
    for (let place = 0; place < date.length; place += 1) out[at++] = date[place] ?? 0;
    out[at++] = kind === 'local' ? SPACE : T;
    const minutes = (inDay / 60) | 0;
    const hours = (minutes / 60) | 0;
    twoDigits(hours, out, at);
    out[at + 2] = COLON;
    twoDigits(minutes - hours * 60, out, at + 3);
    out[at + 5] = COLON;
    twoDigits(inDay - minutes * 60, out, at + 6);
    at += 8;
    if (kind === 'local') return at;
    out[at++] = POINT;
    for (let place = to - FRACTION_DIGITS; place < to; place += 1) out[at++] = place < from ? ZERO : (source[place] ?? 0);
    out[at++] = Z;
    return at;
  };
}

/** Whole seconds of microseconds; -1 where they are none of a year that is written with four digits. */
function secondsOf(source: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > MOST_DIGITS) return -1;
  let seconds = 0;
  for (let place = from; place < to; place += 1) {
    const digit = (source[place] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    if (place < to - FRACTION_DIGITS) seconds = seconds * 10 + digit;
  }
  return seconds * MICROS_PER_SECOND + MICROS_PER_SECOND <= Number.MAX_SAFE_INTEGER ? seconds : -1;
}

function twoDigits(number: number, out: Uint8Array, at: number): void {
  const tens = (number / 10) | 0;
  out[at] = ZERO + tens;
  out[at + 1] = ZERO + number - tens * 10;
}

/** Seconds east of UTC. No zone's clocks change but on a quarter of an hour in UTC. */
function cachedOffset(zone: ReaderZone): (seconds: number) => number {
  let known = Number.NaN;
  let offset = 0;
  return (seconds) => {
    const quarter = Math.floor(seconds / QUARTER_HOUR_S);
    if (quarter !== known) {
      known = quarter;
      offset = zone.offsetAt(seconds * MICROS_PER_SECOND) * 60;
    }
    return offset;
  };
}

function cachedDate(): (day: number) => Uint8Array {
  let known = Number.NaN;
  let date: Uint8Array = new Uint8Array();
  return (day) => {
    if (day !== known) {
      known = day;
      date = Buffer.from(UTC.local(day * DAY_S * MICROS_PER_SECOND).date);
    }
    return date;
  };
}
