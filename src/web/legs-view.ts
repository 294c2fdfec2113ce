import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import { legStories } from '../logs/cdr/leg-phases.js';
import type { Columns, LogDefinition } from '../logs/columns.js';
import { cellsOf, toneOf, type Cell, type Tone } from './cells.js';
import { visible } from './display-text.js';
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

const legs: LogDefinition = {
  ...cdrs,
  columns: Object.fromEntries(SHOWN.flatMap((name) => Object.entries(cdrs.columns as Columns).filter(([own]) => own === name).map(([own, column]) => [own, { ...column, listed: true as const }]))),
};

/** Null for a call of a single leg, of which the call's own row says all. */
export function legsView(call: FoldedCall, zone: ReaderZone): LegsView | null {
  if (call.legs.length < 2) return null;
  const parties = legStories(call).filter(({ relayed, party }) => !relayed && party !== '').map(({ party, leg }) => ({ name: visible(party), word: wordOf(leg), tone: toneOf(leg.disposition) }));
  return {
    count: call.legs.length,
    parties: parties.slice(0, MOST_PARTIES),
    more: Math.max(0, parties.length - MOST_PARTIES),
    caption: `Legs of the call from ${visible(call.from)} to ${visible(call.to)}`,
    heads: plainHeads(legs, zone),
    rows: call.legs.slice(0, MOST_LEGS).map((leg) => cellsOf(legs, leg, zone).map(({ href: _href, ...cell }) => cell)),
    allHref: call.legs.length > MOST_LEGS ? `/cdrs?${new URLSearchParams({ linkedid: call.linkedid }).toString()}` : null,
  };
}

/** `no answer` */
export const wordOf = ({ disposition }: Pick<Cdr, 'disposition'>): string => disposition.toLowerCase().replace('_', ' ');
