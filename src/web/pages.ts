import { Router } from 'express';
import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { NotFoundError } from '../errors.js';
import { parseListQuery } from '../logs/list-query.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { readAccount } from '../logs/registered-account/read.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { accountCalls } from './account-calls.js';
import { accountView } from './account-view.js';
import { accountId } from './api-endpoints.js';
import { parseListingRequest } from './listing-query.js';
import { listingView } from './listing-view.js';
import { LOGS } from './menu.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';

/** How many sessions and calls the page of one account shows. */
const RECENT = 50;

/** The pages of the main menu, and the page of one account. All need a signed-in user. */
export function pages(knex: Knex, views: Views, zoneOf: (user: ConsoleUser | undefined) => string): Router {
  const router = Router();

  router.get('/', (_request, response) => response.redirect(303, `/${sipSessions.name}`));

  for (const log of LOGS) {
    router.get(`/${log.name}`, async (request, response) => {
      const listing = parseListingRequest(log, request.query, zoneOf(response.locals.user));
      const { records, next } = await listPage(knex, log, listing.query);
      const view = listingView(listing, records, next);
      await views.render(request, response, 'listing', { title: log.title, section: log.name, zone: listing.zone.name, view: { listing: view } });
    });
  }

  router.get('/registered-accounts/:id', async (request, response) => {
    const { zone } = parseListingRequest(registeredAccounts, request.query, zoneOf(response.locals.user));
    const account = await readAccount(knex, accountId(request.params.id));
    if (!account) throw new NotFoundError(`no account ${request.params.id}`);
    const { username } = account.record;
    const query = { ...parseListQuery(sipSessions, {}), filters: { peername: username }, limit: RECENT };
    const [sessions, calls] = await Promise.all([listPage(knex, sipSessions, query), accountCalls(knex, username, RECENT)]);
    const view = accountView(account, sessions.records, calls, zone);
    await views.render(request, response, 'account', {
      title: `Account ${view.username}`,
      section: registeredAccounts.name,
      zone: zone.name,
      view: { account: view },
    });
  });

  return router;
}
