import { MICROS_PER_MS, toMs, type Micros } from '../time.js';
import { readerZone, type ReaderZone } from './zone.js';

/** Writes an instant, from 1970 on, to `out` at `at`; answers where it ends. */
export type InstantWriter = (instant: Micros, out: Uint8Array, at: number) => number;

/** `2026-05-10T17:12:24.882000Z` */
export const LONGEST_INSTANT = 27;

const UTC = readerZone('UTC');
const MS_PER_DAY = 86_400_000;
const ZERO = 0x30;
const [COLON = 0, POINT = 0, SPACE = 0, T = 0, Z = 0] = [...':. TZ'].map((character) => character.charCodeAt(0));

/** An instant as files write it: on the wall clock of the zone to the second, or in UTC to the microsecond. */
export function instantText(kind: 'local' | 'utc', zone: ReaderZone, instant: Micros): string {
  const { date, clock, fraction } = (kind === 'local' ? zone : UTC).local(instant);
  return kind === 'local' ? `${date} ${clock}` : `${date}T${clock}.${fraction}Z`;
}

/** The bytes of `instantText`. */
export function instantCells(kind: 'local' | 'utc', readers: ReaderZone): InstantWriter {
  const zone = kind === 'local' ? readers : UTC;
  let day = Number.NaN;
  let date = Buffer.alloc(0);
  return (instant, out, start) => {
    const utcMs = toMs(instant);
    const localMs = kind === 'local' ? utcMs + zone.offsetAt(instant) * 60_000 : utcMs;
    const newDay = Math.floor(localMs / MS_PER_DAY);
    if (newDay !== day) {
      day = newDay;
      date = Buffer.from(zone.local(instant).date);
    }
    let at = start;
    for (let place = 0; place < date.length; place += 1) out[at++] = date[place] ?? 0;
    out[at++] = kind === 'local' ? SPACE : T;
    const inDay = localMs - day * MS_PER_DAY;
    const seconds = Math.floor(inDay / 1_000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    at = digits(hours, 2, out, at);
    out[at++] = COLON;
    at = digits(minutes - hours * 60, 2, out, at);
    out[at++] = COLON;
    at = digits(seconds - minutes * 60, 2, out, at);
    if (kind === 'local') return at;
    out[at++] = POINT;
    at = digits((inDay - seconds * 1_000) * MICROS_PER_MS + (instant - utcMs * MICROS_PER_MS), 6, out, at);
    out[at++] = Z;
    return at;
  };
}

function digits(number: number, count: number, out: Uint8Array, at: number): number {
  let rest = number;
  for (let place = at + count - 1; place >= at; place -= 1) {
    const tens = (rest / 10) | 0;
    out[place] = ZERO + (rest - tens * 10);
    rest = tens;
  }
  return at + count;
}
