import type { Attempt, DueGap } from '../logs/capture-gap/recovery.js';
import { MICROS_PER_SECOND, toIso, type Micros } from '../time.js';

const MINUTE: Micros = 60 * MICROS_PER_SECOND;
const HOUR: Micros = 60 * MINUTE;

/** A call that ended in a gap may have begun so long before it. */
const LONGEST_CALL: Micros = 24 * HOUR;
/** What ended so shortly before a gap may not have been told any more. */
const UNTOLD: Micros = 15 * MINUTE;
/** After so long everything is written, also by a PBX whose cdr.conf says batch. */
export const WRITTEN_LATE: Micros = 10 * MINUTE;
/** With pauses of 1, 2, 4 … 60 minutes: about a day. */
const MOST_TRIES = 30;

/** Gaps so near one another that one look into the sources serves them all. */
export interface GapGroup<G> {
  readonly gaps: readonly G[];
  /** The calls of it began in `[from, to)` and had not ended before `endedFrom`. */
  readonly from: Micros;
  readonly to: Micros;
  readonly endedFrom: Micros;
}

/** Gaps in the order in which they began. */
export function groupGaps<G extends Pick<DueGap, 'from' | 'to'>>(gaps: readonly G[]): GapGroup<G>[] {
  const groups: GapGroup<G>[] = [];
  for (const gap of gaps) {
    const last = groups.at(-1);
    if (last && gap.from - LONGEST_CALL < last.to) groups.splice(-1, 1, { ...last, gaps: [...last.gaps, gap], to: Math.max(last.to, gap.to) });
    else groups.push({ gaps: [gap], from: gap.from - LONGEST_CALL, to: gap.to, endedFrom: gap.from - UNTOLD });
  }
  return groups;
}

/** The gap in which a recovered call was missed; the last one where none tells. */
export function gapOf<G extends Pick<DueGap, 'from' | 'to'>>(gaps: readonly G[], call: { readonly callDate: Micros; readonly endDate: Micros | null }): G | undefined {
  const ended = call.endDate ?? call.callDate;
  return gaps.find(({ from, to }) => ended >= from && ended < to) ?? gaps.find(({ from, to }) => call.callDate < to && ended >= from - UNTOLD) ?? gaps.at(-1);
}

/** What one look into the sources gave for one gap. */
export interface Found {
  /** How many calls were added, by the name of the source. */
  readonly added: readonly { readonly source: string; readonly calls: number }[];
  /** Parts that could not be read, each with a next step. */
  readonly failures: readonly string[];
  /** How many recovered calls that ended in the gap are in the log now: an attempt that was killed could not count its own. */
  readonly there: number;
}

export const NO_SOURCE = 'set CDR_CSV or CDR_SQL_URL to recover calls';

export const withoutSource = (gap: DueGap): Attempt => ({
  recovery: gap.recovery === 'once' ? 'done' : 'none',
  recoveredCalls: gap.recoveredCalls,
  note: gap.recovery === 'once' ? gap.note : NO_SOURCE,
  tries: gap.tries,
  due: 0,
});

/** Where a gap stands after a look into its sources. */
export function afterLook(gap: DueGap, { added, failures, there }: Found, now: Micros): Attempt {
  const recoveredCalls = Math.max(there, added.reduce((sum, { calls }) => sum + calls, gap.recoveredCalls));
  const found = noteOf(recoveredCalls, gap, added);
  if (failures.length > 0) {
    const tries = gap.tries + 1;
    const gaveUp = tries >= MOST_TRIES;
    const end = gaveUp ? `given up after a day; put it right and restart, or import by hand: logbook backfill --source csv|sql --from ${toIso(gap.from - LONGEST_CALL)} --to ${toIso(gap.to)}` : '';
    const note = [...(recoveredCalls > 0 ? [found] : []), ...failures, ...(gaveUp ? [end] : [])].join('; ');
    return { recovery: 'failed', recoveredCalls, note, tries, due: gaveUp ? 0 : now + Math.min(2 ** (tries - 1) * MINUTE, HOUR) };
  }
  const again = gap.to + WRITTEN_LATE;
  const done = now >= again;
  // By the PBX's clock the end may lie in the future.
  return { recovery: done ? 'done' : 'once', recoveredCalls, note: found, tries: 0, due: done ? 0 : Math.min(again, now + WRITTEN_LATE) };
}

function noteOf(total: number, gap: DueGap, added: Found['added']): string {
  const sources = added.map(({ source }) => source);
  if (total === 0) return `no call was missing in ${sources.join(' and ')}`;
  if (sources.length === 1) return `${callsText(total)} from ${sources.join()}`;
  const some = added.filter(({ calls }) => calls > 0);
  if (some.reduce((sum, { calls }) => sum + calls, 0) === total) return some.map(({ source, calls }) => `${callsText(calls)} from ${source}`).join(', ');
  return some.length === 0 && gap.recoveredCalls === total && gap.recovery === 'once' ? gap.note : `${callsText(total)} from ${sources.join(' and ')}`;
}

const callsText = (calls: number): string => `${calls} ${calls === 1 ? 'call' : 'calls'}`;
