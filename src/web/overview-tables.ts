import { LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import type { RefusedName } from '../logs/statistics/refused.js';
import { lengthOf } from '../logs/statistics/spans.js';
import type { Micros } from '../time.js';
import { accountEventsHref, type TimeText, type Tone } from './cells.js';
import { durationText, formatCount, visible } from './display-text.js';
import { english } from './language.js';
import { gapView } from './gap-view.js';
import { listHref, many } from './overview-text.js';
import { MOST_GAPS, silentFor, type Overview } from './overview.js';
import type { Check } from './readiness.js';

type Clock = (at: Micros) => TimeText;

export interface TrunkRow {
  readonly username: string;
  readonly provider: string;
  readonly href: string;
  readonly tone: Tone;
  readonly state: string;
  readonly since: TimeText;
  /** `since` is only how far was looked back. */
  readonly sinceBefore: boolean;
  readonly heard: TimeText;
}

export const trunkRows = ({ trunks }: Overview, time: Clock): TrunkRow[] =>
  trunks.map(({ username, provider, registered, details, since, sinceBefore, heardAt }) => ({
    username: visible(username),
    provider: visible(provider),
    href: accountEventsHref(username),
    tone: registered ? 'good' : 'bad',
    state: registered ? 'Registered' : visible(details),
    since: time(since),
    sinceBefore,
    heard: time(heardAt),
  }));

interface NameLink {
  readonly text: string;
  readonly attempts: string;
  readonly exists: boolean;
  readonly href: string;
}

export interface RefusedView {
  readonly says: string;
  readonly addresses: readonly {
    readonly address: string;
    /** Its attempts, where all came from one port. */
    readonly href: string | null;
    readonly attempts: string;
    readonly names: readonly NameLink[];
    readonly moreNames: number;
    readonly last: TimeText;
  }[];
  readonly moreAddresses: number;
  readonly names: readonly NameLink[];
  readonly moreNames: number;
}

export function refusedView({ refused, range }: Overview, tz: string | null, time: Clock): RefusedView {
  const { attempts, addressCount, addresses, nameCount, names } = refused;
  const link = ({ name, attempts: own, exists }: RefusedName): NameLink => ({
    text: name === '' ? '(none)' : visible(name),
    attempts: formatCount(own),
    exists,
    href: listHref('sip-sessions', { event: 'REGISTER', ...(name === '' ? {} : { peername: name }) }, range, tz),
  });
  return {
    says:
      attempts === 0
        ? 'Nobody was turned away in this time.'
        : `${many(attempts, 'attempt')} from ${many(addressCount, 'address', 'addresses')}, with ${many(nameCount, 'name')}${names.some(({ exists }) => exists) ? '; some of the names are accounts of yours' : ', none of the most tried an account of yours'}.`,
    addresses: addresses.map(({ address, attempts: own, lastAt, socket, nameCount: tried, names: most }) => ({
      address: address === '' ? '(not told)' : visible(address),
      href: socket === null ? null : listHref('sip-sessions', { event: 'REGISTER', remoteAddress: socket }, range, tz),
      attempts: formatCount(own),
      names: most.map(link),
      moreNames: tried - most.length,
      last: time(lastAt),
    })),
    moreAddresses: addressCount - addresses.length,
    names: names.map(link),
    moreNames: nameCount - names.length,
  };
}

export interface StateRow {
  readonly title: string;
  readonly tone: Tone;
  readonly word: string;
  readonly text: string;
  readonly href: string | null;
}

/** What recording stands on, part by part. */
export function stateRows({ readiness, deadLetters }: Overview, pbxName: string): StateRow[] {
  const letters: StateRow = {
    title: 'Dead letters',
    tone: deadLetters === 0 ? 'good' : 'caution',
    word: deadLetters === 0 ? 'None' : `${formatCount(deadLetters)}${deadLetters < LETTERS_COUNTED ? '' : ' or more'}`,
    text: deadLetters === 0 ? 'every event became a row' : 'events that could not be translated or written',
    href: deadLetters === 0 ? null : '/dead-letters',
  };
  if (typeof readiness === 'string') return [{ title: 'Service', tone: 'bad', word: 'Not known', text: visible(readiness), href: null }, letters];
  const row = (title: string, { ok, message, warnings = [] }: Check): StateRow => ({
    title,
    tone: !ok ? 'bad' : warnings.length > 0 ? 'caution' : 'good',
    word: !ok ? 'In trouble' : warnings.length > 0 ? 'Works, with a warning' : 'Works',
    text: visible(message),
    href: null,
  });
  const { ami, database, spool, jobs } = readiness;
  return [row(`PBX ${visible(pbxName)}`, ami), row('Database', database), row('Spool', spool), row('Background jobs', jobs), letters];
}

export interface GapsTable {
  readonly says: string;
  readonly rows: readonly {
    readonly begin: TimeText;
    readonly href: string;
    readonly lasted: string;
    readonly lead: string;
    readonly reason: string;
    /** What became of its calls. */
    readonly calls: string;
    readonly tone: Tone;
  }[];
  /** How many more there are; '' where all are shown. */
  readonly more: string;
  /** The list of them all. */
  readonly href: string;
}

const SHOWN_GAPS = 10;

export function gapsTable(overview: Overview, pbxName: string, tz: string | null, time: Clock): GapsTable {
  const { gaps, gapsComplete, range, zone } = overview;
  const total = gapsComplete ? many(gaps.length, 'gap') : `More than ${formatCount(MOST_GAPS)} gaps`;
  const rows = gaps.slice(0, SHOWN_GAPS).map((gap) => ({ ...gapView(gap, zone, english, { ownPbx: pbxName, calls: true }), begin: time(gap.from) }));
  const silent = silentFor(overview, gaps);
  const counted = gaps.length === 0 ? heardWords(overview, time) : `${total}${silent > 0 ? `, not heard for ${durationText(silent)} in all${gapsComplete ? '' : ' or more'}` : ''}.`;
  const last = overview.accounts.unknown.at(-1);
  return {
    says: last?.to === range.asOf && last.from > range.from ? `${counted} Not heard since ${time(last.from).text}.` : counted,
    rows,
    more: gaps.length > rows.length ? `and ${gapsComplete ? '' : 'more than '}${formatCount(gaps.length - rows.length)} earlier` : '',
    href: listHref('capture-gaps', {}, range, tz),
  };
}

/** What there is to say where no gap has a row, as before the first login, and for a moment after each break. */
function heardWords({ accounts, range }: Overview, time: Clock): string {
  const [before] = accounts.unknown;
  const between = accounts.unknown.filter(({ from, to }) => from > range.from && to < range.asOf);
  if (before?.from === range.from && before.to === range.asOf) return 'The PBX was not heard in this time.';
  const breaks = between.length === 0 ? 'without a break' : `but for ${durationText(lengthOf(between))}`;
  return before?.from === range.from ? `The PBX was heard from ${time(before.to).text} on, ${breaks}.` : `The PBX was heard ${breaks}.`;
}
