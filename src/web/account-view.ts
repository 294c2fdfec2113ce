import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import type { Contact } from '../logs/output.js';
import { sipSessions, type SipSession } from '../logs/sip-session/columns.js';
import { FLAP, type Loss, type PresenceFigures } from '../logs/statistics/account-presence.js';
import { MOST_ROWS, type Refusal, type Seen } from '../logs/statistics/account-history.js';
import { lengthOf, within } from '../logs/statistics/spans.js';
import type { Micros } from '../time.js';
import { HISTORIES, type AccountHistory, type HistoryName } from './account-history.js';
import { devicesOf } from './account-calls.js';
import { presenceTimeline } from './account-timeline.js';
import { accountEventsHref, accountPageHref, rowsOf, timeText, type Cell, type TimeText } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { listedColumns } from './list-columns.js';
import { plainHeads, type Head } from './listing-view.js';
import { listHref } from './overview-text.js';
import { mark } from './texts/mark.js';
import type { Timeline } from './timeline.js';
import type { ReaderZone } from './zone.js';

interface ContactView {
  readonly address: string;
  /** The address is what the phone says of itself, not what the wire shows. */
  readonly claimed: boolean;
  readonly transport: string;
  readonly userAgent: string;
  readonly status: string;
  readonly expires: TimeText | null;
  readonly registered: TimeText | null;
  readonly uri: string;
}

interface SeenView {
  readonly value: string;
  readonly first: TimeText;
  readonly last: TimeText;
  readonly events: string;
}

interface LossView {
  readonly at: TimeText;
  readonly back: TimeText | null;
  readonly away: string;
  readonly details: string;
  readonly note: string;
}

export interface AccountView {
  /** Of its rows among the registered accounts; '' where there is none. */
  readonly ids: string;
  readonly username: string;
  readonly description: string;
  readonly online: boolean;
  readonly known: boolean;
  readonly since: TimeText | null;
  readonly lasted: string;
  readonly updated: TimeText | null;
  readonly channelType: string;
  readonly pbx: string;
  readonly zone: string;
  readonly jsonHref: string;
  readonly contacts: readonly ContactView[];
  readonly figures: readonly { readonly title: string; readonly value: string; readonly note: string }[];
  readonly ranges: readonly { readonly title: string; readonly href: string; readonly current: boolean }[];
  readonly timeline: Timeline;
  readonly losses: readonly LossView[];
  readonly moreLosses: number;
  readonly unknown: string;
  readonly userAgents: readonly SeenView[];
  readonly addresses: readonly SeenView[];
  /** How far back was looked, where not all was. */
  readonly lookedSince: TimeText | null;
  readonly lookedThrough: number;
  readonly refusals: { readonly says: string; readonly href: string; readonly rows: readonly { readonly address: string; readonly attempts: string; readonly reasons: string; readonly first: TimeText; readonly last: TimeText }[]; readonly more: number };
  readonly sessions: RecentRows;
  readonly calls: RecentRows;
  readonly eventsHref: string;
  /** The whole lists that `calls` has the newest of. */
  readonly callLinks: readonly { readonly text: string; readonly href: string }[];
}

interface RecentRows {
  readonly heads: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
}

const TITLES: Readonly<Record<HistoryName, string>> = { '24h': mark('Last 24 hours'), '7d': mark('Last 7 days') };
/** Where the numbers do not tell what the account had to do with a call, the channels do. */
const CALL_COLUMNS = [...listedColumns(cdrs), 'channel', 'dstchannel'];
const MOST_LOSSES = 50;
const MOST_SEEN = 20;

/** For whom a page is written. */
export interface Reader {
  readonly zone: ReaderZone;
  /** The zone where the address names it, null where it is the reader's own. */
  readonly tz: string | null;
  readonly language: Language;
}

/** All that the account's page shows. */
export function accountView(history: AccountHistory, sessions: readonly SipSession[], calls: readonly Cdr[], { zone, tz, language }: Reader): AccountView {
  const { t, duration } = language;
  const { states, range, presence, pbx, username } = history;
  const time = (at: Micros): TimeText => timeText(at, zone, { type: 'instant', optional: true });
  const optional = (at: Micros | null): TimeText | null => (at === null ? null : time(at));
  const losses = presence.losses.filter(({ at }) => at >= range.from).reverse();
  const unknown = lengthOf(within(presence.unknown, range));
  const address = accountPageHref(pbx, username);
  return {
    ids: states.map(({ record }) => record.id).join(', '),
    username: visible(username),
    description: visible(history.description ?? ''),
    online: history.online,
    known: states.length > 0,
    since: optional(history.since),
    lasted: history.since === null ? '' : duration(Math.max(1, range.to - history.since)),
    updated: states.length === 0 ? null : time(Math.max(...states.map(({ updatedAt }) => updatedAt))),
    channelType: states.map(({ channelType }) => channelType).join(', '),
    pbx: visible(pbx),
    zone: zone.name,
    jsonHref: `/api/v1${address}?range=${history.rangeName}`,
    contacts: states.flatMap(({ contacts }) => contacts.map((contact) => contactView(contact, optional))),
    figures: HISTORIES.flatMap((name) => figuresOf(history.figures[name], t(TITLES[name]), language)),
    ranges: HISTORIES.map((name) => ({ title: t(TITLES[name]), href: `${address}?${new URLSearchParams({ range: name, ...(tz === null ? {} : { tz }) }).toString()}#registrations`, current: name === history.rangeName })),
    timeline: presenceTimeline(history, zone, language),
    losses: losses.slice(0, MOST_LOSSES).map((loss) => lossView(loss, range.to, time, language)),
    moreLosses: Math.max(0, losses.length - MOST_LOSSES),
    unknown: unknown > 0 ? duration(unknown) : '',
    userAgents: history.whereabouts.userAgents.slice(0, MOST_SEEN).map((seen) => seenView(seen, time, language)),
    addresses: history.whereabouts.addresses.slice(0, MOST_SEEN).map((seen) => seenView(seen, time, language)),
    lookedThrough: MOST_ROWS,
    lookedSince: optional(history.whereabouts.since),
    refusals: refusalsView(history, tz, time, language),
    sessions: { heads: plainHeads(sipSessions, zone, language), rows: rowsOf(sipSessions, sessions, zone, language) },
    calls: { heads: plainHeads(cdrs, zone, language, CALL_COLUMNS), rows: rowsOf(cdrs, calls, zone, language, CALL_COLUMNS) },
    eventsHref: accountEventsHref(pbx, username),
    callLinks: callLinks(history, calls, language),
  };
}

