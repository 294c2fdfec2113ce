import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { MICROS_PER_SECOND, toIso, type Micros } from '../time.js';
import { secondsTitle, timeText, type TimeText, type Tone } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
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
  /** The same in seconds, for who points at it. */
  readonly lastedTitle: string;
  readonly reason: string;
  /** What became of its calls, where the list is about calls. */
  readonly calls: string;
  readonly tone: Tone;
}

const SHORT: Micros = 10 * MICROS_PER_SECOND;

export function gapView(gap: CaptureGap, zone: ReaderZone, language: Language, { ownPbx, calls }: { readonly ownPbx: string; readonly calls: boolean }): GapView {
  return {
    ...timesOf(gap.from, gap.to, zone, language),
    lead: leadOf(gap, gap.pbx === ownPbx, language),
    reason: visible(language.said(gap.reason)),
    calls: calls && gap.kind === 'GAP' ? callsText(gap, language) : '',
    tone: calls && gap.recovery === 'failed' ? 'bad' : 'plain',
  };
}

function leadOf({ kind, lost, pbx: name }: CaptureGap, own: boolean, { t }: Language): string {
  const pbx = visible(name);
  if (kind === 'GAP') return own ? t('Not listening') : t('Not listening to {{pbx}}', { pbx });
  const count = lost ?? 0;
  return own ? t('{{count}} events were left out', { count }) : t('{{count}} events were left out of {{pbx}}', { count, pbx });
}

/** Many at one place, as one line. */
export function gapsView(gaps: readonly CaptureGap[], zone: ReaderZone, language: Language): GapView {
  const { t } = language;
  const silent = gaps.filter(({ kind }) => kind === 'GAP');
  const lost = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
  const all = silent.reduce((sum, { from, to }) => sum + to - from, 0);
  const parts = [...(silent.length > 0 ? [t('Not listening {{count}} times', { count: silent.length })] : []), ...(lost > 0 ? [t('{{count}} events left out', { count: lost })] : [])];
  return {
    ...timesOf(Math.min(...gaps.map(({ from }) => from)), Math.max(...gaps.map(({ to }) => to)), zone, language),
    lead: parts.join(', '),
    lasted: silent.length > 0 ? t('{{duration}} in all', { duration: language.duration(all) }) : '',
    lastedTitle: secondsTitle(all, language),
    reason: '',
    calls: '',
    tone: 'plain',
  };
}

function timesOf(from: Micros, to: Micros, zone: ReaderZone, language: Language): Pick<GapView, 'at' | 'begin' | 'end' | 'lasted' | 'lastedTitle' | 'href'> {
  const [begin, end] = [from, to].map((at) => {
    const time = timeText(at, zone, { type: 'instant' });
    return to - from < SHORT ? time : { ...time, fraction: '' };
  }) as [TimeText, TimeText];
  const sameDay = zone.local(from).date === zone.local(to).date;
  const parameters = new URLSearchParams({ from: toIso(from, 'us'), to: toIso(to, 'us') });
  return { at: to, begin, end: sameDay ? { ...end, text: zone.local(to).clock } : end, lasted: language.duration(to - from), lastedTitle: secondsTitle(to - from, language), href: `/capture-gaps?${parameters.toString()}` };
}

function callsText({ recovery, recoveryNote, recoveredCalls }: CaptureGap, { t, said }: Language): string {
  const note = visible(said(recoveryNote ?? ''));
  const found = recoveredCalls === null ? sentence(note) : note === '' ? t('Recovered: {{count}} calls.', { count: recoveredCalls }) : t('Recovered: {{note}}.', { note });
  switch (recovery) {
    case 'done':
      return found;
    case 'once':
      return `${found} ${t('They are looked for once more.')}`;
    case 'failed':
      return t('Calls could not all be recovered: {{reason}}', { reason: note });
    case 'none':
      return t('Calls may be missing: {{reason}}.', { reason: note });
    default:
      return t('Its calls are being looked for.');
  }
}

const sentence = (text: string): string => (text === '' ? '' : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`);
