import { InvalidInputError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';
import { knownColumns } from './list-columns.js';
import type { Preferences } from './preferences.js';

/** A list as somebody wants to see it again: filter, order and columns, as its address has them. */
export interface SavedView {
  readonly name: string;
  readonly query: string;
}

/** What a user keeps of one list. */
export interface KeptOfList {
  /** Null where the columns are not chosen. */
  readonly columns: readonly string[] | null;
  /** In the order in which they were saved. */
  readonly views: readonly SavedView[];
}

export const NOTHING_KEPT: KeptOfList = { columns: null, views: [] };

export const MOST_VIEWS = 20;
export const LONGEST_VIEW_NAME = 60;
/** So that all of them fit into one text of MariaDB. */
const LONGEST_QUERY = 2_000;

const columnsName = (log: LogDefinition): string => `columns.${log.name}`;
const viewsName = (log: LogDefinition): string => `views.${log.name}`;

export async function readKept(preferences: Preferences, userId: number, log: LogDefinition): Promise<KeptOfList> {
  const [columns, views] = await preferences.readAll(userId, [columnsName(log), viewsName(log)]);
  return { columns: knownColumns(log, columns), views: parseViews(views) };
}

/** Null for those that the list has anyway. */
export const keepColumns = (preferences: Preferences, userId: number, log: LogDefinition, columns: readonly string[] | null): Promise<void> =>
  preferences.write(userId, columnsName(log), columns?.join(',') ?? '');

export const keepViews = (preferences: Preferences, userId: number, log: LogDefinition, views: readonly SavedView[]): Promise<void> =>
  preferences.write(userId, viewsName(log), JSON.stringify(views.map(({ name, query }) => [name, query])));

/** With this view, in the place of one of the same name. Throws InvalidInputError for a name that is none, and for one view too many. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  const saved = { name: viewName(view.name), query: view.query };
  if (saved.query.length > LONGEST_QUERY) throw new InvalidInputError('view', 'is too long to be kept; narrow it down with fewer words');
  if (views.some(({ name }) => name === saved.name)) return views.map((other) => (other.name === saved.name ? saved : other));
  if (views.length >= MOST_VIEWS) throw new InvalidInputError('view', `cannot be one more: there are ${MOST_VIEWS}; delete one first`);
  return [...views, saved];
}

/** Throws InvalidInputError for a name that is none, or that another view has. */
export function renamedView(views: readonly SavedView[], from: string, to: string): SavedView[] {
  const name = viewName(to);
  if (name !== from && views.some((view) => view.name === name)) throw new InvalidInputError('name', 'is that of another view');
  return views.map((view) => (view.name === from ? { ...view, name } : view));
}

export const withoutView = (views: readonly SavedView[], name: string): SavedView[] => views.filter((view) => view.name !== name);

function viewName(text: string): string {
  const name = text.trim().replaceAll(/\s+/g, ' ');
  if (name === '') throw new InvalidInputError('name', 'must not be empty');
  if (name.length > LONGEST_VIEW_NAME) throw new InvalidInputError('name', `must have at most ${LONGEST_VIEW_NAME} characters`);
  return name;
}

// A text that another release wrote must not take the whole list away.
function parseViews(stored: string | null): SavedView[] {
  try {
    const parsed: unknown = JSON.parse(stored ?? '[]');
    return (Array.isArray(parsed) ? (parsed as unknown[]) : []).flatMap((entry) => {
      const [name, query] = Array.isArray(entry) ? (entry as unknown[]) : [];
      return typeof name === 'string' && typeof query === 'string' ? [{ name, query }] : [];
    });
  } catch {
    return [];
  }
}
