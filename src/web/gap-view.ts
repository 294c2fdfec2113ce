import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { MICROS_PER_SECOND, toIso, type Micros } from '../time.js';
import { timeText, type TimeText, type Tone } from './cells.js';
import { durationText, formatCount, visible } from './display-text.js';
import type { ReaderZone } from './zone.js';

/** A line in a list about a time of which something is missing. */
export interface GapView {
  /** `Not listening`; leads to the gaps of that time. */
  readonly lead: string;
  readonly href: string;
  /** Where it stands in a list that begins with the newest, in microseconds: above all that happened in it. */
  readonly at: Micros;
  readonly begin: TimeText;
  readonly end: TimeText;
  /** `1 min 4 s`. */
  readonly lasted: string;
  readonly reason: string;
  /** What became of its calls, where the list is about calls. */
  readonly calls: string;
  readonly tone: Tone;
}

const SHORT: Micros = 10 * MICROS_PER_SECOND;

export function gapView(gap: CaptureGap, zone: ReaderZone, { ownPbx, calls }: { readonly ownPbx: string; readonly calls: boolean }): GapView {
  const pbx = gap.pbx === ownPbx ? '' : ` to ${visible(gap.pbx)}`;
  const lost = gap.lost ?? 0;
  return {
    ...timesOf(gap.from, gap.to, zone),
    lead: gap.kind === 'LOSS' ? `${formatCount(lost)} ${lost === 1 ? 'event was' : 'events were'} left out${pbx === '' ? '' : ` of ${visible(gap.pbx)}`}` : `Not listening${pbx}`,
    reason: visible(gap.reason),
    calls: calls && gap.kind === 'GAP' ? callsText(gap) : '',
    tone: calls && gap.recovery === 'failed' ? 'bad' : 'plain',
  };
}

/** Many at one place, as one line. */
export function gapsView(gaps: readonly CaptureGap[], zone: ReaderZone): GapView {
  const silent = gaps.filter(({ kind }) => kind === 'GAP');
  const lost = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
  const all = silent.reduce((sum, { from, to }) => sum + to - from, 0);
  const parts = [...(silent.length > 0 ? [`Not listening ${silent.length} times`] : []), ...(lost > 0 ? [`${formatCount(lost)} events left out`] : [])];
  return {
    ...timesOf(Math.min(...gaps.map(({ from }) => from)), Math.max(...gaps.map(({ to }) => to)), zone),
    lead: parts.join(', '),
    lasted: silent.length > 0 ? `${durationText(all)} in all` : '',
    reason: '',
    calls: '',
    tone: 'plain',
  };
}

function timesOf(from: Micros, to: Micros, zone: ReaderZone): Pick<GapView, 'at' | 'begin' | 'end' | 'lasted' | 'href'> {
  const [begin, end] = [from, to].map((at) => {
    const time = timeText(at, zone, { type: 'instant' });
    return to - from < SHORT ? time : { ...time, fraction: '' };
  }) as [TimeText, TimeText];
  const sameDay = zone.local(from).date === zone.local(to).date;
  const parameters = new URLSearchParams({ from: toIso(from, 'us'), to: toIso(to, 'us') });
  return { at: to, begin, end: sameDay ? { ...end, text: zone.local(to).clock } : end, lasted: durationText(to - from), href: `/capture-gaps?${parameters.toString()}` };
}

function callsText({ recovery, recoveryNote, recoveredCalls }: CaptureGap): string {
  const note = visible(recoveryNote ?? '');
  switch (recovery) {
    case 'done':
      return foundText(note, recoveredCalls);
    case 'once':
      return `${foundText(note, recoveredCalls)} They are looked for once more.`;
    case 'failed':
      return `Calls could not all be recovered: ${note}`;
    case 'none':
      return `Calls may be missing: ${note}.`;
    default:
      return 'Its calls are being looked for.';
  }
}

const foundText = (note: string, calls: number | null): string => (calls === null ? sentence(note) : `Recovered: ${note === '' ? `${calls} ${calls === 1 ? 'call' : 'calls'}` : note}.`);

const sentence = (text: string): string => (text === '' ? '' : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`);
