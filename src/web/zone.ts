import { IANAZone } from 'luxon';
import { InvalidInputError } from '../errors.js';
import { MICROS_PER_MS, MICROS_PER_SECOND, parseIso, toMs, type Micros } from '../time.js';

const MS_PER_DAY = 86_400_000;
// Every change of offset since 1970 falls on a quarter of an hour in UTC.
const QUARTER_HOUR_MS = 900_000;

export interface LocalTime {
  /** `2026-05-10` */
  readonly date: string;
  /** `17:12:24` */
  readonly clock: string;
  /** Six digits. */
  readonly fraction: string;
}

/** A reader's time zone: instants to wall clock and back, right across daylight saving. */
export interface ReaderZone {
  readonly name: string;
  /** Minutes east of UTC. */
  offsetAt(at: Micros): number;
  local(at: Micros): LocalTime;
  /**
   * A wall clock text (`2026-05-10`, `2026-05-10T17:12`, `…:24.882`) as an instant, null for what is none.
   * A time that the clocks skip is taken as so much later; one that comes twice is the first.
   */
  parse(text: string): Micros | null;
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const two = (value: number): string => TWO_DIGITS[value] ?? String(value);

export const isZone = (name: string): boolean => zones.has(name) || IANAZone.isValidZone(name);

/** Luxon takes as long to look whether a zone exists as a database for a page; so many are remembered. */
const MOST_ZONES = 50;
const zones = new Map<string, ReaderZone>();

/** Throws InvalidInputError that names `tz` for what is no zone. */
export function readerZone(name: string): ReaderZone {
  const known = zones.get(name);
  if (known) return known;
  if (!isZone(name)) throw new InvalidInputError('tz', 'must be a time zone such as Europe/Rome');
  const zone = zoneCalled(name);
  if (zones.size >= MOST_ZONES) zones.clear();
  zones.set(name, zone);
  return zone;
}

function zoneCalled(name: string): ReaderZone {
  const zone = IANAZone.create(name);
  const offsetAt = cachedOffsets(zone);
  const dateOf = cachedDates();
  return {
    name,
    offsetAt: (at) => offsetAt(toMs(at)),
    local(at) {
      const utcMs = toMs(at);
      const localMs = utcMs + offsetAt(utcMs) * 60_000;
      const day = Math.floor(localMs / MS_PER_DAY);
      const inDay = localMs - day * MS_PER_DAY;
      const seconds = Math.floor(inDay / 1_000);
      const micros = (inDay % 1_000) * MICROS_PER_MS + (at - utcMs * MICROS_PER_MS);
      return {
        date: dateOf(day),
        clock: `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`,
        fraction: String(micros).padStart(6, '0'),
      };
    },
    parse(text) {
      const asUtc = parseIso(text);
      return asUtc === null ? null : asUtc - wallOffset(offsetAt, toMs(asUtc)) * 60 * MICROS_PER_SECOND;
    },
  };
}

// The offset that held a day before gives the first of two instants, and in a gap the later time;
// Luxon's own answer to both depends on the day it is asked.
function wallOffset(offsetAt: (ms: number) => number, wallMs: number): number {
  const before = offsetAt(wallMs - MS_PER_DAY);
  const after = offsetAt(wallMs + MS_PER_DAY);
  const fits = (offset: number): boolean => offsetAt(wallMs - offset * 60_000) === offset;
  return !fits(before) && fits(after) ? after : before;
}

/** Whether a text says which zone it is in, so that the reader's has no part in it. */
export const hasZone = (text: string): boolean => /(Z|[+-]\d{2}:?\d{2})$/i.test(text.trim()) && /[T ]\d{2}:/.test(text);

// Intl takes microseconds for each question; an export asks millions of times about some hundred days.
function cachedOffsets(zone: IANAZone): (ms: number) => number {
  const days = cached((day) => {
    const offset = zone.offset(day * MS_PER_DAY);
    // No zone changes twice in a day.
    return zone.offset((day + 1) * MS_PER_DAY) === offset ? offset : null;
  });
  const quarters = cached((quarter) => zone.offset(quarter * QUARTER_HOUR_MS));
  return (ms) => days(Math.floor(ms / MS_PER_DAY)) ?? quarters(Math.floor(ms / QUARTER_HOUR_MS));
}

const cachedDates = (): ((day: number) => string) => cached((day) => new Date(day * MS_PER_DAY).toISOString().slice(0, 10));

/** A century of days; what is asked beyond is worked out anew. */
const MOST_CACHED = 40_000;

/** Remembers what was worked out of a number; the last one without looking for it. */
function cached<T>(work: (of: number) => T): (of: number) => T {
  const known = new Map<number, T>();
  let last: { readonly of: number; readonly result: T } | null = null;
  return (of) => {
    if (last?.of === of) return last.result;
    const result = known.has(of) ? (known.get(of) as T) : work(of);
    if (known.size >= MOST_CACHED) known.clear();
    known.set(of, result);
    last = { of, result };
    return result;
  };
}

/** The names a reader can choose from, UTC first. */
export const ZONE_NAMES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')];

/** `UTC+02:00` */
export function offsetName(minutes: number): string {
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(Math.floor(size) % 60)}`;
}
