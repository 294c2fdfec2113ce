import { IANAZone } from 'luxon';
import { CommandError } from '../errors.js';
import type { KnownOffsets } from '../logs/cdr/pbx-offsets.js';
import { instantsOfLocal, wallClock, type WallClock } from '../logs/cdr/zone.js';
import { fromMs, MICROS_PER_SECOND, toIso, toMs, type Micros } from '../time.js';

/** The clock on the wall that a source's times were read from. */
export interface SourceClock {
  /** For the report, such as `Europe/Rome` or `UTC+02:00, as the PBX says`. */
  readonly name: string;
  readonly instants: WallClock;
  /** What it shows at an instant, read as if it were UTC. */
  local(at: Micros): Micros;
  /** What the reader of the report should know about the choice, null where it was named. */
  readonly note: string | null;
}

export interface ClockChoice {
  /** The setting that names the zone, and what it says. */
  readonly setting: 'CDR_CSV_ZONE' | 'CDR_SQL_ZONE';
  readonly zone: string | null;
  readonly timeZone: string;
  /** The source itself shows that its times were UTC at this instant; null where it does not. */
  readonly utcAt: Micros | null;
  /** What the PBX has told of its own zone. */
  readonly known: KnownOffsets;
  /** The calls that are wanted began in `[from, to)`. */
  readonly from: Micros;
  readonly to: Micros;
}

/**
 * The named zone; else UTC, where the source shows it while the PBX is elsewhere; else the PBX's own, where it has told it for all of the time; else TIME_ZONE, where nothing
 * speaks against it. Throws CommandError (2) rather than place calls where they certainly were not.
 */
export function chooseClock({ setting, zone, utcAt, timeZone, known, from, to }: ClockChoice): SourceClock {
  if (zone !== null) return namedClock(zone, null);
  const told = runAround(known, from, to);
  if (utcAt !== null && offsetAt(known, timeZone, utcAt) !== 0) return namedClock('UTC', `the unique ids show that its times are UTC (usegmtime), so UTC was taken; ${setting} names another`);
  if (told) return toldClock(told);
  if (known.length === 0) return namedClock(timeZone, `the PBX has not told its zone yet, so TIME_ZONE was taken; ${setting} names another`);
  const otherwise = known.find((span) => !agrees(timeZone, span));
  if (otherwise) {
    throw new CommandError(
      `${setting}: the PBX's clock is not that of TIME_ZONE (${toIso(otherwise.from).slice(0, 10)} it was ${offsetText(otherwise.offsetSeconds)}, ${timeZone} was not), and it has not told its zone for all of the time asked for; set ${setting}`,
      2,
    );
  }
  return namedClock(timeZone, `the PBX has not told its zone for all of this time, so TIME_ZONE was taken, which fits what it has told; ${setting} names another`);
}

export function namedClock(name: string, note: string | null = null): SourceClock {
  const zone = IANAZone.create(name);
  return { name, note, instants: wallClock(name), local: (at) => at + fromMs(zone.offset(toMs(at)) * 60_000) };
}

function toldClock(told: KnownOffsets): SourceClock {
  const names = [...new Set(told.map(({ offsetSeconds }) => offsetText(offsetSeconds)))];
  return {
    name: `${names.join(' and ')}, as the PBX says`,
    note: null,
    instants: (local) => instantsOfLocal({ spans: told }, local),
    local: (at) => at + (told.findLast((span) => at >= span.from) ?? told[0] ?? { offsetSeconds: 0 }).offsetSeconds * MICROS_PER_SECOND,
  };
}

/** Seconds that the PBX was ahead of UTC, as far as one knows. */
function offsetAt(known: KnownOffsets, timeZone: string, at: Micros): number {
  return known.find(({ from, until }) => at >= from && at < until)?.offsetSeconds ?? IANAZone.create(timeZone).offset(toMs(at)) * 60;
}

/** The part of what is known that holds all of `[from, to)` without a hole; null when none does. */
function runAround(known: KnownOffsets, from: Micros, to: Micros): KnownOffsets | null {
  const first = known.findIndex((span) => span.from <= from && span.until > from);
  if (first === -1) return null;
  const run: KnownOffsets[number][] = [];
  for (const span of known.slice(first)) {
    if (run.length > 0 && run.at(-1)?.until !== span.from) return null;
    run.push(span);
    if (span.until >= to) return run;
  }
  return null;
}

function agrees(timeZone: string, { from, until, offsetSeconds }: KnownOffsets[number]): boolean {
  const zone = IANAZone.create(timeZone);
  return [from, (from + until) / 2, until - MICROS_PER_SECOND].every((at) => zone.offset(toMs(at)) * 60 === offsetSeconds);
}

function offsetText(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  return `UTC${seconds < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
