import { Router } from 'express';
import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { NotFoundError } from '../errors.js';
import { gapsBetween } from '../logs/capture-gap/store.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { parseListQuery } from '../logs/list-query.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { readAccount } from '../logs/registered-account/read.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { accountCalls } from './account-calls.js';
import { accountView } from './account-view.js';
import { gapsAt, gapWindow, MOST_GAPS, placeGaps, type ListedPage } from './gap-rows.js';
import { letterOf, letterView } from './letter-view.js';
import { idOf } from './id-of.js';
import { languageOf, type Language } from './language.js';
import { parseListingRequest } from './listing-query.js';
import { listingView, type PlacedGaps } from './listing-view.js';
import { ALL_LOGS } from './menu.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';

/** How many sessions and calls the page of one account shows. */
const RECENT = 50;

/** The pages of both menus, and those of one account and of one dead letter. All need a signed-in user. */
export function pages(knex: Knex, views: Views, zoneOf: (user: ConsoleUser | undefined) => string, ownPbx: string): Router {
  const router = Router();

  router.get('/', (_request, response) => response.redirect(303, `/${sipSessions.name}`));

  for (const log of ALL_LOGS) {
    router.get(`/${log.name}`, async (request, response) => {
      const listing = parseListingRequest(log, request.query, zoneOf(response.locals.user));
      const { records, next } = await listPage(knex, log, listing.query);
      const language = languageOf(response);
      const view = listingView(listing, records, next, language, await gapsOf({ request: listing, records, next }, language));
      await views.render(request, response, 'listing', { title: language.t(log.title), section: log.name, zone: listing.zone.name, view: { listing: view } });
    });
  }

  router.get('/registered-accounts/:id', async (request, response) => {
    const { zone } = parseListingRequest(registeredAccounts, request.query, zoneOf(response.locals.user));
    const account = await readAccount(knex, idOf('account', request.params.id));
    if (!account) throw new NotFoundError(`no account ${request.params.id}`);
    const { username } = account.record;
    const query = { ...parseListQuery(sipSessions, {}), filters: { peername: username }, limit: RECENT };
    const [sessions, calls] = await Promise.all([listPage(knex, sipSessions, query), accountCalls(knex, username, RECENT)]);
    const view = accountView(account, sessions.records, calls, zone, languageOf(response));
    await views.render(request, response, 'account', {
      title: `Account ${view.username}`,
      section: registeredAccounts.name,
      zone: zone.name,
      view: { account: view },
    });
  });

  router.get('/dead-letters/:id', async (request, response) => {
    const { zone } = parseListingRequest(deadLetters, request.query, zoneOf(response.locals.user));
    const letter = letterView(await letterOf(knex, request.params.id), zone);
    await views.render(request, response, 'dead-letter', { title: `Dead Letter ${letter.id}`, section: deadLetters.name, zone: zone.name, view: { letter } });
  });

  return router;

  /** What stands before each row of a page, and after the last. */
  async function gapsOf(page: ListedPage, language: Language): Promise<PlacedGaps> {
    const window = gapWindow(page);
    if (!window) return { places: [], more: false };
    const gaps = await gapsBetween(knex, window.from, window.to, MOST_GAPS);
    return { places: placeGaps(page, gaps).map((some) => gapsAt(some, page.request, language, ownPbx)), more: gaps.length === MOST_GAPS };
  }
}
