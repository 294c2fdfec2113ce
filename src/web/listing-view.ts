import { calls } from '../logs/cdr/call-columns.js';
import { cdrs } from '../logs/cdr/columns.js';
import { isInstant, type LogDefinition, type LogRecord } from '../logs/columns.js';
import type { RowCount } from '../logs/count.js';
import { DEFAULT_LIMIT } from '../logs/list-query.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import type { Micros } from '../time.js';
import { accountPageHref, rowsOf, type Cell } from './cells.js';
import { visible } from './display-text.js';
import { exportHref } from './export-view.js';
import { filterView, type FilterView, type Problem } from './filter-view.js';
import type { GapView } from './gap-view.js';
import type { Language } from './language.js';
import type { LegsView } from './legs-view.js';
import { listedColumns } from './list-columns.js';
import { listToolsView, shownColumns, type ListToolsView } from './list-tools-view.js';
import { headOrder, listingHref, withQuery, type ListingRequest } from './listing-query.js';
import { rowKeys, type RowKey } from './live-view.js';
import { LACKING } from './menu.js';
import type { SavedView } from './saved-views.js';
import { mark } from './texts/mark.js';
import type { ReaderZone } from './zone.js';

export interface Head {
  readonly title: string;
  readonly className: string;
  /** The zone of the times below. */
  readonly zone: string | null;
  readonly sortHref: string | null;
  readonly ariaSort: 'ascending' | 'descending' | 'none' | null;
}

/** All that the listing template shows. */
export interface ListingView {
  readonly path: string;
  readonly heads: readonly Head[];
  readonly rows: readonly (readonly Cell[])[];
  readonly keys: readonly RowKey[];
  readonly filter: FilterView;
  /** Views and columns of the signed-in user; null where the rows are part of another page. */
  readonly tools: ListToolsView | null;
  /** How many rows the whole list has, in words. */
  readonly count: string;
  readonly order: string;
  readonly firstHref: string | null;
  readonly previousHref: string | null;
  readonly previousLabel: string;
  readonly nextHref: string | null;
  readonly nextLabel: string;
  /** How many rows a page may have; none for a list that fits the smallest. */
  readonly sizes: readonly { readonly text: string; readonly href: string; readonly current: boolean }[];
  readonly csvHref: string | null;
  /** There is no row at all, so that no filter is to blame. */
  readonly nothingYet: boolean;
  readonly emptyTitle: string;
  readonly exportHref: string;
  readonly empty: string;
  /** What the list is, where its name does not say it. */
  readonly about: string;
  /** What stands before each row, and after the last. */
  readonly gaps: PlacedGaps['places'];
  readonly moreGaps: boolean;
  /** The same calls in their other form, where it is a list of calls. */
  readonly forms: readonly { readonly title: string; readonly href: string; readonly current: boolean }[];
  /** The pages of the accounts that the list is narrowed down to. */
  readonly accounts: readonly { readonly text: string; readonly href: string }[];
  /** What folds out beneath each row, null for nothing. */
  readonly beneath: readonly (LegsView | null)[];
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
  calls: mark('Place a call between two accounts and look again.'),
  'capture-gaps': mark('Since its first login Logbook has listened without a break.'),
  'dead-letters': mark('All that was heard could be translated and written.'),
};
const EMPTY_TITLES: Readonly<Record<string, string>> = { 'capture-gaps': mark('No gaps.'), 'dead-letters': mark('No dead letters.') };

/** What a page of its own shows of a list besides rows. */
export interface ListingSurroundings {
  readonly previous: string | null;
  /** Null where counting would take too long. */
  readonly count: RowCount | null;
  readonly views: readonly SavedView[];
  readonly problems: readonly Problem[];
  /** The log has no row at all, whatever is asked. */
  readonly nothingYet: boolean;
  readonly now: Micros;
  /** What folds out beneath each row. */
  readonly beneath?: ListingView['beneath'];
}

