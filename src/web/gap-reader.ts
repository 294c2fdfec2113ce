import type { Knex } from 'knex';
import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { gapsBetween } from '../logs/capture-gap/store.js';
import { gapsAmong, gapsAsked, gapWindow, type ListedPage } from './gap-rows.js';
import type { ListingRequest } from './listing-query.js';

/** So many on one page are looked for. */
export const MOST_GAPS = 1_000;
/** More are rarely drawn on one page. */
const LIKELY = 25;

/** Gaps that are read beside the rows, before anybody knows where the page ends: the latest, `LIKELY` at most, of those that may be drawn. */
export async function likelyGaps(knex: Knex, request: ListingRequest): Promise<readonly CaptureGap[]> {
  const window = gapsAsked(request);
  return window === null ? [] : gapsBetween(knex, window.from, window.to, LIKELY, request.query.filters['pbx']);
}

/** Those that may have to be drawn on a page, `MOST_GAPS` at most: from among the likely ones where no other can be, else read by its times. */
export async function gapsOfPage(knex: Knex, page: ListedPage, likely: readonly CaptureGap[]): Promise<readonly CaptureGap[]> {
  const window = gapWindow(page);
  if (window === null) return [];
  return gapsAmong(likely, LIKELY, window) ?? gapsBetween(knex, window.from, window.to, MOST_GAPS, page.request.query.filters['pbx']);
}
