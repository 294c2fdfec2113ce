import { CALL_COLUMNS, callRecord } from '../logs/cdr/call-columns.js';
import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import { secondsOf, type LegStory } from '../logs/cdr/leg-phases.js';
import { isInstant, type Column, type LogRecord } from '../logs/columns.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { toIso, type Micros } from '../time.js';
import { accountPageHref, callHref, rowsOf, secondsText, secondsTitle, timeText, toneOf, type Cell, type TimeText, type Tone } from './cells.js';
import { AROUND, type Around, type CallDetail, type PartyAccount } from './call-detail.js';
import { aroundTimeline, legsTimeline } from './call-timelines.js';
import { visible } from './display-text.js';
import { gapView, type GapView } from './gap-view.js';
import type { Language } from './language.js';
import { plainHeads, type Head } from './listing-view.js';
import type { Reader } from './account-view.js';
import { mark } from './texts/mark.js';
import type { Timeline } from './timeline.js';
import type { ReaderZone } from './zone.js';

interface Field {
  readonly title: string;
  readonly text: string;
  readonly time: TimeText | null;
  /** Takes a line of its own. */
  readonly wide: boolean;
}

/** A duration, or what stands in its place. */
type Length = Pick<Field, 'text' | 'time'>;

interface LegView {
  readonly number: number;
  readonly begin: TimeText;
  readonly from: string;
  readonly to: string;
  /** `Queue support` */
  readonly via: string;
  /** What must be known to read it right. */
  readonly notes: readonly string[];
  readonly ring: Length;
  readonly talk: Length;
  readonly line: Length;
  readonly tone: Tone;
  readonly word: string;
  readonly fields: readonly Field[];
}

interface PartyView {
  readonly name: string;
  readonly description: string;
  readonly href: string | null;
  readonly tone: Tone;
  readonly standing: string;
  readonly before: { readonly event: string; readonly details: string; readonly at: TimeText; readonly ago: string; readonly agoTitle: string; readonly remoteAddress: string; readonly userAgent: string } | null;
  readonly warning: string;
  /** By what it is taken to be of this call, where no channel says it. */
  readonly by: string;
}

/** All that the page of a call shows. */
export interface CallView {
  readonly from: string;
  readonly to: string;
  readonly tone: Tone;
  readonly word: string;
  readonly begin: TimeText;
  readonly zone: string;
  readonly fields: readonly Field[];
  readonly legsHref: string | null;
  readonly jsonHref: string;
  readonly legs: readonly LegView[];
  readonly moreLegs: number;
  readonly ringUntold: boolean;
  readonly legsTimeline: Timeline;
  readonly ranges: readonly { readonly title: string; readonly href: string; readonly current: boolean }[];
  readonly parties: readonly PartyView[];
  readonly aroundTimeline: Timeline | null;
  readonly gaps: readonly GapView[];
  readonly events: { readonly heads: readonly Head[]; readonly rows: readonly (readonly Cell[])[] };
  readonly complete: boolean;
  readonly sessionsHref: string;
}

/** A call that an agent keeps up all day has hundreds. */
export const MOST_LEGS = 100;

const TITLES: Readonly<Record<Around, string>> = { '1m': mark('One minute'), '10m': mark('Ten minutes'), '1h': mark('One hour') };

export function callView(detail: CallDetail, { zone, tz, language, ownPbx }: Reader & { readonly ownPbx: string }): CallView {
  const { t } = language;
  const { call, stories, around, window, accounts, events, gaps } = detail;
  const address = callHref({ linkedid: call.linkedid, uniqueid: '', id: call.id, pbx: call.pbx });
  const shown = stories.slice(0, MOST_LEGS);
  return {
    from: visible(call.from) || t('unknown'),
    to: visible(call.to) || t('unknown'),
    tone: toneOf(call.disposition),
    word: call.disposition,
    begin: instantText(call.begin, zone),
    zone: zone.name,
    fields: fieldsOf(CALL_COLUMNS, callRecord(call), zone, language, ['begin', 'disposition', 'legs']).filter(({ text, time }) => time !== null || text !== '–'),
    legsHref: call.linkedid === '' ? null : `/cdrs?${new URLSearchParams({ linkedid: call.linkedid }).toString()}`,
    jsonHref: `/api/v1${withParameters(address, { around })}`,
    legs: shown.map((story, index) => legView(story, index + 1, zone, language)),
    moreLegs: stories.length - shown.length,
    ringUntold: shown.some(({ ringUntold }) => ringUntold),
    legsTimeline: legsTimeline(call, shown, language),
    ranges: AROUND.map((name) => ({ title: t(TITLES[name]), href: `${withParameters(address, { around: name, ...(tz === null ? {} : { tz }) })}#around`, current: name === around })),
    parties: accounts.map((account) => partyView(account, call.pbx, call.begin, zone, language)),
    aroundTimeline: accounts.length === 0 ? null : aroundTimeline(detail, zone, language),
    gaps: gaps.map((gap) => gapView(gap, zone, language, { ownPbx, calls: true })),
    events: { heads: plainHeads(sipSessions, zone, language), rows: rowsOf(sipSessions, events.events.map(({ row }) => row), zone, language) },
    complete: events.complete,
    sessionsHref: `/sip-sessions?${new URLSearchParams({ from: toIso(window.from, 'us'), to: toIso(window.to, 'us'), sort: 'timestamp', order: 'asc' }).toString()}`,
  };
}

