import { LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import type { RefusedName } from '../logs/statistics/refused.js';
import { lengthOf } from '../logs/statistics/spans.js';
import type { Micros } from '../time.js';
import { accountEventsHref, type TimeText, type Tone } from './cells.js';
import { visible } from './display-text.js';
import { gapView } from './gap-view.js';
import type { Language } from './language.js';
import { listHref } from './overview-text.js';
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

export const trunkRows = ({ trunks }: Overview, time: Clock, { t }: Language): TrunkRow[] =>
  trunks.map(({ pbx, username, provider, registered, details, since, sinceBefore, heardAt }) => ({
    username: visible(username),
    provider: visible(provider),
    href: accountEventsHref(pbx, username),
    tone: registered ? 'good' : 'bad',
    state: registered ? t('Registered') : visible(details),
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

export function refusedView({ refused, range }: Overview, tz: string | null, time: Clock, { t, count }: Language): RefusedView {
  const { attempts, addressCount, addresses, nameCount, names } = refused;
  const says = (): string => {
    const values = { attempts: t('{{count}} attempts', { count: attempts }), addresses: t('{{count}} addresses', { count: addressCount }), names: t('{{count}} names', { count: nameCount }) };
    return names.some(({ exists }) => exists)
      ? t('{{attempts}} from {{addresses}}, with {{names}}; some of the names are accounts of yours.', values)
      : t('{{attempts}} from {{addresses}}, with {{names}}, none of the most tried an account of yours.', values);
  };
  const link = ({ name, attempts: own, exists }: RefusedName): NameLink => ({
    text: name === '' ? t('(none)') : visible(name),
    attempts: count(own),
    exists,
    href: listHref('sip-sessions', { event: 'REGISTER', ...(name === '' ? {} : { peername: name }) }, range, tz),
  });
  return {
    says: attempts === 0 ? t('Nobody was turned away in this time.') : says(),
    addresses: addresses.map(({ address, attempts: own, lastAt, nameCount: tried, names: most }) => ({
      address: address === '' ? t('(not told)') : visible(address),
      href: address === '' ? null : listHref('sip-sessions', { event: 'REGISTER', remoteAddress: address }, range, tz),
      attempts: count(own),
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
export function stateRows({ readiness, deadLetters, pbxs }: Overview, pbxName: string, time: Clock, { t, said, count }: Language): StateRow[] {
  const letters: StateRow = {
    title: t('Dead letters'),
    tone: deadLetters === 0 ? 'good' : 'caution',
    word: deadLetters === 0 ? t('None') : deadLetters < LETTERS_COUNTED ? count(deadLetters) : t('{{number}} or more', { number: deadLetters }),
    text: deadLetters === 0 ? t('every event became a row') : t('events that could not be translated or written'),
    href: deadLetters === 0 ? null : '/dead-letters',
  };
  if (typeof readiness === 'string') return [{ title: t('Service'), tone: 'bad', word: t('Not known'), text: visible(said(readiness)), href: null }, letters];
  const row = (title: string, { ok, message, warnings = [] }: Check): StateRow => ({
    title,
    tone: !ok ? 'bad' : warnings.length > 0 ? 'caution' : 'good',
    word: !ok ? t('In trouble') : warnings.length > 0 ? t('Works, with a warning') : t('Works'),
    text: visible(said(message)),
    href: null,
  });
  const { ami, database, spool, jobs } = readiness;
  const others = pbxs
    .filter(({ pbx }) => pbx !== pbxName)
    .map(({ pbx, heardAt, now }): StateRow => ({
      title: t('PBX {{name}}', { name: visible(pbx) }),
      tone: now ? 'good' : 'bad',
      word: now ? t('Heard') : t('Not heard'),
      text: now ? t('by another process') : t('since {{time}}', { time: time(heardAt).text }),
      href: null,
    }));
  return [row(t('PBX {{name}}', { name: visible(pbxName) }), ami), ...others, row(t('Database'), database), row(t('Spool'), spool), row(t('Background jobs'), jobs), letters];
}

export interface GapsTable {
  readonly says: string;
  readonly rows: readonly {
    readonly begin: TimeText;
    readonly href: string;
    readonly lasted: string;
    readonly lastedTitle: string;
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

export function gapsTable(overview: Overview, pbxName: string, tz: string | null, time: Clock, language: Language): GapsTable {
  const { gaps, gapsComplete, range, zone } = overview;
  const { t, duration } = language;
  const total = gapsComplete ? t('{{count}} gaps', { count: gaps.length }) : t('More than {{number}} gaps', { number: MOST_GAPS });
  const rows = gaps.slice(0, SHOWN_GAPS).map((gap) => ({ ...gapView(gap, zone, language, { ownPbx: pbxName, calls: true }), begin: time(gap.from) }));
  const silent = silentFor(overview, gaps);
  const counted = (): string => {
    if (gaps.length === 0) return heardWords(overview, time, language);
    if (silent === 0) return `${total}.`;
    const values = { total, duration: duration(silent) };
    return gapsComplete ? t('{{total}}, not heard for {{duration}} in all.', values) : t('{{total}}, not heard for {{duration}} in all or more.', values);
  };
  const last = overview.accounts.unknown.at(-1);
  return {
    says: last?.to === range.asOf && last.from > range.from ? `${counted()} ${t('Not heard since {{time}}.', { time: time(last.from).text })}` : counted(),
    rows,
    more: gaps.length === rows.length ? '' : gapsComplete ? t('and {{number}} earlier', { number: gaps.length - rows.length }) : t('and more than {{number}} earlier', { number: gaps.length - rows.length }),
    href: listHref('capture-gaps', {}, range, tz),
  };
}

/** What there is to say where no gap has a row, as before the first login, and for a moment after each break. */
function heardWords({ accounts, range }: Overview, time: Clock, { t, duration }: Language): string {
  const [before] = accounts.unknown;
  const between = accounts.unknown.filter(({ from, to }) => from > range.from && to < range.asOf);
  if (before?.from === range.from && before.to === range.asOf) return t('The PBX was not heard in this time.');
  const broken = { duration: duration(lengthOf(between)) };
  if (before?.from === range.from) {
    const since = { time: time(before.to).text };
    return between.length === 0 ? t('The PBX was heard from {{time}} on, without a break.', since) : t('The PBX was heard from {{time}} on, but for {{duration}}.', { ...since, ...broken });
  }
  return between.length === 0 ? t('The PBX was heard without a break.') : t('The PBX was heard but for {{duration}}.', broken);
}
