/**
 * Instants inside Logbook are microseconds since 1970-01-01T00:00:00Z, as a plain integer
 * (exact until the year 2255). Zones appear only at the edges.
 */
export type Micros = number;

export const MICROS_PER_MS = 1_000;
export const MICROS_PER_SECOND = 1_000_000;

export const fromMs = (ms: number): Micros => Math.round(ms * MICROS_PER_MS);
export const toMs = (at: Micros): number => Math.floor(at / MICROS_PER_MS);
export const fromSeconds = (seconds: number): Micros => Math.round(seconds * MICROS_PER_SECOND);

/** ISO 8601 in UTC, as precise as asked: `ms` for sessions, `us` for calls. */
export function toIso(at: Micros, precision: 'ms' | 'us' = 'ms'): string {
  const ms = toMs(at);
  const second = Math.floor(ms / 1_000);
  // Rows of a list lie close together, and a Date for each cell costs more than reading it.
  const { minute, text } = second >= lastMinute.minute * 60 && second < (lastMinute.minute + 1) * 60 ? lastMinute : minuteOf(second);
  const iso = `${text}${digits(second - minute * 60, 2)}.${digits(ms - second * 1_000, 3)}`;
  return precision === 'ms' ? `${iso}Z` : `${iso}${digits(at - ms * MICROS_PER_MS, 3)}Z`;
}

/** The minute that was written last: `2026-05-10T17:12:`. */
let lastMinute: { readonly minute: number; readonly text: string } = { minute: 0, text: '1970-01-01T00:00:' };

function minuteOf(second: number): typeof lastMinute {
  const minute = Math.floor(second / 60);
  lastMinute = { minute, text: new Date(minute * 60_000).toISOString().slice(0, -'00.000Z'.length) };
  return lastMinute;
}

const digits = (value: number, count: 2 | 3): string => (count === 3 && value < 100 ? `0${value < 10 ? '0' : ''}${value}` : value < 10 ? `0${value}` : String(value));

/** What `parseIso` reads, before it looks whether there is such a day. */
export const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads an ISO 8601 instant to the microsecond; a text without a zone is UTC.
 * Answers null for what is no instant.
 */
export function parseIso(text: string): Micros | null {
  const match = ISO.exec(text.trim());
  if (!match) return null;
  const [, date = '', clock = '00:00', fraction = '', zone = 'Z'] = match;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const ms = Date.parse(`${date}T${seconds}${offset}`);
  if (Number.isNaN(ms) || !isCalendarDate(date)) return null;
  return ms * MICROS_PER_MS + Number(fraction.padEnd(6, '0').slice(0, 6));
}

// Date.parse turns 2026-02-30 into 2 March; a date that does not exist is a mistake to name.
function isCalendarDate(date: string): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}
