import type { Knex } from 'knex';
import { pageQuery } from '../../database/page-query.js';
import { directionOf } from '../../database/page-query.js';
import { rowArrays } from '../../database/row-arrays.js';
import { fromRow, type DatabaseRow } from '../columns.js';
import { cursorAfter, cursorBefore, type ListQuery, type Order } from '../list-query.js';
import { withNames } from '../listing.js';
import { calls as callList } from './call-columns.js';
import { callsOf, KEY_COLUMNS, legKey, legsBy, placeOf, type Place } from './call-legs.js';
import { isByEachLeg, type CallQuery } from './call-query.js';
import { callReader, type CallReader } from './call-reader.js';
import { cdrs } from './columns.js';
import { foldCalls, type FoldedCall } from './folded-call.js';
import { legPage } from './legs-query.js';

export interface CallPage {
  /** With all their legs, in the order asked for. */
  readonly calls: readonly FoldedCall[];
  /** The cursors of the pages around; null where there is none. A page can be short, or empty, and still have both. */
  readonly previous: string | null;
  readonly next: string | null;
  /** `[begin, id]` of what lies right above the page, and of the last that it went through; null at the ends of the list. */
  readonly above: ListQuery['after'];
  readonly below: ListQuery['after'];
}

/** A page costs no more than this, also where hardly a call fits: then it is short, and the next one goes on. */
const MOST_LEGS = 10_000;
/** Where calls must be folded to see whether they fit, so many at once. */
const FOLDED_AT_ONCE = 200;

/** One page of whole calls, forward or back. Costs what it shows, and reads no more than about 10,000 legs to find it. */
export async function listCalls(knex: Knex, asked: CallQuery): Promise<CallPage> {
  const query = await withNames(knex, cdrs, asked);
  const { limit, order, before } = query;
  const edge = placeIn(before ?? query.after);
  const reader = callReader(query, edge, directionOf(query));
  const found: FoldedCall[] = [];
  while (!reader.ended && found.length <= limit && reader.legsRead < MOST_LEGS) found.push(...(await readFitting(knex, query, reader, limit + 1 - found.length)));
  const calls = found.slice(0, limit);
  const [last, more] = [calls.at(-1), found[limit]];
  // Where the way was too long, the page ends where it came to, else at its last call.
  const end = more && last ? placeOf(last) : reader.ended ? null : reader.place;
  if (before === null) return { calls, previous: edge && cursorBefore(callList, query, recordAt(next(edge, order))), next: end && cursorAfter(callList, query, recordAt(end)), above: keyset(edge), below: keyset(end) };
  const back: Order = order === 'desc' ? 'asc' : 'desc';
  const bottom = edge && next(edge, back);
  return {
    calls: calls.reverse(),
    previous: end && cursorBefore(callList, query, recordAt(end)),
    next: bottom && cursorAfter(callList, query, recordAt(bottom)),
    above: keyset(more ? placeOf(more) : end && next(end, back)),
    below: keyset(bottom),
  };
}

/** Every call that fits, block after block, in the order asked for. `legsRead` is how many legs that took so far. */
export async function* allCalls(knex: Knex, asked: CallQuery, batch = 1_000): AsyncGenerator<{ readonly calls: readonly FoldedCall[]; readonly legsRead: number }> {
  const query = await withNames(knex, cdrs, asked);
  const reader = callReader(query, null, query.order);
  while (!reader.ended) {
    const calls = (await reader.read(knex, batch)).filter((call) => hasDisposition(query, call));
    yield { calls, legsRead: reader.legsRead };
  }
}

async function readFitting(knex: Knex, query: CallQuery, reader: CallReader, most: number): Promise<FoldedCall[]> {
  const isSifted = query.filters['disposition'] !== undefined;
  const calls = await reader.read(knex, isSifted ? Math.max(most, FOLDED_AT_ONCE) : most);
  return calls.filter((call) => hasDisposition(query, call));
}

const hasDisposition = ({ filters }: CallQuery, call: FoldedCall): boolean => filters['disposition'] === undefined || call.disposition === filters['disposition'];

const placeIn = (values: ListQuery['after']): Place | null => values && { at: Number(values[0]), id: Number(values[1]) };
const keyset = (place: Place | null): ListQuery['after'] => place && [place.at, place.id];
const recordAt = ({ at, id }: Place): { readonly begin: number; readonly id: number } => ({ begin: at, id });
/** The next place there can be in that order. */
const next = ({ at, id }: Place, order: Order): Place => ({ at, id: order === 'desc' ? id - 1 : id + 1 });

/** The calls that these legs are of, whole. */
export async function callsOfLegs(knex: Knex, ids: readonly number[]): Promise<FoldedCall[]> {
  const legs = (await rowArrays(knex, knex(cdrs.table).select(KEY_COLUMNS).whereIn('id', ids))).map(legKey);
  return [...(await callsOf(knex, legs)).values()];
}

/** Which of these calls a list has. */
export async function fittingCalls(knex: Knex, asked: CallQuery, calls: readonly FoldedCall[]): Promise<FoldedCall[]> {
  const query = await withNames(knex, cdrs, asked);
  const { from, to } = query;
  const likely = calls.filter((call) => (from === null || call.begin >= from) && (to === null || call.begin < to) && hasDisposition(query, call));
  if (likely.length === 0 || !isByEachLeg(query)) return likely;
  const ids = likely.flatMap(({ legs }) => legs.map(({ id }) => id));
  const page = { ...legPage(query, null, 'desc', ids.length), from: null, to: null };
  const fitting = new Set(((await pageQuery(knex, cdrs, page).clearSelect().select('id').whereIn('id', ids)) as { readonly id: number }[]).map(({ id }) => id));
  return likely.filter(({ legs }) => legs.some(({ id }) => fitting.has(id)));
}

/** The call that a leg belongs to, by the leg's id; null where there is no such leg. */
export const readCall = async (knex: Knex, legId: number): Promise<FoldedCall | null> => (await callsOfLegs(knex, [legId]))[0] ?? null;

/** The calls of that linkedid, or of that uniqueid where the PBX says no linkedid: one of each PBX that has one, newest first. */
export async function readCalls(knex: Knex, linkedid: string): Promise<FoldedCall[]> {
  const rows = await Promise.all((['linkedid', 'uniqueid'] as const).map((column) => legsBy(knex, column, [linkedid]) as Promise<DatabaseRow[]>));
  return foldCalls(rows.flat().map((row) => fromRow(cdrs.columns, row)));
}
