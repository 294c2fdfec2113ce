import type { Knex } from 'knex';
import { calls, callRecord } from '../logs/cdr/call-columns.js';
import { parseCallQuery, type CallQuery } from '../logs/cdr/call-query.js';
import { listCalls } from '../logs/cdr/calls.js';
import type { QueryParameters } from '../logs/list-query.js';
import type { ListedPage } from './gap-rows.js';
import type { Language } from './language.js';
import { legsView } from './legs-view.js';
import { readerParameters, type ListingRequest } from './listing-query.js';
import { listingView, type ListingView, type PlacedGaps } from './listing-view.js';

/** What the page of whole calls is asked for: as every listing, and the query that calls have. */
export interface CallListing {
  readonly request: ListingRequest;
  readonly query: CallQuery;
}

/** Reads the query string of the page of whole calls. Throws InvalidInputError that names the parameter. */
export function parseCallListing(parameters: QueryParameters, ownZone: string): CallListing {
  const { tz, zone, own } = readerParameters(parameters, ownZone);
  const query = parseCallQuery(own);
  const { from, to, filters, limit, after } = query;
  return { request: { log: calls, query: { from, to, filters, limit, sort: calls.defaultSort, order: calls.defaultOrder, after: after && [after.given ?? after.scan.at] }, zone, tz }, query };
}

/** A page of whole calls, each with its legs beneath. `gapsOf` places the gaps of a page. */
export async function callListingView(knex: Knex, { request, query }: CallListing, language: Language, gapsOf: (page: ListedPage) => Promise<PlacedGaps>): Promise<ListingView> {
  const page = await listCalls(knex, query);
  const records = page.calls.map(callRecord);
  // A page that reached no call says nothing of the time it went through; the next one does.
  const gaps = records.length === 0 && page.next !== null ? { places: [], more: false } : await gapsOf({ request, records, next: page.next });
  return { ...listingView(request, records, page.next, language, gaps), beneath: page.calls.map((call) => legsView(call, request.zone, language)) };
}
