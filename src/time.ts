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
  const day = Math.floor(ms / MS_PER_DAY);
  // Rows of a list lie close together, and a Date for each cell costs more than reading it.
  if (day !== lastDay.day) lastDay = { day, text: new Date(day * MS_PER_DAY).toISOString().slice(0, 'YYYY-MM-DDT'.length) };
  const inDay = ms - day * MS_PER_DAY;
  const second = Math.floor(inDay / 1_000);
  const iso = `${lastDay.text}${two(Math.floor(second / 3_600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}.${three(inDay % 1_000)}`;
  return precision === 'ms' ? `${iso}Z` : `${iso}${three(at - ms * MICROS_PER_MS)}Z`;
}

const MS_PER_DAY = 86_400_000;

/** The day that was written last. */
let lastDay = { day: 0, text: '1970-01-01T' };

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const three = (value: number): string => (value < 100 ? `0${two(value)}` : String(value));

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

// Of thousands of events a second nearly all are of the same day.
let lastDate = '';

// Date.parse turns 2026-02-30 into 2 March; a date that does not exist is a mistake to name.
function isCalendarDate(date: string): boolean {
  if (date === lastDate) return true;
  if (!new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)) return false;
  lastDate = date;
  return true;
}
