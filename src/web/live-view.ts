import type { LogDefinition, LogRecord } from '../logs/columns.js';
import { captureGaps } from '../logs/capture-gap/columns.js';
import { cursorAfter } from '../logs/list-query.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { listingHref, type ListingRequest } from './listing-query.js';

/** What the script needs to follow a list. */
export interface LiveView {
  readonly href: string;
  /** Where the page that was sent ends. */
  readonly place: string;
  readonly zone: string;
  /** How many rows the page holds. */
  readonly limit: number;
}

/** Where a row belongs in its list, for the script that puts new ones there. */
export interface RowKey {
  readonly id: number;
  /** The log's time, in microseconds; 0 without one. */
  readonly at: number;
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

export function liveView(request: ListingRequest, place: string): LiveView {
  return { href: listingHref(livePath(request.log), request), place, zone: request.zone.name, limit: request.query.limit };
}

export function rowKeys({ log, query }: ListingRequest, records: readonly LogRecord[]): RowKey[] {
  return records.map((record) => ({ id: Number(record['id']), at: Number(record[log.timeColumn] ?? 0), cursor: cursorAfter(log, query, record) }));
}
