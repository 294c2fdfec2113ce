import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { knownAccounts, registeredAccounts } from '../logs/registered-account/columns.js';
import { accountEventsHref, accountPageHref } from './cells.js';
import { visible } from './display-text.js';
import { withQuery, type ListingRequest } from './listing-query.js';

/** Where to go on with what is on line nowhere. */
export interface OfflineAccounts {
  readonly accounts: readonly { readonly name: string; readonly person: string; readonly href: string; readonly sessionsHref: string }[];
  readonly more: boolean;
  /** The sessions of that name, whether an account of it is known or not. */
  readonly sessionsHref: string;
}

const SHOWN = 10;

/** The accounts that a list of those on line would have if they were; null for another list, or where none was asked for by itself. */
export async function offlineAccounts(knex: Knex, request: ListingRequest): Promise<OfflineAccounts | null> {
  const { log, query } = request;
  const { search, filters } = query;
  if (log !== registeredAccounts || (search === null && filters['username'] === undefined)) return null;
  // A registration that ended has no expiry.
  const { records, next } = await listPage(knex, knownAccounts, withQuery(request, { from: null, to: null, limit: SHOWN }).query);
  return {
    accounts: records.map(({ pbx, username, description }) => ({
      name: visible(username),
      person: visible(description ?? ''),
      href: accountPageHref(pbx, username),
      sessionsHref: accountEventsHref(pbx, username),
    })),
    more: next !== null,
    sessionsHref: `/sip-sessions?${new URLSearchParams(filters['username'] === undefined ? { search: search?.text ?? '' } : { peername: filters['username'] }).toString()}`,
  };
}
