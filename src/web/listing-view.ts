import { isInstant, type Column, type LogDefinition, type LogRecord } from '../logs/columns.js';
import { DEFAULT_LIMIT } from '../logs/list-query.js';
import { toIso } from '../time.js';
import { rowsOf, type Cell } from './cells.js';
import { visible } from './display-text.js';
import { exportHref } from './export-view.js';
import type { GapView } from './gap-view.js';
import { EXACT, formTime, headOrder, isFiltered, listingHref, type ListingRequest } from './listing-query.js';
import type { Language } from './language.js';
import { LACKING } from './menu.js';
import { mark } from './texts/mark.js';

export interface Head {
  readonly title: string;
  readonly className: string;
  /** The zone of the times below. */
  readonly zone: string | null;
  readonly sortHref: string | null;
  readonly ariaSort: 'ascending' | 'descending' | 'none' | null;
}

export interface FilterField {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** The value where it stands as text, outside its field. */
  readonly shown: string;
  readonly kind: 'datetime' | 'choice' | 'text';
  readonly choices: readonly string[];
}

/** All that the listing template shows. */
export interface ListingView {
  readonly path: string;
  readonly heads: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
  readonly fields: readonly FilterField[];
  /** What the form sends along unseen: order, page size and zone. */
  readonly hidden: readonly { readonly name: string; readonly value: string }[];
  readonly filtered: boolean;
  readonly order: string;
  readonly clearHref: string;
  readonly firstHref: string | null;
  readonly nextHref: string | null;
  readonly nextLabel: string;
  readonly csvHref: string | null;
  readonly emptyTitle: string;
  readonly exportHref: string;
  readonly empty: string;
  /** What the list is, where its name does not say it. */
  readonly about: string;
  /** What stands before each row, and after the last. */
  readonly gaps: PlacedGaps['places'];
  readonly moreGaps: boolean;
}

export interface PlacedGaps {
  readonly places: readonly (readonly GapView[])[];
  /** There are more than were looked for. */
  readonly more: boolean;
}

const WHEN_EMPTY: Readonly<Record<string, string>> = {
  'sip-sessions': mark('Register a phone with the PBX and look again.'),
  'registered-accounts': mark('No account is on line. Register a phone with the PBX and look again.'),
  'web-sessions': mark('Sign-ins to this console and to the PBX’s management interfaces show here.'),
  cdrs: mark('Place a call between two accounts and look again.'),
  'capture-gaps': mark('Since its first login Logbook has listened without a break.'),
  'dead-letters': mark('All that was heard could be translated and written.'),
};
const EMPTY_TITLES: Readonly<Record<string, string>> = { 'capture-gaps': mark('No gaps.'), 'dead-letters': mark('No dead letters.') };

/** A page of a log as the template shows it; everything comes from the log's columns. */
export function listingView(request: ListingRequest, records: readonly LogRecord[], next: string | null, language: Language, gaps: PlacedGaps = { places: [], more: false }): ListingView {
  const { log, query, zone } = request;
  const { t } = language;
  const path = `/${log.name}`;
  const byTimeDown = query.sort === log.timeColumn && query.order === 'desc';
  return {
    path,
    heads: listedColumns(log).map(([name, column]) => head(request, name, column, language)),
    rows: rowsOf(log, records, zone, language),
    fields: filterFields(request, language),
    hidden: hiddenFields(request),
    filtered: isFiltered(request),
    order: orderText(request, language),
    clearHref: listingHref(path, { ...request, query: { ...query, from: null, to: null, filters: {} } }),
    firstHref: query.after === null ? null : listingHref(path, request),
    nextHref: next === null ? null : listingHref(path, request, { cursor: next }),
    nextLabel: byTimeDown ? t('Older') : t('Next page'),
    csvHref: log.name === 'cdrs' ? listingHref(`${path}.csv`, { ...request, query: { ...query, limit: DEFAULT_LIMIT }, tz: zone.name }) : null,
    emptyTitle: t(EMPTY_TITLES[log.name] ?? mark('Nothing here yet.')),
    exportHref: exportHref(request),
    empty: t(WHEN_EMPTY[log.name] ?? ''),
    about: LACKING.includes(log) ? t(log.about ?? '') : '',
    gaps: gaps.places,
    moreGaps: gaps.more,
  };
}

const listedColumns = (log: LogDefinition): [string, Column][] => Object.entries(log.columns).filter(([, column]) => column.listed);

function head(request: ListingRequest, name: string, column: Column, { t }: Language): Head {
  const { log, query, zone } = request;
  const sorted = query.sort === name ? (query.order === 'asc' ? 'ascending' : 'descending') : 'none';
  return {
    title: t(column.title),
    className: `${name} ${column.type}`,
    zone: isInstant(column) ? zone.name : null,
    sortHref: column.sortable ? listingHref(`/${log.name}`, request, { sort: name, order: headOrder(log, query, name) }) : null,
    ariaSort: column.sortable ? sorted : null,
  };
}

function filterFields({ log, query, zone }: ListingRequest, { t }: Language): FilterField[] {
  const time = t(log.columns[log.timeColumn]?.title ?? '');
  const bound = (name: 'from' | 'to', label: string): FilterField => {
    const at = query[name];
    const local = at === null ? null : zone.local(at);
    return {
      name,
      label,
      value: at === null ? '' : formTime(zone, at),
      shown: local ? `${local.date} ${local.clock}` : '',
      kind: 'datetime',
      choices: [],
    };
  };
  const columns = Object.entries(log.columns)
    .filter(([, column]) => column.filter !== undefined)
    .map(([name, column]): FilterField => {
      const choices = Array.isArray(column.filter) ? (column.filter as readonly string[]) : [];
      const value = query.filters[name] ?? '';
      return { name, label: t(column.title), value, shown: visible(value), kind: choices.length > 0 ? 'choice' : 'text', choices };
    });
  return [bound('from', t('{{time}} from', { time })), bound('to', t('{{time}} before', { time })), ...columns];
}

function hiddenFields(request: ListingRequest): { name: string; value: string }[] {
  const kept = new URL(listingHref('/', request), 'http://localhost').searchParams;
  const plain = ['sort', 'order', 'limit', 'tz'].flatMap((name) => {
    const value = kept.get(name);
    return value === null ? [] : [{ name, value }];
  });
  const exact = (['from', 'to'] as const).flatMap((name) => {
    const at = request.query[name];
    return at === null || request.zone.parse(formTime(request.zone, at)) === at ? [] : [{ name: EXACT[name], value: toIso(at, 'us') }];
  });
  return [...plain, ...exact];
}

function orderText({ log, query }: ListingRequest, { t }: Language): string {
  const column = log.columns[query.sort];
  const down = query.order === 'desc';
  if (query.sort === log.timeColumn && log.defaultSort === log.timeColumn) return down ? t('newest first') : t('oldest first');
  if (column && isInstant(column)) return down ? t('latest first') : t('earliest first');
  const values = { column: t(column?.title ?? query.sort) };
  return down ? t('by {{column}}, descending', values) : t('by {{column}}, ascending', values);
}
