import { InvalidInputError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';
import { DEFAULT_LIMIT, parseListQuery, RANGES, type ListQuery, type Order, type QueryParameters, type RangeName } from '../logs/list-query.js';
import { oneOf, parametersOf, readParameters } from '../logs/parameters.js';
import { fromMs, parseIso, toIso, type Micros } from '../time.js';
import { parseColumns } from './list-columns.js';
import { rangeBounds } from './quick-range.js';
import { hasZone, readerZone, type ReaderZone } from './zone.js';

/** What a page or a download is asked for: the query, and the zone it is read and written in. */
export interface ListingRequest {
  readonly log: LogDefinition;
  readonly query: ListQuery;
  readonly zone: ReaderZone;
  /** The zone where the address names it, null where it is the reader's own. */
  readonly tz: string | null;
  /** The range that `from` and `to` of the query are now, where it is asked for by its name. */
  readonly range?: RangeName | null;
  /** The columns that are shown, in their order, where they are chosen: the log's listed ones otherwise. */
  readonly columns?: readonly string[] | null;
}

/**
 * Reads the query string of a page: as `parseListQuery`, and with `from` and `to` that say no zone,
 * as forms send them, on the reader's wall clock. `range` is what it is at `now`. Throws InvalidInputError that names the parameter.
 */
export function parseListingRequest(log: LogDefinition, parameters: QueryParameters, ownZone: string, now: Micros = fromMs(Date.now())): ListingRequest {
  const { [FORM_RANGE]: kept, columns, ...given } = parameters;
  const isTimed = isGiven(given['from']) || isGiven(given['to']) || isGiven(given['range']);
  const listing = parseDated(log, isTimed || kept === undefined ? given : { ...given, range: kept }, ownZone, now, Object.values(EXACT));
  return { ...listing, columns: isGiven(columns) ? parseColumns(columns, Object.keys(log.columns)) : null };
}

/** Reads what scripts ask: as a page, but without what only forms send or only pages have, and in UTC unless `tz` says otherwise. */
export const parseApiQuery = (log: LogDefinition, parameters: QueryParameters, now: Micros): ListQuery => parseDated(log, parameters, 'UTC', now, []).query;

/** The instant that a form's wall clock stood for when it was made: in autumn one hour is there twice, and forms know no milliseconds. */
export const EXACT = { from: 'fromExact', to: 'toExact' } as const;
/** The range that a form was made with: it holds unless times are filled in. */
export const FORM_RANGE = 'rangeKept';

/** Whether an address is what a form sends, so that a shorter one says the same. */
export const isOfForm = (parameters: QueryParameters): boolean =>
  Object.entries(parameters).some(([name, value]) => value === '' || name === FORM_RANGE || (Object.values(EXACT) as string[]).includes(name));

const isGiven = (value: unknown): boolean => value !== undefined && !(typeof value === 'string' && value.trim() === '');

const ofRange = parametersOf('a list', { range: oneOf(RANGES).optional() });

/** The zone that a query string names, null where it is the reader's own, and the other parameters. */
export function readerParameters({ tz: named, ...own }: QueryParameters, ownZone: string): { readonly tz: string | null; readonly zone: ReaderZone; readonly own: QueryParameters } {
  if (named !== undefined && typeof named !== 'string') throw new InvalidInputError('tz', 'must be a single value');
  const tz = named === undefined || named.trim() === '' ? null : named.trim();
  return { tz, zone: readerZone(tz ?? ownZone), own };
}

function parseDated(log: LogDefinition, parameters: QueryParameters, ownZone: string, now: Micros, formOnly: readonly string[]): ListingRequest {
  const { tz, zone, own } = readerParameters(parameters, ownZone);
  const { range: namedRange, ...others } = own;
  const { range = null } = namedRange === undefined ? {} : readParameters(ofRange, { range: namedRange });
  if (range !== null && (isGiven(others['from']) || isGiven(others['to']))) throw new InvalidInputError('range', 'stands for from and to; give it alone, or those');
  const dated = { ...others, ...wallClock(others, zone) };
  const query = parseListQuery(log, dated, formOnly);
  return { log, query: range === null ? query : { ...query, ...rangeBounds(range, zone, now) }, zone, tz, range };
}

/** An instant as a form shows it. */
export function formTime(zone: ReaderZone, at: Micros): string {
  const { date, clock } = zone.local(at);
  return `${date}T${clock}`;
}

function wallClock(parameters: QueryParameters, zone: ReaderZone): Record<string, string> {
  const instants: Record<string, string> = {};
  for (const name of ['from', 'to'] as const) {
    const text = parameters[name];
    if (typeof text !== 'string' || text.trim() === '' || hasZone(text)) continue;
    const exact = parameters[EXACT[name]];
    const meant = typeof exact === 'string' ? parseIso(exact) : null;
    // Browsers leave out seconds that are none.
    const isMeant = meant !== null && formTime(zone, meant) === text.trim().replace(/T\d\d:\d\d$/, '$&:00');
    const at = isMeant ? meant : zone.parse(text);
    // What cannot be read stays as it is, for parseListQuery to name.
    if (at !== null) instants[name] = toIso(at, 'us');
  }
  return instants;
}

export interface ListingChanges {
  readonly sort?: string;
  readonly order?: Order;
  /** A page of the listing; links that change anything else begin at its first page. */
  readonly cursor?: string;
}

/** The address of a listing like this one, with some of it changed. Values that are the default are left out. */
export function listingHref(path: string, { log, query, tz, range = null, columns = null }: ListingRequest, changes: ListingChanges = {}): string {
  const sort = changes.sort ?? query.sort;
  const order = changes.order ?? query.order;
  const parameters = new URLSearchParams();
  if (range !== null) parameters.set('range', range);
  else {
    if (query.from !== null) parameters.set('from', toIso(query.from, 'us'));
    if (query.to !== null) parameters.set('to', toIso(query.to, 'us'));
  }
  if (query.search) parameters.set('search', query.search.text);
  for (const [name, value] of Object.entries(query.filters)) parameters.set(name, value);
  if (sort !== log.defaultSort || order !== log.defaultOrder) {
    parameters.set('sort', sort);
    parameters.set('order', order);
  }
  if (query.limit !== DEFAULT_LIMIT) parameters.set('limit', String(query.limit));
  if (columns !== null) parameters.set('columns', columns.join(','));
  if (tz !== null) parameters.set('tz', tz);
  if (changes.cursor !== undefined) parameters.set('cursor', changes.cursor);
  // A comma is a comma also there.
  const text = parameters.toString().replaceAll('%2C', ',');
  return text === '' ? path : `${path}?${text}`;
}

/** The same listing from its first page, with another query. */
export const withQuery = (request: ListingRequest, changes: Partial<ListQuery>): ListingRequest => ({ ...request, query: { ...request.query, after: null, before: null, ...changes } });

/** The order a column's head asks for: the other one of a column sorted by already, else what one wants to see first. */
export function headOrder(log: LogDefinition, query: ListQuery, column: string): Order {
  if (query.sort === column) return query.order === 'asc' ? 'desc' : 'asc';
  return column === log.defaultSort ? log.defaultOrder : 'asc';
}

/** Whether anything but the order narrows the list down. */
export const isFiltered = ({ query }: ListingRequest): boolean =>
  query.from !== null || query.to !== null || query.search !== null || Object.keys(query.filters).length > 0;

/** Every row that there is, in the same order and columns. */
export const unfiltered = (request: ListingRequest): ListingRequest => ({ ...withQuery(request, { from: null, to: null, search: null, filters: {} }), range: null });
