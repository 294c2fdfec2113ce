import { COLUMNS } from './italian/columns.js';
import { FILTER } from './italian/filter.js';
import { FRAME } from './italian/frame.js';
import { LISTS } from './italian/lists.js';
import { SAID } from './italian/said.js';

/** All Italian texts, by the English ones. `…_one` is for one, where it is not said as many are. */
export const ITALIAN: Readonly<Record<string, string>> = { ...FRAME, ...COLUMNS, ...FILTER, ...LISTS, ...SAID };