/** By the phones that are known of, or that the calls tell, and by the number. */
function callLinks({ pbx, username, states }: AccountHistory, calls: readonly Cdr[], { t }: Language): AccountView['callLinks'] {
  const devices = devicesOf(username, states.map(({ channelType }) => channelType));
  const isOf = (device: string): boolean => calls.some(({ channel, dstchannel }) => [channel, dstchannel].some((name) => name.startsWith(`${device}-`)));
  const known = states.length > 0 ? devices : devices.filter(isOf);
  const link = (text: string, filter: Record<string, string>): AccountView['callLinks'][number] => ({ text, href: `/cdrs?${new URLSearchParams({ ...filter, pbx }).toString()}` });
  return [
    ...known.flatMap((device) => [link(t('from {{device}}', { device: visible(device) }), { channel: device }), link(t('to {{device}}', { device: visible(device) }), { dstchannel: device })]),
    link(t('from number {{number}}', { number: visible(username) }), { src: username }),
    link(t('to number {{number}}', { number: visible(username) }), { dst: username }),
  ];
}

function figuresOf({ lost, flaps, onLine }: PresenceFigures, title: string, { t, percent, duration }: Language): { title: string; value: string; note: string }[] {
  return [
    { title, value: onLine === null ? t('not known') : percent(onLine), note: t('on line, of the time in which the PBX was heard') },
    { title, value: t('{{count}} flaps', { count: flaps }), note: t('lost and back within {{duration}}; lost {{count}} times in all', { duration: duration(FLAP), count: lost }) },
  ];
}

function lossView({ at, back, details, heard }: Loss, now: Micros, time: (at: Micros) => TimeText, { t, duration }: Language): LossView {
  return {
    at: time(at),
    back: back === null ? null : time(back),
    away: duration(Math.max(1, (back ?? now) - at)),
    details: visible(details),
    note: heard ? '' : t('The PBX was not heard all the time: the times may be others.'),
  };
}

const seenView = ({ value, firstAt, lastAt, events }: Seen, time: (at: Micros) => TimeText, { count }: Language): SeenView => ({ value: visible(value), first: time(firstAt), last: time(lastAt), events: count(events) });

const MOST_REFUSALS = 20;

function refusalsView({ refusals, pbx, username, range, rangeName }: AccountHistory, tz: string | null, time: (at: Micros) => TimeText, { t, count }: Language): AccountView['refusals'] {
  const { attempts, addressCount, addresses } = refusals;
  const row = ({ address, attempts: own, firstAt, lastAt, reasons }: Refusal): AccountView['refusals']['rows'][number] => ({
    address: address === '' ? t('(not told)') : visible(address),
    attempts: count(own),
    reasons: reasons.map(visible).join(', '),
    first: time(firstAt),
    last: time(lastAt),
  });
  return {
    says:
      attempts === 0
        ? rangeName === '24h'
          ? t('Nobody was refused with this name in the last 24 hours.')
          : t('Nobody was refused with this name in the last 7 days.')
        : t('Attempts: {{attempts}}. Addresses: {{addresses}}.', { attempts, addresses: addressCount }),
    href: listHref('sip-sessions', { event: 'REGISTER', peername: username, pbx }, range, tz),
    rows: addresses.slice(0, MOST_REFUSALS).map(row),
    more: Math.max(0, addressCount - MOST_REFUSALS),
  };
}

function contactView(contact: Contact, time: (at: Micros | null) => TimeText | null): ContactView {
  return {
    address: visible(contact.remoteAddress ?? contact.uri),
    claimed: contact.remoteAddress === null,
    transport: contact.transport ?? '',
    userAgent: visible(contact.userAgent ?? ''),
    status: visible(contact.status),
    expires: time(contact.expiresAt),
    registered: time(contact.registeredAt),
    uri: visible(contact.uri),
  };
}