/** A page of a log as the template shows it; everything comes from the log's columns. */
export function listingView(
  request: ListingRequest,
  records: readonly LogRecord[],
  next: string | null,
  language: Language,
  gaps: PlacedGaps = { places: [], more: false },
  around: ListingSurroundings | null = null,
): ListingView {
  const { log, query, zone } = request;
  const { t } = language;
  const path = `/${log.name}`;
  const byTimeDown = query.sort === log.timeColumn && query.order === 'desc';
  const previous = around?.previous ?? null;
  const columns = shownColumns(request);
  return {
    path,
    heads: columns.flatMap((name) => head(request, name, language)),
    rows: rowsOf(log, records, zone, language, columns),
    keys: rowKeys(request, records),
    filter: filterView(request, language, around?.problems, around?.now),
    tools: around ? listToolsView(request, around.views, language) : null,
    count: around && around.problems.length === 0 ? countText(log, around.count, language) : '',
    order: orderText(request, language),
    firstHref: query.after === null && previous === null ? null : listingHref(path, request),
    previousHref: previous === null ? null : listingHref(path, request, { cursor: previous }),
    previousLabel: byTimeDown ? t('Newer') : t('Previous page'),
    nextHref: next === null ? null : listingHref(path, request, { cursor: next }),
    nextLabel: byTimeDown ? t('Older') : t('Next page'),
    sizes: previous !== null || next !== null || records.length > Math.min(...SIZES) ? pageSizes(request, language) : [],
    csvHref: log.name === 'cdrs' ? listingHref(`${path}.csv`, { ...withQuery(request, { limit: DEFAULT_LIMIT }), columns: null, tz: zone.name }) : null,
    nothingYet: around?.nothingYet ?? false,
    emptyTitle: t(EMPTY_TITLES[log.name] ?? mark('Nothing here yet.')),
    exportHref: exportHref(request),
    empty: t(WHEN_EMPTY[log.name] ?? ''),
    about: LACKING.includes(log) ? t(log.about ?? '') : '',
    gaps: gaps.places,
    moreGaps: gaps.more,
    forms: callForms(request, language),
    accounts: accountsShown(request, records),
    beneath: around?.beneath ?? [],
  };
}

const SIZES: readonly number[] = [25, DEFAULT_LIMIT, 100, 250];

/** Each begins at the first page. */
function pageSizes(request: ListingRequest, { count }: Language): ListingView['sizes'] {
  const { limit: own } = request.query;
  const sizes = [...new Set([...SIZES, own])].sort((a, b) => a - b);
  return sizes.map((limit) => ({ text: count(limit), href: listingHref(`/${request.log.name}`, withQuery(request, { limit })), current: limit === own }));
}

/** Legs and whole calls: each one click from the other, with the same filters. */
function callForms(request: ListingRequest, { t }: Language): ListingView['forms'] {
  if (request.log !== cdrs && request.log !== calls) return [];
  const { sort, order } = request.query;
  const form = (log: LogDefinition, title: string): ListingView['forms'][number] => ({
    title,
    href: listingHref(`/${log.name}`, { ...withQuery(request, { sort: log.defaultSort, order: sort === request.log.timeColumn ? order : log.defaultOrder }), log, columns: null }),
    current: log === request.log,
  });
  return [form(cdrs, t('Pure and unfiltered')), form(calls, t(calls.title))];
}

function accountsShown({ log, query }: ListingRequest, records: readonly LogRecord[]): ListingView['accounts'] {
  const { peername } = query.filters;
  if (log !== sipSessions || peername === undefined) return [];
  const pbxs = [...new Set(records.map(({ pbx }) => String(pbx)))];
  return pbxs.map((pbx) => ({ text: visible(pbxs.length > 1 ? `${peername} (${pbx})` : peername), href: accountPageHref(pbx, peername) }));
}

/** The heads of a log's rows where their order is what the page says it is. */
export const plainHeads = (log: LogDefinition, zone: ReaderZone, { t }: Language, names: readonly string[] = listedColumns(log)): Head[] =>
  names.flatMap((name) => {
    const column = log.columns[name];
    return column ? [{ title: t(column.title), className: `${name} ${column.type}`, zone: isInstant(column) ? zone.name : null, sortHref: null, ariaSort: null }] : [];
  });

function countText(log: LogDefinition, count: RowCount | null, { t }: Language): string {
  if (count === null) return t('too many rows to count at once');
  if (log === calls) return count.kind === 'exact' ? t('{{count}} calls', { count: count.rows }) : t('more than {{count}} calls', { count: count.rows });
  return count.kind === 'exact' ? t('{{count}} rows', { count: count.rows }) : t('more than {{count}} rows', { count: count.rows });
}

function head(request: ListingRequest, name: string, { t }: Language): Head[] {
  const { log, query, zone } = request;
  const column = log.columns[name];
  if (!column) return [];
  const sorted = query.sort === name ? (query.order === 'asc' ? 'ascending' : 'descending') : 'none';
  return [
    {
      title: t(column.title),
      className: `${name} ${column.type}`,
      zone: isInstant(column) ? zone.name : null,
      sortHref: column.sortable ? listingHref(`/${log.name}`, request, { sort: name, order: headOrder(log, query, name) }) : null,
      ariaSort: column.sortable ? sorted : null,
    },
  ];
}

function orderText({ log, query }: ListingRequest, { t }: Language): string {
  const column = log.columns[query.sort];
  const down = query.order === 'desc';
  if (query.sort === log.timeColumn && log.defaultSort === log.timeColumn) return down ? t('newest first') : t('oldest first');
  if (column && isInstant(column)) return down ? t('latest first') : t('earliest first');
  const values = { column: t(column?.title ?? query.sort) };
  return down ? t('by {{column}}, descending', values) : t('by {{column}}, ascending', values);
}
