import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { countList, type RowCount } from '../database/count.js';
import { listPage, type Page } from '../database/listing.js';
import { InvalidInputError } from '../errors.js';
import { gapsBetween } from '../logs/capture-gap/store.js';
import { calls, listedCall } from '../logs/cdr/call-columns.js';
import { callListQuery } from '../logs/cdr/call-query.js';
import { listCalls } from '../logs/cdr/calls.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import type { Columns, LogDefinition, LogRecord } from '../logs/columns.js';
import { parseListQuery, type ListQuery, type QueryParameters } from '../logs/list-query.js';
import type { Micros } from '../time.js';
import type { Problem } from './filter-view.js';
import { gapsAt, gapWindow, MOST_GAPS, placeGaps, type ListedPage } from './gap-rows.js';
import { languageOf, type Language } from './language.js';
import { legsView } from './legs-view.js';
import { isOfForm, listingHref, parseListingRequest, type ListingRequest } from './listing-query.js';
import { listingView, type PlacedGaps } from './listing-view.js';
import type { LiveStreams } from './live-streams.js';
import { followed, liveView } from './live-view.js';
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
    const { problems } = asked;
    if (problems.length === 0 && isOfForm(request.query)) {
      response.redirect(303, listingHref(`/${log.name}`, asked.listing));
      return;
    }
    const begin = async (): Promise<CountedPage & { readonly place: string | null }> => {
      // Before the rows: what comes in between is told, and the page knows it by its id.
      const place = followed(asked.listing) === null ? null : await live.place(log);
      return { place, ...(await read(knex, log, asked.listing.query)) };
    };
    // What is asked in part is not answered with more than was asked.
    const [kept, { page, count, found, place }] = await Promise.all([user ? readKept(preferences, user.id, log) : NOTHING_KEPT, problems.length > 0 ? NOTHING : begin()]);
    const listing = { ...asked.listing, columns: asked.listing.columns ?? kept.columns };
    const language = languageOf(response);
    const follows = place !== null && (followed(listing) === 'changes' || page.above === null) ? liveView(listing, place, request.originalUrl, language) : null;
    const gaps = problems.length > 0 ? NO_GAPS : await gapsOf({ request: listing, ...page }, language);
    const nothingYet = page.records.length === 0 && problems.length === 0 && (await isEmpty(knex, log));
    const view = listingView(listing, page.records, page.next, language, gaps, { previous: page.previous, count, views: kept.views, problems, nothingYet, now, beneath: found.map((call) => legsView(call, listing.zone, language)) });
    await views.render(request, response, 'listing', {
      title: language.t(log.title),
      // The menu names the call log, of which whole calls are another form.
      section: log === calls ? cdrs.name : log.name,
      zone: listing.zone.name,
      status: problems.length > 0 ? 400 : 200,
      styles: ['listing.css', ...(follows ? ['live.css'] : []), ...(log === calls ? ['calls.css'] : [])],
      scripts: follows ? ['live-table.js', 'live.js'] : [],
      view: { listing: view, live: follows },
    });
  };

  /** What stands before each row of a page, and after the last. */
  async function gapsOf(page: ListedPage, language: Language): Promise<PlacedGaps> {
    const window = gapWindow(page);
    // A page that reached no call says nothing of the time it went through; the next one does.
    if (!window || (page.records.length === 0 && page.next !== null)) return NO_GAPS;
    const gaps = await gapsBetween(knex, window.from, window.to, MOST_GAPS);
    return { places: placeGaps(page, gaps).map((some) => gapsAt(some, page.request, language, ownPbx)), more: gaps.length === MOST_GAPS };
  }
}

interface CountedPage {
  readonly page: Omit<Page<Columns>, 'records'> & { readonly records: readonly LogRecord[] };
  /** Null where it is not known. */
  readonly count: RowCount | null;
  /** The calls that the records are of, where the list is of whole calls. */
  readonly found: readonly FoldedCall[];
}

const NOTHING: CountedPage & { readonly place: null } = { place: null, page: { records: [], previous: null, next: null, above: null }, count: { kind: 'exact', rows: 0 }, found: [] };
const NO_GAPS: PlacedGaps = { places: [], more: false };

async function countedPage(knex: Knex, log: LogDefinition, query: ListQuery): Promise<CountedPage> {
  const [page, counted] = await Promise.all([listPage(knex, log, query), countList(knex, log, query)]);
  // Back at the beginning the first page is shown as whoever comes new sees it, and never a short one.
  if (query.before !== null && page.previous === null) return countedPage(knex, log, { ...query, before: null });
  const isWhole = query.after === null && page.previous === null && page.next === null;
  return { page, count: isWhole ? { kind: 'exact', rows: page.records.length } : counted, found: [] };
}

/** Whole calls are read in one direction, and how many they are nothing tells but folding them all. */
async function countedCalls(knex: Knex, _log: LogDefinition, query: ListQuery): Promise<CountedPage> {
  const { calls: found, next } = await listCalls(knex, callListQuery(query));
  const isWhole = query.after === null && next === null;
  return { page: { records: found.map(listedCall), previous: null, next, above: query.after }, count: isWhole ? { kind: 'exact', rows: found.length } : null, found };
}

async function isEmpty(knex: Knex, log: LogDefinition): Promise<boolean> {
  const stored: LogDefinition = log === calls ? cdrs : log;
  return (await listPage(knex, stored, { ...parseListQuery(stored, {}), limit: 1 })).records.length === 0;
}

/** A listing as it is asked for but for what cannot be asked, which is told. */
export function parseAsFarAsPossible(log: LogDefinition, parameters: QueryParameters, ownZone: string, now: Micros): { readonly listing: ListingRequest; readonly problems: readonly Problem[] } {
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
