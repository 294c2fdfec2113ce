import { InvalidInputError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';
import { DEFAULT_LIMIT, parseListQuery, type ListQuery, type Order, type QueryParameters } from '../logs/list-query.js';
import { parseIso, toIso, type Micros } from '../time.js';
import { hasZone, readerZone, type ReaderZone } from './zone.js';

/** What a page or a download is asked for: the query, and the zone it is read and written in. */
export interface ListingRequest {
  readonly log: LogDefinition;
  readonly query: ListQuery;
  readonly zone: ReaderZone;
  /** The zone where the address names it, null where it is the reader's own. */
  readonly tz: string | null;
}

/**
 * Reads the query string of a page: as `parseListQuery`, and with `from` and `to` that say no zone,
 * as forms send them, on the reader's wall clock. Throws InvalidInputError that names the parameter.
 */
export function parseListingRequest(log: LogDefinition, parameters: QueryParameters, ownZone: string): ListingRequest {
  const { tz, zone, own } = readerParameters(parameters, ownZone);
  return { log, query: parseListQuery(log, own), zone, tz };
}

/** The zone that a query string names, null where it is the reader's own, and the other parameters, with instants that say their zone. */
export function readerParameters(parameters: QueryParameters, ownZone: string): { readonly tz: string | null; readonly zone: ReaderZone; readonly own: QueryParameters } {
  const given = parameters['tz'];
  if (given !== undefined && typeof given !== 'string') throw new InvalidInputError('tz', 'must be a single value');
  const tz = given === undefined || given.trim() === '' ? null : given.trim();
  const zone = readerZone(tz ?? ownZone);
  const ours: readonly string[] = ['tz', ...Object.values(EXACT)];
  const own = Object.fromEntries(Object.entries({ ...parameters, ...wallClock(parameters, zone) }).filter(([name]) => !ours.includes(name)));
  return { tz, zone, own };
}

/** The instant that a form's wall clock stood for when it was made: in autumn one hour is there twice, and forms know no milliseconds. */
export const EXACT = { from: 'fromExact', to: 'toExact' } as const;

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
export function listingHref(path: string, { log, query, tz }: ListingRequest, changes: ListingChanges = {}): string {
  const sort = changes.sort ?? query.sort;
  const order = changes.order ?? query.order;
  const parameters = new URLSearchParams();
  if (query.from !== null) parameters.set('from', toIso(query.from, 'us'));
  if (query.to !== null) parameters.set('to', toIso(query.to, 'us'));
  for (const [name, value] of Object.entries(query.filters)) parameters.set(name, value);
  if (sort !== log.defaultSort || order !== log.defaultOrder) {
    parameters.set('sort', sort);
    parameters.set('order', order);
  }
  if (query.limit !== DEFAULT_LIMIT) parameters.set('limit', String(query.limit));
  if (tz !== null) parameters.set('tz', tz);
  if (changes.cursor !== undefined) parameters.set('cursor', changes.cursor);
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The order a column's head asks for: the other one of a column sorted by already, else what one wants to see first. */
export function headOrder(log: LogDefinition, query: ListQuery, column: string): Order {
  if (query.sort === column) return query.order === 'asc' ? 'desc' : 'asc';
  return column === log.defaultSort ? log.defaultOrder : 'asc';
}

/** Whether anything but the order narrows the list down. */
export const isFiltered = ({ query }: ListingRequest): boolean =>
  query.from !== null || query.to !== null || Object.keys(query.filters).length > 0;
