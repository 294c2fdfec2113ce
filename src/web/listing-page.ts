import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { InvalidInputError } from '../errors.js';
import { gapsBetween } from '../logs/capture-gap/store.js';
import { calls, listedCall } from '../logs/cdr/call-columns.js';
import { countCalls } from '../logs/cdr/call-count.js';
import { listCalls } from '../logs/cdr/calls.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import type { Columns, LogDefinition, LogRecord } from '../logs/columns.js';
import { countList, type RowCount } from '../logs/count.js';
import { parseListQuery, type ListQuery, type QueryParameters } from '../logs/list-query.js';
import { listPage, type Page } from '../logs/listing.js';
import type { Micros } from '../time.js';
import type { Problem } from './filter-view.js';
import { gapsAt, gapWindow, MOST_GAPS, placeGaps, type ListedPage } from './gap-rows.js';
import { languageOf, type Language } from './language.js';
import { legsView } from './legs-view.js';
import { isOfForm, listingHref, parseListingRequest, withQuery, type ListingRequest } from './listing-query.js';
import { listingView, type PlacedGaps } from './listing-view.js';
import type { LiveStreams } from './live-streams.js';
import { followed, liveView } from './live-view.js';
import { offlineAccounts } from './offline-accounts.js';
import type { Preferences } from './preferences.js';
import { NOTHING_KEPT, readKept } from './saved-views.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';

/** What the pages know of who reads them. */
export interface ReaderParts {
  readonly zoneOf: (user: ConsoleUser | undefined) => string;
  readonly preferences: Preferences;
  readonly clock: () => Micros;
  readonly live: Pick<LiveStreams, 'place'>;
}

/** The page of one log. */
export function listingPage(knex: Knex, views: Views, { zoneOf, preferences, clock, live }: ReaderParts, ownPbx: string, log: LogDefinition): RequestHandler {
  const read = log === calls ? countedCalls : countedPage;
  return async (request, response) => {
    const { user } = response.locals;
    const now = clock();
    const asked = parseAsFarAsPossible(log, request.query, zoneOf(user), now);
    if (asked.problems.length === 0 && isOfForm(request.query)) {
      response.redirect(303, listingHref(`/${log.name}`, asked.listing));
      return;
    }
    const begin = async (): Promise<PlacedPage> => {
      // Before the rows: what comes in between is told, and the page knows it by its id.
      const place = followed(asked.listing) === null ? null : await live.place(log);
      return { place, ...(await read(knex, log, asked.listing.query)) };
    };
    const [kept, answer] = await Promise.all([user ? readKept(preferences, user.id, log) : NOTHING_KEPT, answered(asked, begin)]);
    const { page, count, found, place, problems } = answer;
    const listing = { ...answer.listing, columns: answer.listing.columns ?? kept.columns };
    const language = languageOf(response);
    const follows = place !== null && problems.length === 0 && (followed(listing) === 'changes' || page.above === null) ? liveView(listing, place, request.originalUrl, language) : null;
    const gaps = problems.length > 0 ? NO_GAPS : await gapsOf({ request: listing, ...page }, language);
    const nothingYet = page.records.length === 0 && problems.length === 0 && (await isEmpty(knex, log));
    const offline = page.records.length === 0 && problems.length === 0 && !nothingYet ? await offlineAccounts(knex, listing) : null;
    const view = listingView(listing, page.records, page.next, language, gaps, { previous: page.previous, count, views: kept.views, problems, nothingYet, now, beneath: found.map((call) => legsView(call, listing.zone, language)) });
    await views.render(request, response, 'listing', {
      title: language.t(log.title),
      // The menu names the call log, of which whole calls are another form.
      section: log === calls ? cdrs.name : log.name,
      zone: listing.zone.name,
      status: problems.length > 0 ? 400 : 200,
      styles: ['listing.css', 'export.css', ...(follows ? ['live.css'] : []), ...(log === calls ? ['calls.css'] : [])],
      scripts: ['export.js', 'export-dialog.js', ...(follows ? ['live-table.js', 'live.js'] : [])],
      view: { listing: view, live: follows, offline },
    });
  };

  /** What stands before each row of a page, and after the last. */
  async function gapsOf(page: ListedPage, language: Language): Promise<PlacedGaps> {
    const window = gapWindow(page);
    if (!window) return NO_GAPS;
    const { pbx } = page.request.query.filters;
    const gaps = await gapsBetween(knex, window.from, window.to, MOST_GAPS);
    return { places: placeGaps(page, pbx === undefined ? gaps : gaps.filter((gap) => gap.pbx === pbx)).map((some) => gapsAt(some, page.request, language, ownPbx)), more: gaps.length === MOST_GAPS };
  }
}

