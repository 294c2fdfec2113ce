import type { LogDefinition } from '../logs/columns.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { areListed, listedColumns } from './list-columns.js';
import { listingHref, withQuery, type ListingRequest } from './listing-query.js';
import type { SavedView } from './saved-views.js';

/** Which columns a list shows, for the form that chooses them. */
export interface ColumnsView {
  /** Those that are shown first, in their order. */
  readonly choices: readonly { readonly name: string; readonly title: string; readonly shown: boolean; readonly first: boolean; readonly last: boolean; readonly upText: string; readonly downText: string }[];
  /** Others than the log's own are shown. */
  readonly chosen: boolean;
  /** More than fit beside each other in most windows. */
  readonly many: boolean;
}

/** What the widest of the logs shows by itself. */
const MOST_BESIDE = 10;

/** The views that a user has saved of a list. */
export interface SavedViewsView {
  readonly views: readonly { readonly name: string; readonly shown: string; readonly nameLabel: string; readonly href: string; readonly current: boolean }[];
  /** The name that the present list has been saved by, '' where it has not. */
  readonly currentName: string;
}

export interface ListToolsView {
  readonly list: string;
  /** The present list as the forms send it. */
  readonly parameters: string;
  readonly columns: ColumnsView;
  readonly saved: SavedViewsView;
}

export function listToolsView(request: ListingRequest, views: readonly SavedView[], language: Language): ListToolsView {
  const { log } = request;
  const shown = shownColumns(request);
  const own = viewQuery(request);
  const saved = views.map(({ name, query }) => ({
    name,
    shown: visible(name),
    nameLabel: language.t('Name of the view {{view}}', { view: visible(name) }),
    href: `/${log.name}?${query}`,
    current: isSame(query, own),
  }));
  return {
    list: log.name,
    parameters: own,
    columns: { choices: columnChoices(log, shown, language), chosen: !areListed(log, shown), many: shown.length > MOST_BESIDE },
    saved: { views: saved, currentName: saved.find(({ current }) => current)?.name ?? '' },
  };
}

/** The columns of a list, in their order. */
export const shownColumns = ({ log, columns = null }: ListingRequest): readonly string[] => columns ?? listedColumns(log);

/** What a view of this list is saved as: all of its address from the first page, with its columns. */
export const viewQuery = (request: ListingRequest): string => listingHref('', { ...withQuery(request, {}), columns: shownColumns(request) }).slice(1);

function columnChoices(log: LogDefinition, shown: readonly string[], { t }: Language): ColumnsView['choices'] {
  const names = [...shown, ...Object.keys(log.columns).filter((name) => !shown.includes(name))];
  return names.map((name, index) => {
    const column = t(log.columns[name]?.title ?? name);
    return {
      name,
      title: column,
      shown: index < shown.length,
      first: index === 0,
      last: index === shown.length - 1,
      upText: t('Move {{column}} up', { column }),
      downText: t('Move {{column}} down', { column }),
    };
  });
}

const isSame = (a: string, b: string): boolean => sorted(a) === sorted(b);
const sorted = (query: string): string => [...new URLSearchParams(query)].map((pair) => pair.join('=')).sort().join('&');
