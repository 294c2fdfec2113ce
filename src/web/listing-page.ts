import type { Request, Response } from 'express';
import type { Knex } from 'knex';
import { InvalidInputError } from '../errors.js';
import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { calls, listedCall } from '../logs/cdr/call-columns.js';
import { countCalls } from '../logs/cdr/call-count.js';
import { listCalls } from '../logs/cdr/calls.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import type { Columns, LogDefinition, LogRecord } from '../logs/columns.js';
import { countList, rememberLarge, type RowCount } from '../logs/count.js';
import { parseListQuery, type ListQuery, type QueryParameters } from '../logs/list-query.js';
import { listPage, type Page } from '../logs/listing.js';
import type { Micros } from '../time.js';
import type { Problem } from './filter-view.js';
import { gapsOfPage, likelyGaps, MOST_GAPS } from './gap-reader.js';
import { gapsAt, placeGaps } from './gap-rows.js';
import { languageOf } from './language.js';
import { legsView } from './legs-view.js';
import { isOfForm, listingHref, parseListingRequest, withQuery, type ListingRequest } from './listing-query.js';
import { listingView } from './listing-view.js';
import type { LiveStreams } from './live-streams.js';
import { followed, liveView } from './live-view.js';
import { offlineAccounts, type OfflineAccounts } from './offline-accounts.js';
import type { Preferences } from './preferences.js';
import { readKept, type KeptOfList } from './saved-views.js';
import type { ConsoleUser } from './users.js';
import type { Views } from './views.js';

/** What the pages know of who reads them. */
export interface ReaderParts {
  readonly zoneOf: (user: ConsoleUser | undefined) => string;
  readonly preferences: Preferences;
  readonly clock: () => Micros;
  readonly live: Pick<LiveStreams, 'place'>;
}

/** What a page of a list is made of, as it is read from the database; or a shorter address of the same. */
export type ListingRead = { readonly kind: 'elsewhere'; readonly href: string } | ReadPage;

interface ReadPage extends Asked, PlacedPage {
  readonly kind: 'page';
  readonly now: Micros;
  readonly kept: KeptOfList;
  /** Those of its times. */
  readonly gaps: readonly CaptureGap[];
  /** There is no row at all, whatever is asked. */
  readonly nothingYet: boolean;
  readonly offline: OfflineAccounts | null;
}

export interface ListingPage {
  /** Reads what `show` shows, all that can be at the same time. */
  readonly read: (request: Request, user: ConsoleUser) => Promise<ListingRead>;
  readonly show: (request: Request, response: Response, read: ListingRead) => Promise<void>;
}

/** The page of one log. */
export function listingPage(knex: Knex, views: Views, { zoneOf, preferences, clock, live }: ReaderParts, ownPbx: string, log: LogDefinition): ListingPage {
  const readRows = log === calls ? countedCalls : countedPage;
  return {
    async read(request, user) {
      const now = clock();
      const asked = parseAsFarAsPossible(log, request.query, zoneOf(user), now);
      if (asked.problems.length === 0 && isOfForm(request.query)) return { kind: 'elsewhere', href: listingHref(`/${log.name}`, asked.listing) };
      views.begin();
      const begin = async (): Promise<PlacedPage> => {
        // Before the rows: what comes in between is told, and the page knows it by its id.
        const place = followed(asked.listing) === null ? null : await live.place(log);
        return { place, ...(await readRows(knex, log, asked.listing.query)) };
      };
      const [kept, answer, likely] = await Promise.all([readKept(preferences, user.id, log), answered(asked, begin), likelyGaps(knex, asked.listing)]);
      const { listing, page, problems } = answer;
      const isBare = problems.length === 0 && page.records.length === 0;
      const nothingYet = isBare && (await isEmpty(knex, log));
      return {
        kind: 'page',
        now,
        kept,
        ...answer,
        gaps: problems.length > 0 ? [] : await gapsOfPage(knex, { request: listing, ...page }, likely),
        nothingYet,
        offline: isBare && !nothingYet ? await offlineAccounts(knex, listing) : null,
      };
    },
    async show(request, response, read) {
      if (read.kind === 'elsewhere') {
        response.redirect(303, read.href);
        return;
      }
      const { now, kept, page, count, found, place, problems, nothingYet, offline } = read;
      const listing = { ...read.listing, columns: read.listing.columns ?? kept.columns };
      const language = languageOf(response);
      const follows = place !== null && problems.length === 0 && (followed(listing) === 'changes' || page.above === null) ? liveView(listing, place, request.originalUrl, language) : null;
      const gaps = { places: placeGaps({ request: listing, ...page }, read.gaps).map((some) => gapsAt(some, listing, language, ownPbx)), more: read.gaps.length === MOST_GAPS };
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
    },
  };
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
  const counting = rememberLarge(knex, log, query, () => countCalls(knex, query));
  // A page that is the whole list does not wait for it.
  counting.catch(() => undefined);
  const { calls: found, ...page } = await listCalls(knex, query);
  if (query.before !== null && page.previous === null) return countedCalls(knex, log, { ...query, before: null });
  const isWhole = page.previous === null && page.next === null;
  return { page: { ...page, records: found.map(listedCall) }, count: isWhole ? { kind: 'exact', rows: found.length } : await counting, found };
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