interface Asked {
  readonly listing: ListingRequest;
  readonly problems: readonly Problem[];
}

interface CountedPage {
  readonly page: Omit<Page<Columns>, 'records'> & { readonly records: readonly LogRecord[]; readonly below?: ListQuery['after'] };
  /** Null where it is not known. */
  readonly count: RowCount | null;
  /** The calls that the records are of, where the list is of whole calls. */
  readonly found: readonly FoldedCall[];
}

interface PlacedPage extends CountedPage {
  /** Where whoever follows the list goes on from; null for a list that is not followed. */
  readonly place: string | null;
}

const NOTHING: PlacedPage = { place: null, page: { records: [], previous: null, next: null, above: null }, count: { kind: 'exact', rows: 0 }, found: [] };
const NO_GAPS: PlacedGaps = { places: [], more: false };

/** The rows of a listing. What is asked in part is not answered with more than was asked; and rows, too, may tell what cannot be. */
async function answered({ listing, problems }: Asked, read: () => Promise<PlacedPage>): Promise<Asked & PlacedPage> {
  if (problems.length > 0) return { listing, problems, ...NOTHING };
  const { log, query } = listing;
  try {
    return { listing, problems, ...(await read()) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const { field, reason } = error;
    if (field === 'search') return { listing: withQuery(listing, { search: null }), problems: [{ field, reason, value: query.search?.text ?? '' }], ...NOTHING };
    if (field !== 'sort') throw error;
    return { listing: withQuery(listing, { sort: log.defaultSort, order: log.defaultOrder }), problems: [{ field, reason, value: query.sort }], ...NOTHING };
  }
}

async function countedPage(knex: Knex, log: LogDefinition, query: ListQuery): Promise<CountedPage> {
  const [page, counted] = await Promise.all([listPage(knex, log, query), countList(knex, log, query)]);
  // Back at the beginning the first page is shown as whoever comes new sees it, and never a short one.
  if (query.before !== null && page.previous === null) return countedPage(knex, log, { ...query, before: null });
  const isWhole = query.after === null && page.previous === null && page.next === null;
  return { page, count: isWhole ? { kind: 'exact', rows: page.records.length } : counted, found: [] };
}

async function countedCalls(knex: Knex, log: LogDefinition, query: ListQuery): Promise<CountedPage> {
  const { calls: found, ...page } = await listCalls(knex, query);
  if (query.before !== null && page.previous === null) return countedCalls(knex, log, { ...query, before: null });
  const isWhole = page.previous === null && page.next === null;
  return { page: { ...page, records: found.map(listedCall) }, count: isWhole ? { kind: 'exact', rows: found.length } : await countCalls(knex, query), found };
}

async function isEmpty(knex: Knex, log: LogDefinition): Promise<boolean> {
  const stored: LogDefinition = log === calls ? cdrs : log;
  return (await listPage(knex, stored, { ...parseListQuery(stored, {}), limit: 1 })).records.length === 0;
}

/** A listing as it is asked for but for what cannot be asked, which is told. */
export function parseAsFarAsPossible(log: LogDefinition, parameters: QueryParameters, ownZone: string, now: Micros): Asked {
  const problems: Problem[] = [];
  for (let rest = parameters; ; ) {
    try {
      return { listing: parseListingRequest(log, rest, ownZone, now), problems };
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      const field = Object.hasOwn(rest, error.field) ? error.field : null;
      if (field === null) throw error;
      const value = rest[field];
      problems.push({ field, reason: error.reason, value: typeof value === 'string' ? value : '' });
      rest = Object.fromEntries(Object.entries(rest).filter(([name]) => name !== field));
    }
  }
}