const withParameters = (address: string, parameters: Readonly<Record<string, string>>): string =>
  `${address}${address.includes('?') ? '&' : '?'}${new URLSearchParams(parameters).toString()}`;

const instantText = (at: Micros, zone: ReaderZone): TimeText => timeText(at, zone, { type: 'precise-instant', optional: true });

function legView(story: LegStory, number: number, zone: ReaderZone, language: Language): LegView {
  const { t } = language;
  const { leg, caller, party, queue, relayed, goesOnFrom, ringUntold } = story;
  const seconds = (kind: 'ring' | 'talk' | 'line'): Length => (story.phases.some((phase) => phase.kind === kind) ? { text: '', time: secondsText(secondsOf(story, kind), language) } : { text: '–', time: null });
  return {
    number,
    begin: instantText(leg.callDate, zone),
    from: visible(caller || leg.src) || '–',
    to: visible(party) || '–',
    via: queue === null ? visible(leg.lastapp) : `${leg.lastapp} ${visible(queue)}`.trim(),
    notes: [
      ...(goesOnFrom === null ? [] : [t('goes on from leg {{leg}}: transferred, or sent on by the dial plan', { leg: goesOnFrom })]),
      ...(relayed ? [t('half of a Local channel: the other half says what came of it')] : []),
      ...(leg.asteriskDisposition === leg.disposition || leg.asteriskDisposition.replace(' ', '_') === leg.disposition || leg.asteriskDisposition === '' ? [] : [t('Asterisk says {{word}}', { word: visible(leg.asteriskDisposition) })]),
    ],
    ring: ringUntold ? { text: t('not told'), time: null } : seconds('ring'),
    talk: seconds('talk'),
    line: seconds('line'),
    tone: toneOf(leg.disposition),
    word: leg.disposition,
    fields: [...fieldsOf(cdrs.columns, leg, zone, language, ['extra']), ...extraFields(leg, language)],
  };
}

function fieldsOf(columns: Readonly<Record<string, Omit<Column, 'db'>>>, record: LogRecord, zone: ReaderZone, language: Language, without: readonly string[]): Field[] {
  const { t } = language;
  return Object.entries(columns)
    .filter(([name]) => !without.includes(name))
    .map(([name, column]) => {
      const value = record[name] ?? null;
      if (value === null || value === '') return { title: t(column.title), text: '–', time: null, wide: false };
      if (isInstant(column)) return { title: t(column.title), text: '', time: instantText(Number(value), zone), wide: false };
      if (column.type === 'seconds') return { title: t(column.title), text: '', time: secondsText(Number(value), language), wide: false };
      const text = visible(String(value));
      return { title: t(column.title), text, time: null, wide: text.length > 40 };
    });
}

/** What the PBX said besides, field by field; a text that is no JSON object is shown as it is. */
function extraFields({ extra }: Cdr, { t }: Language): Field[] {
  if (extra === null) return [];
  const field = (title: string, text: string): Field => ({ title, text: visible(text), time: null, wide: text.length > 40 });
  try {
    const parsed: unknown = JSON.parse(extra);
    if (typeof parsed === 'object' && parsed !== null) return Object.entries(parsed).map(([name, value]) => field(visible(name), String(value)));
  } catch {
    // Cut off where it was too long.
  }
  return [field(t(cdrs.columns.extra.title), extra)];
}

function partyView({ name, by, description, known, before, heardSince }: PartyAccount, pbx: string, begin: Micros, zone: ReaderZone, language: Language): PartyView {
  const { t, duration } = language;
  const { row } = before ?? {};
  const ago = row ? duration(begin - row.timestamp) : '';
  const standing =
    before === null
      ? known
        ? t('Not known: no registration in the month before the call')
        : t('Not an account whose registration is known')
      : before.standing === 'on'
        ? t('On line as the call began')
        : t('Off line for {{duration}} as the call began', { duration: ago });
  return {
    name: visible(name),
    description: visible(description ?? ''),
    href: known ? accountPageHref(pbx, name) : null,
    tone: before === null ? 'plain' : before.standing === 'on' ? 'good' : 'bad',
    standing,
    before: row ? { event: row.event, details: visible(row.details), at: timeText(row.timestamp, zone, { type: 'instant' }), ago, agoTitle: secondsTitle(begin - row.timestamp, language), remoteAddress: visible(row.remoteAddress ?? ''), userAgent: visible(row.userAgent ?? '') } : null,
    by: by === 'channel' ? '' : by === 'dialled' ? t('was dialled; no channel of it came to be') : t('by its number; no channel of it was in the call'),
    warning: heardSince ? '' : t('The PBX was not heard all the time between that and the call.'),
  };
}
