import type { RowCount } from '../database/count.js';
import { isInstant, type LogRecord } from '../logs/columns.js';
import { DEFAULT_LIMIT } from '../logs/list-query.js';
import type { Micros } from '../time.js';
import { rowsOf, type Cell } from './cells.js';
import { exportHref } from './export-view.js';
import { filterView, type FilterView, type Problem } from './filter-view.js';
import type { GapView } from './gap-view.js';
import type { Language } from './language.js';
import { listToolsView, shownColumns, type ListToolsView } from './list-tools-view.js';
import { headOrder, listingHref, withQuery, type ListingRequest } from './listing-query.js';
import { rowKeys, type RowKey } from './live-view.js';
import { LACKING } from './menu.js';
import type { SavedView } from './saved-views.js';
import { mark } from './texts/mark.js';

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
    count: around && around.problems.length === 0 ? countText(around.count, language) : '',
    order: orderText(request, language),
    firstHref: query.after === null && previous === null ? null : listingHref(path, request),
    previousHref: previous === null ? null : listingHref(path, request, { cursor: previous }),
    previousLabel: byTimeDown ? t('Newer') : t('Previous page'),
    nextHref: next === null ? null : listingHref(path, request, { cursor: next }),
    nextLabel: byTimeDown ? t('Older') : t('Next page'),
    csvHref: log.name === 'cdrs' ? listingHref(`${path}.csv`, { ...withQuery(request, { limit: DEFAULT_LIMIT }), columns: null, tz: zone.name }) : null,
    nothingYet: around?.nothingYet ?? false,
    emptyTitle: t(EMPTY_TITLES[log.name] ?? mark('Nothing here yet.')),
    exportHref: exportHref(request),
    empty: t(WHEN_EMPTY[log.name] ?? ''),
    about: LACKING.includes(log) ? t(log.about ?? '') : '',
    gaps: gaps.places,
    moreGaps: gaps.more,
  };
}

function countText(count: RowCount | null, { t }: Language): string {
  if (count === null) return t('too many rows to count at once');
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
