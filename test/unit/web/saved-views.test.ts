import { describe, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { areListed, knownColumns, listedColumns, movedColumns } from '../../../src/web/list-columns.js';
import type { Preferences } from '../../../src/web/preferences.js';
import { keepColumns, keepViews, MOST_VIEWS, readKept, renamedView, withoutView, withView, type SavedView } from '../../../src/web/saved-views.js';

const view = (name: string, query = ''): SavedView => ({ name, query });

/** Preferences in memory. */
function remembering(values: Record<string, string> = {}): Preferences {
  return {
    read: (userId, name) => Promise.resolve(values[`${userId} ${name}`] ?? null),
    readAll: (userId, names) => Promise.resolve(names.map((name) => values[`${userId} ${name}`] ?? null) as { [Place in keyof typeof names]: string | null }),
    write: (userId, name, value) => {
      values[`${userId} ${name}`] = value;
      return Promise.resolve();
    },
  };
}

describe('saved views', () => {
  it('are added, replaced by name, renamed in their place and taken away', () => {
    const views = withView(withView([], view(' Missed  today ', 'range=today')), view('Busy', 'disposition=BUSY'));
    expect(views).toEqual([view('Missed today', 'range=today'), view('Busy', 'disposition=BUSY')]);
    expect(withView(views, view('Missed today', 'range=yesterday'))).toEqual([view('Missed today', 'range=yesterday'), views[1]]);
    expect(renamedView(views, 'Missed today', 'Missed')).toEqual([view('Missed', 'range=today'), views[1]]);
    expect(renamedView(views, 'Busy', 'Busy')).toEqual(views);
    expect(withoutView(views, 'Missed today')).toEqual([views[1]]);
  });

  it.each([
    [() => withView([], view('  ')), 'name: must not be empty'],
    [() => withView([], view('x'.repeat(61))), 'name: must have at most 60'],
    [() => withView([], view('long', 'x'.repeat(2_001))), 'view: is too long'],
    [() => withView(Array.from({ length: MOST_VIEWS }, (_, i) => view(`${i}`)), view('more')), 'view: cannot be one more'],
    [() => renamedView([view('a'), view('b')], 'a', 'b'), 'name: is that of another view'],
  ])('say what is wrong (%#)', (change, message) => {
    expect(change).toThrow(message);
  });

  it('are read as they were kept, for that user and list', async () => {
    const preferences = remembering();
    await keepViews(preferences, 1, cdrs, [view('<b>&"', 'src=%2B39')]);
    await keepColumns(preferences, 1, cdrs, ['dst', 'src']);
    expect(await readKept(preferences, 1, cdrs)).toEqual({ columns: ['dst', 'src'], views: [view('<b>&"', 'src=%2B39')] });
    expect(await readKept(preferences, 2, cdrs)).toEqual({ columns: null, views: [] });
    await keepColumns(preferences, 1, cdrs, null);
    expect((await readKept(preferences, 1, cdrs)).columns).toBeNull();
  });

  it('that another release wrote do not take the list away', async () => {
    for (const stored of ['nonsense', '{}', '[1,["a"],["b","c"]]']) {
      const { views, columns } = await readKept(remembering({ '1 views.cdrs': stored, '1 columns.cdrs': 'gone,src,constructor' }), 1, cdrs);
      expect(views).toEqual(stored.startsWith('[') ? [view('b', 'c')] : []);
      expect(columns).toEqual(['src']);
    }
  });
});

describe('the columns of a list', () => {
  it('move past their neighbour, and no further than the end', () => {
    expect(movedColumns(['a', 'b', 'c'], 'up c')).toEqual(['a', 'c', 'b']);
    expect(movedColumns(['a', 'b', 'c'], 'down a')).toEqual(['b', 'a', 'c']);
    for (const move of ['up a', 'down c', 'up none', '', 'down']) expect(movedColumns(['a', 'b', 'c'], move)).toEqual(['a', 'b', 'c']);
  });

  it('are the usual ones only in the usual order', () => {
    const usual = listedColumns(cdrs);
    expect(areListed(cdrs, usual)).toBe(true);
    expect(areListed(cdrs, [...usual].reverse())).toBe(false);
    expect(knownColumns(cdrs, 'src,src,dst')).toEqual(['src', 'dst']);
  });
});
