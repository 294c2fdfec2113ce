import type { Knex } from 'knex';
import { pageQuery } from '../../database/listing.js';
import { fittingIds } from '../../database/search-page.js';
import { MICROS_PER_SECOND } from '../../time.js';
import type { ListQuery, Order } from '../list-query.js';
import { KEY_COLUMNS, type Place } from './call-legs.js';
import { isByEachLeg, legFilters } from './call-query.js';
import { cdrs } from './columns.js';

/** A leg that begins later than this after its call is not looked for where a page begins or ends amid the call. */
export const LONGEST_CALL = 86_400 * MICROS_PER_SECOND;

/** So many legs of calls that are under way at one moment. */
const MOST_UNDER_WAY = 5_000;

/** A page of legs: those that what is asked leaves, in that direction, from behind a place on. */
export function legPage(query: ListQuery, place: Place | null, direction: Order, limit: number): ListQuery {
  const late = isByEachLeg(query) ? LONGEST_CALL : 0;
  return {
    from: query.from,
    to: query.to === null ? null : query.to + late,
    filters: legFilters(query),
    search: query.search,
    sort: cdrs.defaultSort,
    order: direction,
    limit,
    before: null,
    after: place === null ? null : [place.at, place.id],
  };
}

/** The SQL of a page of calls of which no leg is asked anything: the first leg of each. */
export const firstLegsQuery = (knex: Knex, query: ListQuery, place: Place | null, direction: Order, limit: number): Knex.QueryBuilder =>
  firstLegs(knex, pageQuery(knex, cdrs, legPage(query, place, direction, limit)).clearSelect().select(KEY_COLUMNS));

/** Leaves of legs those that no other leg of their call precedes: two look-ups in an index for each. */
export function firstLegs(knex: Knex, legs: Knex.QueryBuilder): Knex.QueryBuilder {
  const precedes = 'leg.call_date <= cdr.call_date and (leg.call_date < cdr.call_date or leg.id < cdr.id)';
  for (const sameCall of SAME_CALL) void legs.whereNotExists(knex({ leg: cdrs.table }).select(knex.raw('1')).whereRaw(`${sameCall} and ${precedes}`));
  return legs;
}

/** Which legs of a table `leg` are of the call of a leg of `cdr`: the rule of `callKey`, as two ranges of an index. */
const OWN_KEY = "nullif(case cdr.linkedid when '' then cdr.uniqueid else cdr.linkedid end, '')";
const SAME_CALL = [`leg.linkedid = ${OWN_KEY} and leg.pbx = cdr.pbx`, `leg.uniqueid = ${OWN_KEY} and leg.linkedid = '' and leg.pbx = cdr.pbx`];

/** Or: of a call that has a leg at or before a place. */
function orBegunBy(knex: Knex, any: Knex.QueryBuilder, { at, id }: Place): void {
  for (const sameCall of SAME_CALL) {
    void any.orWhereExists(knex({ leg: cdrs.table }).select(knex.raw('1')).whereRaw(`${sameCall} and leg.call_date <= ? and (leg.call_date < ? or leg.id <= ?)`, [at, at, id]));
  }
}

/** The SQL of the legs behind a place that fit and are of calls that began at `begun` or before: calls that go on over it. */
export function underWayQuery(knex: Knex, query: ListQuery, behind: Place, begun: Place): Knex.QueryBuilder {
  const page = { ...legPage(query, behind, 'asc', MOST_UNDER_WAY), from: behind.at, to: begun.at + LONGEST_CALL };
  const found = fittingIds(knex, cdrs, page);
  const legs = found === null ? pageQuery(knex, cdrs, page).clearSelect() : knex(cdrs.table).join(found.as('found'), 'found.id', 'cdr.id').limit(MOST_UNDER_WAY);
  return legs.select(KEY_COLUMNS.map((column) => `cdr.${column}`)).where((any) => orBegunBy(knex, any, begun));
}

/** Leaves of legs that fit those of calls that began in `[from, to)`; legs before `from` are none of theirs. */
export function ofCallsBegun(knex: Knex, legs: Knex.QueryBuilder, { from, to }: Pick<ListQuery, 'from' | 'to'>): Knex.QueryBuilder {
  if (from !== null) {
    for (const sameCall of SAME_CALL) void legs.whereNotExists(knex({ leg: cdrs.table }).select(knex.raw('1')).whereRaw(`${sameCall} and leg.call_date < ?`, [from]));
  }
  if (to !== null) void legs.where((any) => orBegunBy(knex, any.where('cdr.call_date', '<', to), { at: to, id: 0 }));
  return legs;
}
