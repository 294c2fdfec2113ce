import type { Knex } from 'knex';
import { countOf, MOST_LISTED, type RowCount } from '../../database/count.js';
import { pageQuery, withAccounts } from '../../database/listing.js';
import { fittingIds } from '../../database/search-page.js';
import { allCalls } from './calls.js';
import { isByEachLeg, type CallQuery } from './call-query.js';
import { cdrs } from './columns.js';
import { firstLegs, legPage, ofCallsBegun } from './first-legs.js';

/** What a call's disposition is only folding tells: so many legs are folded at most, to count by it. */
const MOST_FOLDED = 2_000;

const MORE: RowCount = { kind: 'more than', rows: MOST_LISTED };

/** How many whole calls a list has, whichever page is asked for; null where counting would take too long. */
export async function countCalls(knex: Knex, asked: CallQuery): Promise<RowCount | null> {
  const query = await withAccounts(knex, { ...asked, after: null, before: null });
  if (query.filters['disposition'] !== undefined) return countFolded(knex, query);
  const isAll = !isByEachLeg(query) && query.from === null && query.to === null;
  if (isAll && Number(await countOf(knex, linkedidsQuery(knex))) > MOST_LISTED) return MORE;
  const rows = await countOf(knex, countedQuery(knex, query));
  if (rows === null) return null;
  return rows > MOST_LISTED ? MORE : { kind: 'exact', rows };
}

/** The SQL of as many rows as the whole log has calls at least: linkedids stand beside each other in their index. */
export const linkedidsQuery = (knex: Knex): Knex.QueryBuilder => knex(cdrs.table).distinct('linkedid').whereNot('linkedid', '').limit(MOST_LISTED + 1);

/** The SQL of a row for each call that fits, as many as are counted. */
export function countedQuery(knex: Knex, query: CallQuery): Knex.QueryBuilder {
  const page = { ...legPage(query, null, 'desc', MOST_LISTED + 1) };
  if (!isByEachLeg(query)) return firstLegs(knex, pageQuery(knex, cdrs, page).clearSelect().clearOrder().select(knex.raw('1 as one')));
  const found = fittingIds(knex, cdrs, { ...page, limit: Number.MAX_SAFE_INTEGER });
  const legs = found === null ? pageQuery(knex, cdrs, page).clearSelect().clearOrder() : knex(cdrs.table).join(found.as('found'), 'found.id', 'cdr.id').limit(MOST_LISTED + 1);
  const key = knex.raw("case cdr.linkedid when '' then cdr.uniqueid else cdr.linkedid end as call_key");
  const bare = knex.raw("case when cdr.linkedid = '' and cdr.uniqueid = '' then cdr.id else 0 end as bare");
  return ofCallsBegun(knex, legs, query).distinct('cdr.pbx', key, bare);
}

async function countFolded(knex: Knex, query: CallQuery): Promise<RowCount | null> {
  let rows = 0;
  for await (const { calls, legsRead } of allCalls(knex, query, 500)) {
    rows += calls.length;
    if (legsRead > MOST_FOLDED) return rows < 100 ? null : { kind: 'more than', rows: Math.floor(rows / 100) * 100 };
  }
  return { kind: 'exact', rows };
}
