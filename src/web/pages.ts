import { Router } from 'express';
import type { Knex } from 'knex';
import { listPage } from '../database/listing.js';
import { NotFoundError } from '../errors.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { parseListQuery } from '../logs/list-query.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { readAccount } from '../logs/registered-account/read.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { accountCalls } from './account-calls.js';
import { accountView } from './account-view.js';
import { letterOf, letterView } from './letter-view.js';
import { idOf } from './id-of.js';
import { languageOf } from './language.js';
import { listingPage, type ReaderParts } from './listing-page.js';
import { parseListingRequest } from './listing-query.js';
import { ALL_LOGS } from './menu.js';
import type { Views } from './views.js';

/** How many sessions and calls the page of one account shows. */
const RECENT = 50;

/** The pages of both menus, and those of one account and of one dead letter. All need a signed-in user. */
export function pages(knex: Knex, views: Views, reader: ReaderParts, ownPbx: string): Router {
  const { zoneOf } = reader;
  const router = Router();

  router.get('/', (_request, response) => response.redirect(303, `/${sipSessions.name}`));

  for (const log of ALL_LOGS) router.get(`/${log.name}`, listingPage(knex, views, reader, ownPbx, log));

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
    const language = languageOf(response);
    const letter = letterView(await letterOf(knex, request.params.id), zone, language);
    await views.render(request, response, 'dead-letter', { title: language.t('Dead Letter {{id}}', { id: String(letter.id) }), section: deadLetters.name, zone: zone.name, view: { letter } });
  });

  return router;
}
