import { cdrs } from '../logs/cdr/columns.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import { legStories } from '../logs/cdr/leg-phases.js';
import type { LogDefinition } from '../logs/columns.js';
import { rowsOf, timeText, toneOf, type Cell, type Tone } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { plainHeads, type Head } from './listing-view.js';
import type { ReaderZone } from './zone.js';

/** The legs of a call, as a list has them beneath the call. */
export interface LegsView {
  readonly count: number;
  /** Who was sought and what came of it, in the order of the legs. */
  readonly parties: readonly { readonly name: string; readonly word: string; readonly tone: Tone }[];
  /** More were sought than stand there. */
  readonly more: number;
  readonly caption: string;
  readonly heads: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
  /** Only the first are shown; where all are. */
  readonly allHref: string | null;
}

/** What is shown of legs beneath a call. */
const SHOWN: readonly string[] = ['callDate', 'src', 'dst', 'dstchannel', 'lastapp', 'duration', 'billsec', 'disposition'];
const MOST_LEGS = 50;
const MOST_PARTIES = 6;

const { columns }: LogDefinition = cdrs;
// Under a name of its own, a leg's date does not lead to the call that it stands beneath.
const legs: LogDefinition = { ...cdrs, name: 'legs', columns: Object.fromEntries(SHOWN.flatMap((name) => (columns[name] ? [[name, { ...columns[name], listed: true }]] : []))) };

/** Null for a call of a single leg, of which the call's own row says all. */
export function legsView(call: FoldedCall, zone: ReaderZone, language: Language): LegsView | null {
  if (call.legs.length < 2) return null;
  const parties = legStories(call).filter(({ sought, relayed }) => sought && !relayed).map(({ party, leg }) => ({ name: visible(party), word: leg.disposition, tone: toneOf(leg.disposition) }));
  return {
    count: call.legs.length,
    parties: parties.slice(0, MOST_PARTIES),
    more: Math.max(0, parties.length - MOST_PARTIES),
    caption: language.t('Legs of the call from {{from}} to {{to}}, {{time}}', { from: visible(call.from), to: visible(call.to), time: beginText(call, zone) }),
    heads: plainHeads(legs, zone, language),
    rows: rowsOf(legs, call.legs.slice(0, MOST_LEGS), zone, language),
    allHref: call.legs.length > MOST_LEGS ? `/cdrs?${new URLSearchParams({ linkedid: call.linkedid }).toString()}` : null,
  };
}

// Two calls of one second are told apart, also for those who hear the page.
function beginText({ begin }: FoldedCall, zone: ReaderZone): string {
  const { text, fraction } = timeText(begin, zone, { type: 'precise-instant' });
  return `${text}${fraction}`;
}
