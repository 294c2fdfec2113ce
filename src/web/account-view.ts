import { cdrs, type Cdr } from '../logs/cdr/columns.js';
import { parseListQuery } from '../logs/list-query.js';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import type { Contact } from '../logs/output.js';
import type { AccountDetail } from '../logs/registered-account/read.js';
import { sipSessions, type SipSession } from '../logs/sip-session/columns.js';
import type { Micros } from '../time.js';
import { accountEventsHref, timeText, type Cell, type TimeText } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { listingView, type Head } from './listing-view.js';
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

export interface AccountView {
  readonly id: number;
  readonly username: string;
  readonly description: string;
  readonly online: boolean;
  readonly since: TimeText | null;
  readonly updated: TimeText;
  readonly channelType: string;
  readonly pbx: string;
  readonly zone: string;
  readonly contacts: readonly ContactView[];
  readonly sessions: RecentRows;
  readonly calls: RecentRows;
  readonly eventsHref: string;
  readonly placedHref: string;
  readonly receivedHref: string;
}

interface RecentRows {
  readonly heads: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
}

/** All that the account's page shows. */
export function accountView(account: AccountDetail, sessions: readonly SipSession[], calls: readonly Cdr[], zone: ReaderZone, language: Language): AccountView {
  const { record } = account;
  const time = (at: Micros | null): TimeText | null => (at === null ? null : timeText(at, zone, { type: 'instant', optional: true }));
  const callsHref = (parameters: Record<string, string>): string => `/cdrs?${new URLSearchParams(parameters).toString()}`;
  return {
    id: record.id,
    username: visible(record.username),
    description: visible(record.description ?? ''),
    online: account.online,
    since: time(account.since),
    updated: timeText(account.updatedAt, zone, { type: 'instant', optional: true }),
    channelType: account.channelType,
    pbx: visible(record.pbx),
    zone: zone.name,
    contacts: account.contacts.map((contact) => contactView(contact, time)),
    sessions: recentRows(sipSessions, sessions, zone, language),
    calls: recentRows(cdrs, calls, zone, language),
    eventsHref: accountEventsHref(record.username),
    placedHref: callsHref({ src: record.username }),
    receivedHref: callsHref({ dst: record.username }),
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

// A listing without its links to sort: here the order is what the page says it is.
function recentRows(log: LogDefinition, records: readonly LogRecord[], zone: ReaderZone, language: Language): RecentRows {
  const { heads, rows } = listingView({ log, query: parseListQuery(log, {}), zone, tz: null }, records, null, language);
  return { heads: heads.map((head) => ({ ...head, sortHref: null, ariaSort: null })), rows };
}
