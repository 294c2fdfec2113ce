import { ABOUTS } from './italian/abouts.js';
import { COLUMNS } from './italian/columns.js';
import { EXPORT } from './italian/export.js';
import { FILTER } from './italian/filter.js';
import { FRAME } from './italian/frame.js';
import { LIVE } from './italian/live.js';
import { LISTS } from './italian/lists.js';
import { OVERVIEW } from './italian/overview.js';
import { PAGES } from './italian/pages.js';
import { SAID } from './italian/said.js';

/** All Italian texts, by the English ones. `…_one` is for one, where it is not said as many are. */
export const ITALIAN: Readonly<Record<string, string>> = {
  ...FRAME,
  ...COLUMNS,
  ...ABOUTS,
  ...FILTER,
  ...LISTS,
  ...LIVE,
  ...EXPORT,
  ...OVERVIEW,
  ...PAGES,
  ...SAID,
};
