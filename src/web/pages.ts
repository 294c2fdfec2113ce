import { Router, type Request, type Response } from 'express';
import type { Knex } from 'knex';
import { NotFoundError } from '../errors.js';
import { calls } from '../logs/cdr/call-columns.js';
import { cdrs } from '../logs/cdr/columns.js';
import { deadLetters } from '../logs/dead-letter/columns.js';
import { registeredAccounts } from '../logs/registered-account/columns.js';
import { readAccount } from '../logs/registered-account/read.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { knownUser, type Access } from './access.js';
import { accountCalls, accountSessions, devicesOf } from './account-calls.js';
import { readAccountHistory } from './account-history.js';
import { accountView } from './account-view.js';
import { readCallDetail } from './call-detail.js';
import { callView } from './call-view.js';
import { letterOf, letterView } from './letter-view.js';
import { idOf } from './id-of.js';
import { languageOf } from './language.js';
import { listingPage, type ReaderParts } from './listing-page.js';
import { parseListingRequest, readerParameters } from './listing-query.js';
import { ALL_LOGS } from './menu.js';
import type { Views } from './views.js';

/** How many sessions and calls the page of one account shows. */
const RECENT = 50;

export interface Pages {
  /** For before the session is known: begins to read what the pages show. */
  readonly ahead: Router;
  readonly router: Router;
}

/** The pages of both menus, and those of one call, one account and one dead letter. All need a signed-in user. */
export function pages(knex: Knex, views: Views, reader: ReaderParts, readAhead: Access['readAhead'], ownPbx: string): Pages {
  const { zoneOf, clock } = reader;
  const ahead = Router();
  const router = Router();

  router.get('/', (_request, response) => response.redirect(303, `/${sipSessions.name}`));

  for (const log of [...ALL_LOGS, calls]) {
    const list = listingPage(knex, views, reader, ownPbx, log);
    const { begin, read } = readAhead(list.read);
    ahead.get(`/${log.name}`, begin);
    router.get(`/${log.name}`, async (request, response) => list.show(request, response, await read(request, knownUser(response))));
  }

  router.get(`/${calls.name}/:linkedid`, async (request, response) => {
    const { tz, zone, own } = readerParameters(request.query, zoneOf(response.locals.user));
    const language = languageOf(response);
    const view = callView(await readCallDetail(knex, request.params.linkedid, own, clock()), { zone, tz, language, ownPbx });
    await views.render(request, response, 'call', {
      title: language.t('Call from {{from}} to {{to}}', { from: view.from, to: view.to }),
      section: cdrs.name,
      zone: zone.name,
      styles: ['calls.css', 'timeline.css'],
      view: { call: view },
    });
  });

  router.get('/registered-accounts/:id', async (request, response) => {
    const account = await readAccount(knex, idOf('account', request.params.id));
    if (!account) throw new NotFoundError(`no account ${request.params.id}`);
    await showAccount(request, response, account.record);
  });

  router.get('/accounts/:pbx/:username', async (request, response) => showAccount(request, response, request.params));

  router.get('/dead-letters/:id', async (request, response) => {
    const { zone } = parseListingRequest(deadLetters, request.query, zoneOf(response.locals.user));
    const language = languageOf(response);
    const letter = letterView(await letterOf(knex, request.params.id), zone, language);
    await views.render(request, response, 'dead-letter', { title: language.t('Dead Letter {{id}}', { id: String(letter.id) }), section: deadLetters.name, zone: zone.name, view: { letter } });
  });

  return { ahead, router };

  async function showAccount(request: Request, response: Response, name: { readonly pbx: string; readonly username: string }): Promise<void> {
    const { tz, zone, own } = readerParameters(request.query, zoneOf(response.locals.user));
    const history = await readAccountHistory(knex, name.pbx, name.username, own, clock());
    const [sessions, placed] = await Promise.all([accountSessions(knex, name, RECENT), accountCalls(knex, name, devicesOf(name.username, history.states.map(({ channelType }) => channelType)), RECENT)]);
    const language = languageOf(response);
    const view = accountView(history, sessions, placed, { zone, tz, language });
    await views.render(request, response, 'account', {
      title: language.t('Account {{name}}', { name: view.username }),
      section: registeredAccounts.name,
      zone: zone.name,
      styles: ['calls.css', 'timeline.css'],
      view: { account: view },
    });
  }
}
