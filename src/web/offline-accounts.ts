import type { Knex } from 'knex';
import { pageQuery } from '../database/page-query.js';
import { allColumns } from '../database/page-query.js';
import { rowArrays } from '../database/row-arrays.js';
import { recordsOf } from '../logs/columns.js';
import { withNames } from '../logs/listing.js';
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
  const { query: asked } = withQuery(request, { from: null, to: null, after: null, before: null, sort: 'username', order: 'asc', limit: SHOWN + 1 });
  const rows = await rowArrays(knex, pageQuery(knex, knownAccounts, await withNames(knex, knownAccounts, asked)).where('online', 0));
  const records = rows.map(recordsOf(knownAccounts.columns, allColumns(knownAccounts)));
  const { username, pbx, ...others } = filters;
  // One on line that something else left out is known, and not off line.
  if (records.length === 0 && (query.from !== null || query.to !== null || Object.keys(others).length > 0)) return null;
  const sessions = { ...(username === undefined ? { search: search?.text ?? '' } : { peername: username }), ...(pbx === undefined ? {} : { pbx }) };
  return {
    accounts: records.slice(0, SHOWN).map(({ pbx, username, description }) => ({
      name: visible(username),
      person: visible(description ?? ''),
      href: accountPageHref(pbx, username),
      sessionsHref: accountEventsHref(pbx, username),
    })),
    more: records.length > SHOWN,
    sessionsHref: `/sip-sessions?${new URLSearchParams(sessions).toString()}`,
  };
}
