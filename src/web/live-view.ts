import { createHash } from 'node:crypto';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import { calls } from '../logs/cdr/call-columns.js';
import { callKey } from '../logs/cdr/folded-call.js';
import { captureGaps } from '../logs/capture-gap/columns.js';
import { cursorAfter } from '../logs/list-query.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import type { Language } from './language.js';
import { listingHref, type ListingRequest } from './listing-query.js';

/** What the script needs to follow a list. */
export interface LiveView {
  readonly href: string;
  /** The page itself, for whoever looks again; a list that begins with the newest always at its beginning. */
  readonly page: string;
  /** Where the page that was sent ends. */
  readonly place: string;
  readonly zone: string;
  /** How many rows the page holds. */
  readonly limit: number;
  readonly texts: ReturnType<typeof liveTexts>;
}

/** What the script says; `{count}` and `{time}` are for it to fill in. */
function liveTexts({ t }: Language) {
  // The forms for one and for many, of which languages have no more here.
  const forms = (text: (count: number) => string) => ({ one: text(1).replace('1', '{count}'), other: text(2).replace('2', '{count}') });
  return {
    begin: t('Connecting'),
    live: t('Live'),
    paused: t('Paused'),
    cut: t('Cut off since {{time}}, trying again', { time: '{time}' }),
    trouble: t('The database has not answered since {{time}}', { time: '{time}' }),
    signedOut: t('Signed out'),
    signIn: t('Sign in again'),
    tooMany: t('Too many lists are followed at once; this one stands still'),
    more: t('More than {{number}} new rows', { number: '{count}' }),
    changed: t('Show what changed'),
    news: forms((count) => t('{{count}} new rows', { count })),
    late: forms((count) => t('{{count}} rows came that belong further down', { count })),
    gone: t('no longer in this list'),
  };
}

/** Where a row belongs in its list, for the script that puts new ones there. */
export interface RowKey {
  /** The same for as long as the row is there, whatever becomes of it. */
  readonly id: string;
  /** The log's time, in microseconds; 0 without one. */
  readonly at: number;
  /** What orders rows of the same time, where that is not their id. */
  readonly tie: number | null;
  /** Continues the list after this row. */
  readonly cursor: string;
}

/** Lists whose rows change rather than come: they are looked at again as a whole. */
const CHANGING: readonly LogDefinition[] = [registeredAccounts, captureGaps];

/** How a list can be followed: row by row where new ones come at the top, as a whole where its rows change; null: it stands still. */
export function followed({ log, query }: ListingRequest): 'rows' | 'changes' | null {
  if (CHANGING.includes(log)) return 'changes';
  return query.after === null && query.sort === log.timeColumn && query.order === 'desc' ? 'rows' : null;
}

export const livePath = (log: LogDefinition): string => `/live/${log.name}`;

export function liveView(request: ListingRequest, place: string, ownUrl: string, language: Language): LiveView {
  const page = followed(request) === 'rows' ? listingHref(`/${request.log.name}`, request) : ownUrl;
  return { href: listingHref(livePath(request.log), request), page, place, zone: request.zone.name, limit: request.query.limit, texts: liveTexts(language) };
}

/** A call's id is that of its first leg, and another leg can turn out to be the first. */
export function rowId(log: LogDefinition, record: LogRecord): string {
  if (log !== calls) return String(record['id']);
  const key = callKey({ pbx: String(record['pbx']), linkedid: String(record['linkedid']), uniqueid: '', id: Number(record['id']) });
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

export function rowKeys({ log, query }: ListingRequest, records: readonly LogRecord[]): RowKey[] {
  return records.map((record) => ({
    id: rowId(log, record),
    at: Number(record[log.timeColumn] ?? 0),
    tie: log === calls ? Number(record['id']) : null,
    cursor: cursorAfter(log, query, record),
  }));
}
