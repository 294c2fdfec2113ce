import type { FoldedCall } from '../logs/cdr/folded-call.js';
import type { LegStory } from '../logs/cdr/leg-phases.js';
import type { SessionEvent } from '../logs/sip-session/around.js';
import { MICROS_PER_SECOND } from '../time.js';
import { candidateNames } from './cells.js';
import type { CallDetail } from './call-detail.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { mark } from './texts/mark.js';
import { barEntry, clockTicks, elapsedTicks, markEntry, scaleOf, type Mark, type MarkKind, type Timeline } from './timeline.js';
import type { ReaderZone } from './zone.js';

const PHASES = { ring: mark('Ringing, or being tried'), talk: mark('Talking'), line: mark('With the PBX: announcement, queue, voicemail') } as const;

/** The legs of a call, from its begin to its end. */
export function legsTimeline(call: FoldedCall, stories: readonly LegStory[], language: Language): Timeline {
  const { t, list } = language;
  // A call that failed at once took no time.
  const scale = scaleOf({ from: call.begin, to: Math.max(call.end, call.begin + MICROS_PER_SECOND) });
  const kinds = (['ring', 'talk', 'line'] as const).filter((kind) => stories.some(({ phases }) => phases.some((phase) => phase.kind === kind)));
  return {
    label: t('The legs of the call: {{legs}}. The table that follows has all numbers.', { legs: list(stories.map(({ party, leg }) => `${visible(party)} ${leg.disposition}`)) }),
    ticks: elapsedTicks(scale, language),
    lanes: stories.map((story, index) => ({
      title: `${index + 1}. ${visible(story.caller || story.leg.src)} → ${visible(story.party) || '–'}`,
      note: story.queue === null ? story.leg.disposition : `${story.leg.lastapp} ${visible(story.queue)} · ${story.leg.disposition}`,
      bars: story.phases.flatMap((phase) => scale.bars(phase.kind, [phase])),
      marks: story.phases.length === 0 ? [scale.moment('off', story.begin)] : [],
    })),
    legend: kinds.map((kind) => barEntry(kind, t(PHASES[kind]))),
  };
}

const MARKS: Readonly<Record<MarkKind, string>> = {
  on: 'REGISTER',
  off: 'UNREGISTER',
  refused: mark('REGISTER, refused'),
  connect: 'CONNECT',
  disconnect: 'DISCONNECT',
  unsure: mark('One of several accounts'),
};

/** How a row is drawn. */
function markOf({ row, standing }: SessionEvent): MarkKind {
  if (row.binding === 'ambiguous') return 'unsure';
  if (standing !== null) return standing;
  if (row.event === 'CONNECT') return 'connect';
  if (row.event === 'DISCONNECT') return 'disconnect';
  return row.event === 'UNREGISTER' ? 'off' : row.details === '200 OK' ? 'on' : 'refused';
}

/** The accounts of a call before, during and after it. */
export function aroundTimeline({ call, window, accounts, events, gaps }: CallDetail, zone: ReaderZone, language: Language): Timeline {
  const { t, list } = language;
  const scale = scaleOf(window);
  const unheard = gaps.filter(({ kind }) => kind === 'GAP');
  const own = (name: string): readonly SessionEvent[] => events.events.filter(({ row }) => row.peername === name || (row.binding === 'ambiguous' && candidateNames(row.candidates).includes(name)));
  const marks = (name: string): Mark[] => own(name).map((event) => scale.moment(markOf(event), event.row.timestamp));
  const drawn = new Set(accounts.flatMap(({ name }) => marks(name).map(({ kind }) => kind)));
  return {
    label: [
      t('What {{accounts}} did around the call: {{count}} events.', { accounts: list(accounts.map(({ name }) => visible(name))), count: events.events.length }),
      ...(unheard.length > 0 ? [t('The PBX was not heard all the time.')] : []),
      t('The table that follows has them all.'),
    ].join(' '),
    ticks: clockTicks(scale, zone, language),
    lanes: [
      { title: t('The call'), note: call.disposition, bars: scale.bars('call', [{ from: call.begin, to: call.end }]), marks: [] },
      ...accounts.map(({ name, description, onLine, offLine }) => ({
        title: visible(name),
        note: visible(description ?? ''),
        bars: [...scale.bars('within', [{ from: call.begin, to: call.end }]), ...scale.bars('online', onLine), ...scale.bars('offline', offLine), ...scale.bars('unheard', unheard)],
        marks: marks(name),
      })),
    ],
    legend: [
      barEntry('online', t('On line')),
      barEntry('offline', t('Off line')),
      ...(unheard.length > 0 ? [barEntry('unheard', t('Not known: the PBX was not heard'))] : []),
      ...(Object.keys(MARKS) as MarkKind[]).filter((kind) => drawn.has(kind)).map((kind) => markEntry(kind, t(MARKS[kind]))),
    ],
  };
}
