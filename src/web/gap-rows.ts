import type { CaptureGap } from '../logs/capture-gap/columns.js';
import { calls } from '../logs/cdr/call-columns.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { LogDefinition, LogRecord } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { webSessions } from '../logs/web-session/columns.js';
import type { Micros } from '../time.js';
import { gapView, gapsView, type GapView } from './gap-view.js';
import type { Language } from './language.js';
import type { ListingRequest } from './listing-query.js';

/** Made of what the PBX says when it happens, so that a time in which nobody listened is missing there. */
const HEARD: readonly LogDefinition[] = [sipSessions, webSessions, cdrs, calls];
const OF_CALLS: readonly LogDefinition[] = [cdrs, calls];

/** More at one place in the list become one line. */
const DRAWN_APART = 3;

/** A page of a listing, as it was read. */
export interface ListedPage {
  readonly request: ListingRequest;
  readonly records: readonly LogRecord[];
  /** Null on the last page. */
  readonly next: string | null;
  /** The keyset values of the row above the first; null on the first page. */
  readonly above: ListQuery['after'];
  /** Those of where the page ends, where that is not at its last row. */
  readonly below?: ListQuery['after'];
}

export interface GapWindow {
  readonly from: Micros | null;
  readonly to: Micros | null;
}

/** The times between which gaps may have to be drawn on this page; null for a list in another order than that of time. */
export const gapWindow = (page: ListedPage): GapWindow | null => windowOf(page.request, page.above, endOf(page));

/** The same of what a request tells, before its page is read: no less than that. */
export const gapsAsked = (request: ListingRequest): GapWindow | null => windowOf(request, request.query.after, null);

function windowOf(request: ListingRequest, above: ListedPage['above'], end: Micros | null): GapWindow | null {
  if (!isDrawn(request)) return null;
  const { from, to, order } = request.query;
  const edge = above === null ? null : Number(above[0]);
  return order === 'desc' ? { from: end ?? from, to: edge ?? to } : { from: edge ?? from, to: end ?? to };
}

/** The gaps of a window, of the latest `most` that touch a wider one; null where there may be others. */
export function gapsAmong(latest: readonly CaptureGap[], most: number, { from, to }: GapWindow): readonly CaptureGap[] | null {
  const areAll = latest.length < most || (from !== null && (latest.at(-1)?.to ?? 0) <= from);
  return areAll ? latest.filter((gap) => (from === null || gap.to > from) && (to === null || gap.from <= to)) : null;
}

const isDrawn = ({ log, query }: ListingRequest): boolean => HEARD.includes(log) && query.sort === log.timeColumn;

/**
 * Which gaps stand before each record, and after the last, so that over all pages each stands once: above all that
 * happened in it, as one reads.
 */
export function placeGaps(page: ListedPage, gaps: readonly CaptureGap[]): CaptureGap[][] {
  const { request, records, above } = page;
  const { log, query } = request;
  const places: CaptureGap[][] = Array.from({ length: records.length + 1 }, () => []);
  const down = query.order === 'desc';
  const before = above === null ? null : Number(above[0]);
  const last = endOf(page);
  for (const gap of ordered(log, gaps, down)) {
    const anchor = down ? gap.to : gap.from;
    // A record of that very instant stands above the end of a gap, and below its beginning.
    const isAbove = (time: Micros): boolean => (down ? time >= anchor : time < anchor);
    if ((query.to !== null && gap.from >= query.to) || (query.from !== null && gap.to <= query.from)) continue;
    if (before !== null && !isAbove(before)) continue;
    if (last !== null && isAbove(last)) continue;
    const place = records.findIndex((record) => !isAbove(timeOf(log, record) ?? 0));
    places[place === -1 ? records.length : place]?.push(gap);
  }
  return places;
}

/** What stands at one place. */
export function gapsAt(gaps: readonly CaptureGap[], request: ListingRequest, language: Language, ownPbx: string): GapView[] {
  const apart = (gap: CaptureGap): GapView => gapView(gap, request.zone, language, { ownPbx, calls: OF_CALLS.includes(request.log) });
  const views: GapView[] = [];
  let run: CaptureGap[] = [];
  const endRun = (): void => {
    views.push(...(run.length > DRAWN_APART ? [gapsView(run, request.zone, language)] : run.map(apart)));
    run = [];
  };
  for (const gap of gaps) {
    // One that somebody must look at is not to be lost among many.
    const stands = gap.recovery === 'failed' && OF_CALLS.includes(request.log);
    if (stands) endRun();
    if (stands) views.push(apart(gap));
    else run.push(gap);
  }
  endRun();
  return views;
}

function ordered(log: LogDefinition, gaps: readonly CaptureGap[], down: boolean): CaptureGap[] {
  // Calls are never left out.
  const shown = OF_CALLS.includes(log) ? gaps.filter(({ kind }) => kind === 'GAP') : [...gaps];
  return shown.sort((a, b) => (down ? b.to - a.to || b.id - a.id : a.from - b.from || a.id - b.id));
}

/** When the page ends; null where the list does. */
function endOf({ request, records, next, below = null }: ListedPage): Micros | null {
  if (next === null) return null;
  return below === null ? timeOf(request.log, records.at(-1)) : Number(below[0]);
}

function timeOf(log: LogDefinition, record: LogRecord | undefined): Micros | null {
  return record === undefined ? null : Number(record[log.timeColumn]);
}
