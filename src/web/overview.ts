import type { Knex } from 'knex';
import { messageOf } from '../errors.js';
import { lastRuns, type LastRun } from '../jobs/journal.js';
import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { gapsBetween } from '../logs/capture-gap/store.js';
import { countUpTo, LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import { callsByQuarter, NO_CALLS, tallies, type Tally } from '../logs/statistics/calls.js';
import { countOnLine, type Counted } from '../logs/statistics/presence.js';
import { presence } from '../logs/statistics/presence-store.js';
import { refused, type Refused } from '../logs/statistics/refused.js';
import { lengthOf, union, within, type Span } from '../logs/statistics/spans.js';
import { trunks, type Trunk } from '../logs/statistics/trunks.js';
import { heardPbxs, hearing, type HeardPbx } from '../logs/statistics/unheard.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { hourOf, hoursBetween } from './hours.js';
import type { Readiness } from './readiness.js';
import type { ReaderZone } from './zone.js';

const HOUR: Micros = 3_600 * MICROS_PER_SECOND;
const HOURS = { '24h': 24, '7d': 7 * 24 } as const;

export const RANGES = ['24h', '7d'] as const;
export type RangeName = (typeof RANGES)[number];

/** A trunk that has not been spoken of for so long is not shown any more. */
export const TRUNK_LOOK_BACK: Micros = 7 * 24 * HOUR;
export const MOST_GAPS = 1_000;

export interface OverviewRange extends Span {
  readonly name: RangeName;
  /** Now: the hour that it lies in is the last of the range, and still runs. */
  readonly asOf: Micros;
}

export interface OverviewHour extends Span {
  /** It has not ended yet. */
  readonly running: boolean;
  /** Accounts on line; null where nothing of the hour is known. */
  readonly onLine: Counted | null;
  /** So much of the hour is not known. */
  readonly unknown: Micros;
  readonly calls: Tally;
}

/** All that answers whether everything is all right. */
export interface Overview {
  readonly range: OverviewRange;
  readonly zone: ReaderZone;
  /** The range, hour by hour on the reader's clock. */
  readonly hours: readonly OverviewHour[];
  /** What the service says of itself, or why it does not. */
  readonly readiness: Readiness | string;
  readonly accounts: {
    readonly known: number;
    readonly onLineNow: number;
    /** PBXs that were not heard at all in this time while others were; their accounts are not counted. */
    readonly pbxsLeftOut: readonly string[];
    /** When it is not known who was on line: nobody listened, or more happened than is read. */
    readonly unknown: readonly Span[];
  };
  /** Those that were heard in the range, also by other processes. */
  readonly pbxs: readonly HeardPbx[];
  readonly calls: Tally;
  /** The first of the hours with most calls; null without a call. */
  readonly busiest: OverviewHour | null;
  readonly trunks: readonly Trunk[];
  readonly refused: Refused;
  /** Latest end first, `MOST_GAPS` at most. */
  readonly gaps: readonly CaptureGap[];
  readonly gapsComplete: boolean;
  readonly runs: readonly LastRun[];
  /** As far as `LETTERS_COUNTED`. */
  readonly deadLetters: number;
}

/** From the full hour that held the instant so long ago to the end of the hour that runs, on the reader's clock. */
export function overviewRange(name: RangeName, now: Micros, zone: Pick<ReaderZone, 'offsetAt'>): OverviewRange {
  return { name, from: hourOf(now - HOURS[name] * HOUR, zone).from, to: hourOf(now, zone).to, asOf: now };
}

/**
 * Reads it all, each part bounded by its range or by a number of rows, and one after the other, so that whoever writes
 * still finds a connection. Rejects as the database does.
 */
export async function readOverview(knex: Knex, readiness: () => Promise<Readiness>, name: RangeName, zone: ReaderZone, now: Micros): Promise<Overview> {
  const range = overviewRange(name, now, zone);
  const spans = hoursBetween(range.from, range.to, zone);
  const { counted, accounts } = await accountsOnLine(knex, spans, { from: range.from, to: range.asOf });
  const quarters = await callsByQuarter(knex, range);
  const gaps = await gapsBetween(knex, range.from, range.asOf, MOST_GAPS + 1);
  const calls = tallies(spans, quarters);
  const hours = spans.map(
    (span, index): OverviewHour => ({
      ...span,
      running: span.to > range.asOf,
      onLine: counted[index] ?? null,
      unknown: lengthOf(within(accounts.unknown, span)),
      calls: calls[index] ?? NO_CALLS,
    }),
  );
  return {
    range,
    zone,
    hours,
    readiness: await readiness().catch((error: unknown) => messageOf(error)),
    accounts,
    pbxs: await heardPbxs(knex, { from: range.from, to: range.asOf }),
    calls: tallies([range], quarters)[0] ?? NO_CALLS,
    busiest: busiestOf(hours),
    trunks: await trunks(knex, now - TRUNK_LOOK_BACK),
    refused: await refused(knex, range),
    gaps: gaps.slice(0, MOST_GAPS),
    gapsComplete: gaps.length <= MOST_GAPS,
    runs: await lastRuns(knex),
    deadLetters: await countUpTo(knex, null, LETTERS_COUNTED),
  };
}

async function accountsOnLine(knex: Knex, hours: readonly Span[], untilNow: Span): Promise<{ readonly counted: readonly (Counted | null)[]; readonly accounts: Overview['accounts'] }> {
  const { pbxs, silent, unheard } = await hearing(knex, untilNow);
  const { known, onLineNow, always, spans, knownFrom } = await presence(knex, pbxs, untilNow);
  const unknown = union([...unheard, { from: untilNow.from, to: knownFrom }]);
  return { counted: countOnLine(within(hours, untilNow), spans, always, unknown), accounts: { known, onLineNow, pbxsLeftOut: silent, unknown } };
}

/** The first of those with most calls. */
export function busiestOf<H extends { readonly calls: Pick<Tally, 'total'> }>(hours: readonly H[]): H | null {
  let busiest: H | null = null;
  for (const hour of hours) if (hour.calls.total > (busiest?.calls.total ?? 0)) busiest = hour;
  return busiest;
}

/** How long nobody listened in the range, by these gaps. */
export const silentFor = ({ range }: Overview, gaps: readonly CaptureGap[]): Micros => lengthOf(within(gaps.filter(({ kind }) => kind === 'GAP'), { from: range.from, to: range.asOf }));
