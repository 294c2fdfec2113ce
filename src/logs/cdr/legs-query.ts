import type { Knex } from 'knex';
import { isSqlite } from '../../database/database.js';
import { pageQuery } from '../../database/page-query.js';
import { isByMonth } from '../../database/partitions.js';
import { fittingIds } from '../../database/search-page.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { ListQuery, Order } from '../list-query.js';
import { KEY_COLUMNS, MOST_APART, type Place } from './call-legs.js';
import { isByEachLeg, legFilters, type CallQuery } from './call-query.js';
import { cdrs } from './columns.js';

/** A leg that begins later than this after its call is not looked for where a page begins or ends amid the call. */
export const LONGEST_CALL: Micros = 86_400 * MICROS_PER_SECOND;

/** So many legs of calls that are under way at one moment. */
const MOST_UNDER_WAY = 5_000;

/** A page of legs: those that what is asked leaves, in that direction, from behind a place on. */
export function legPage(query: CallQuery, place: Place | null, direction: Order, limit: number): ListQuery {
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

/** The SQL of a page of legs in the order of time, whose calls are asked for by each of them or by the first. */
export const legsQuery = (knex: Knex, query: CallQuery, place: Place | null, direction: Order, limit: number): Knex.QueryBuilder =>
  pageQuery(knex, cdrs, legPage(query, place, direction, limit)).clearSelect().select(KEY_COLUMNS);

/** Which legs of a table `leg` are of the call of a leg of `cdr`: the rule of `callKey`, as two ranges of an index. */
const OWN_KEY = "nullif(case cdr.linkedid when '' then cdr.uniqueid else cdr.linkedid end, '')";
const SAME_CALL = [`leg.linkedid = ${OWN_KEY} and leg.pbx = cdr.pbx`, `leg.uniqueid = ${OWN_KEY} and leg.linkedid = '' and leg.pbx = cdr.pbx`];

/** For a leg the legs of its call up to a place: one query for each way of being of one call. */
const earlierLegs = (knex: Knex, { at, id }: Place): Knex.QueryBuilder[] =>
  SAME_CALL.map((sameCall) =>
    // Between bounds that no row of the outer query changes, so that MariaDB looks into few partitions.
    knex({ leg: cdrs.table }).select(knex.raw('1')).whereRaw(`${sameCall} and leg.call_date between ? and ? and (leg.call_date < ? or leg.id <= ?)`, [at - MOST_APART, at, at, id]),
  );

/** The SQL of the legs behind a place that fit and are of calls that began at `begun` or before: calls that go on over it. */
export function underWayQuery(knex: Knex, query: CallQuery, behind: Place, begun: Place): Knex.QueryBuilder {
  const page = { ...legPage(query, behind, 'asc', MOST_UNDER_WAY), from: behind.at, to: begun.at + LONGEST_CALL };
  const legs = fittingLegs(knex, page) ?? pageQuery(knex, cdrs, page).clearSelect();
  return legs.select(KEY_COLUMNS.map((column) => `cdr.${column}`)).where((any) => {
    for (const earlier of earlierLegs(knex, begun)) void any.orWhereExists(earlier);
  });
}

/** What a search finds by its indexes, of the first that are found; null where nothing is searched. */
function fittingLegs(knex: Knex, page: ListQuery): Knex.QueryBuilder | null {
  const found = fittingIds(knex, cdrs, page);
  // In this order, which statistics of what nobody has searched yet do not tell.
  // By the id alone each leg would be looked for in every month.
  const sameMonth = isByMonth(knex, cdrs.table) ? ' and cdr.call_date = found.at' : '';
  return found && knex.from(found.as('found')).joinRaw(`${isSqlite(knex) ? 'cross join' : 'straight_join'} cdr on cdr.id = found.id${sameMonth}`);
}

/** The SQL of a row for each call that fits, `most` at most; of a search those of the first `most` legs that it finds. */
export function eachCallQuery(knex: Knex, query: CallQuery, most: number): Knex.QueryBuilder {
  const page = legPage(query, null, 'desc', most);
  const { from, to } = query;
  const legs = fittingLegs(knex, page)?.limit(most) ?? pageQuery(knex, cdrs, page).clearSelect().clearOrder();
  if (from !== null) {
    for (const earlier of earlierLegs(knex, { at: from - 1, id: Number.MAX_SAFE_INTEGER })) {
      void legs.where((any) => void any.where('cdr.call_date', '>=', from + LONGEST_CALL).orWhereNotExists(earlier));
    }
  }
  // Legs that count begin no later than that, where only first ones are looked for.
  if (to !== null && isByEachLeg(query)) {
    void legs.where((any) => {
      void any.where('cdr.call_date', '<', to);
      for (const earlier of earlierLegs(knex, { at: to - 1, id: Number.MAX_SAFE_INTEGER })) void any.orWhereExists(earlier);
    });
  }
  const key = knex.raw("case cdr.linkedid when '' then cdr.uniqueid else cdr.linkedid end as call_key");
  const bare = knex.raw("case when cdr.linkedid = '' and cdr.uniqueid = '' then cdr.id else 0 end as bare");
  return legs.distinct('cdr.pbx', key, bare);
}

/** The SQL of as many rows as the whole log has calls at least: linkedids stand beside each other in their index. */
export const linkedidsQuery = (knex: Knex, most: number): Knex.QueryBuilder => knex(cdrs.table).distinct('linkedid').whereNot('linkedid', '').limit(most);
