import type { Knex } from 'knex';
import { countOf, countRows, MOST_LISTED, type RowCount } from '../count.js';
import { withNames } from '../listing.js';
import { isByEachLeg, type CallQuery } from './call-query.js';
import { allCalls } from './calls.js';
import { cdrs } from './columns.js';
import { eachCallQuery, legPage, linkedidsQuery } from './legs-query.js';

/** What a call's disposition is only folding tells: so many legs are folded at most, to count by it. */
const MOST_FOLDED = 1_000;

const MORE: RowCount = { kind: 'more than', rows: MOST_LISTED };

/** How many whole calls a list has, whichever page is asked for; null where counting would take too long. */
export async function countCalls(knex: Knex, asked: CallQuery): Promise<RowCount | null> {
  const query = await withNames(knex, cdrs, { ...asked, after: null, before: null });
  if (query.filters['disposition'] !== undefined) return countFolded(knex, query);
  const isAll = !isByEachLeg(query) && query.from === null && query.to === null;
  if (isAll && Number(await countOf(knex, linkedidsQuery(knex, MOST_LISTED + 1))) > MOST_LISTED) return MORE;
  const rows = await countOf(knex, eachCallQuery(knex, query, MOST_LISTED + 1));
  if (rows === null) return null;
  if (rows > MOST_LISTED) return MORE;
  const isWhole = query.search === null || ((await countRows(knex, cdrs, legPage(query, null, 'desc', 1), MOST_LISTED)) ?? Infinity) <= MOST_LISTED;
  return isWhole ? { kind: 'exact', rows } : atLeast(rows);
}

const atLeast = (rows: number): RowCount | null => (rows < 100 ? null : { kind: 'more than', rows: Math.floor(rows / 100) * 100 });

async function countFolded(knex: Knex, query: CallQuery): Promise<RowCount | null> {
  let rows = 0;
  for await (const { calls, legsRead } of allCalls(knex, query, 200)) {
    rows += calls.length;
    if (legsRead > MOST_FOLDED) return atLeast(rows);
  }
  return { kind: 'exact', rows };
}
