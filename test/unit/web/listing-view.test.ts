import { expect, it } from 'vitest';
import { calls } from '../../../src/logs/cdr/call-columns.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { LogDefinition } from '../../../src/logs/columns.js';
import type { RowCount } from '../../../src/logs/count.js';
import { english, italian, type Language } from '../../../src/web/language.js';
import { parseListingRequest } from '../../../src/web/listing-query.js';
import { listingView } from '../../../src/web/listing-view.js';

const counted = (log: LogDefinition, count: RowCount | null, language: Language): string =>
  listingView(parseListingRequest(log, {}, 'Europe/Rome', 0), [], null, language, undefined, { previous: null, count, views: [], problems: [], nothingYet: false, now: 0 }).count;

it.each<[string, LogDefinition, RowCount | null, Language]>([
  ['1 row', cdrs, { kind: 'exact', rows: 1 }, english],
  ['4,210 rows', cdrs, { kind: 'exact', rows: 4_210 }, english],
  ['more than 10,000 rows', cdrs, { kind: 'more than', rows: 10_000 }, english],
  ['more than 10,000 calls', calls, { kind: 'more than', rows: 10_000 }, english],
  ['too many rows to count at once', cdrs, null, english],
  ['troppe righe da contare subito', cdrs, null, italian],
])('a list says how many rows it has: %s', (text, log, count, language) => {
  expect(counted(log, count, language)).toBe(text);
});
