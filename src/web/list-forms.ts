import { Router, type Request } from 'express';
import { InvalidInputError } from '../errors.js';
import type { Micros } from '../time.js';
import { areListed, fieldValues, movedColumns, parseColumns } from './list-columns.js';
import { viewQuery } from './list-tools-view.js';
import { listingHref, parseListingRequest, type ListingRequest } from './listing-query.js';
import { logOf } from './menu.js';
import type { Preferences } from './preferences.js';
import { keepColumns, keepViews, readKept, renamedView, withoutView, withView } from './saved-views.js';
import { field } from './sign-in-routes.js';
import type { ConsoleUser } from './users.js';

/** The forms beside a list: its columns, and the views of it that one saves. Need a signed-in user. */
export function listForms(preferences: Preferences, zoneOf: (user: ConsoleUser | undefined) => string, clock: () => Micros): Router {
  const router = Router();

  const listOf = (request: Request, user: ConsoleUser | undefined): ListingRequest => {
    const parameters = Object.fromEntries(new URLSearchParams(field(request, 'parameters')));
    return parseListingRequest(logOf(field(request, 'list')), parameters, zoneOf(user), clock());
  };

  router.post('/lists/columns', async (request, response) => {
    const { user } = response.locals;
    const listing = listOf(request, user);
    const { log } = listing;
    const move = field(request, 'move');
    const chosen = field(request, 'reset') === '' ? parseColumns(movedColumns(fieldValues(request, 'column'), move).join(','), Object.keys(log.columns)) : null;
    const columns = chosen && areListed(log, chosen) ? null : chosen;
    if (user) await keepColumns(preferences, user.id, log, columns);
    // Whoever moves one moves another: the form stays open.
    response.redirect(303, `${listingHref(`/${log.name}`, { ...listing, columns })}${move === '' ? '' : '#column-choice'}`);
  });

  router.post('/lists/views', async (request, response) => {
    const { user } = response.locals;
    const listing = listOf(request, user);
    const { log } = listing;
    const query = viewQuery(listing);
    if (user) {
      const { views } = await readKept(preferences, user.id, log);
      await keepViews(preferences, user.id, log, changed(request, views, query));
    }
    const path = `/${log.name}`;
    response.redirect(303, query === '' ? path : `${path}?${query}`);
  });

  return router;
}

function changed(request: Request, views: Parameters<typeof withView>[0], query: string): ReturnType<typeof withView> {
  switch (field(request, 'action')) {
    case 'save':
      return withView(views, { name: field(request, 'name'), query });
    case 'rename':
      return renamedView(views, field(request, 'view'), field(request, 'name'));
    case 'delete':
      return withoutView(views, field(request, 'view'));
    default:
      throw new InvalidInputError('action', 'must be one of save, rename, delete');
  }
}
