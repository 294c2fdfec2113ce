import type { Knex } from 'knex';
import type { RowArray } from '../../database/row-arrays.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { fromRow, type DatabaseRow } from '../columns.js';
import { cdrs, type Cdr } from './columns.js';
import { callKey, foldCalls, type FoldedCall } from './folded-call.js';

/** A place among calls, or among legs, that are ordered by time and then by id. A call's is that of its first leg. */
export interface Place {
  readonly at: Micros;
  readonly id: number;
}

/** What tells of a leg which call it is of. */
export interface LegKey extends Place {
  readonly key: string;
  readonly linkedid: string;
}

/** The columns that `legKey` reads, in their order. */
export const KEY_COLUMNS: readonly string[] = ['id', 'call_date', 'pbx', 'linkedid', 'uniqueid'];

export function legKey([id, at, ...texts]: RowArray): LegKey {
  const [pbx = '', linkedid = '', uniqueid = ''] = texts.map(String);
  const leg = { id: Number(id), pbx, linkedid, uniqueid };
  return { at: Number(at), id: leg.id, key: callKey(leg), linkedid: leg.linkedid || leg.uniqueid };
}

export const placeOf = ({ begin, id }: Pick<FoldedCall, 'begin' | 'id'>): Place => ({ at: begin, id });

/** No two legs of one call begin further apart: PBXs and what they write begin anew more often. */
export const MOST_APART: Micros = 31 * 86_400 * MICROS_PER_SECOND;

// So many values that MariaDB still looks each up in the index rather than trusting its statistics.
const KEYS_A_QUERY = 200;

/** The calls of these legs, whole, by their keys. */
export async function callsOf(knex: Knex, legs: readonly LegKey[]): Promise<Map<string, FoldedCall>> {
  const linkedids = [...new Set(legs.map(({ linkedid }) => linkedid))].filter((linkedid) => linkedid !== '');
  const bare = legs.filter(({ linkedid }) => linkedid === '').map(({ id }) => id);
  const found: Cdr[] = [];
  const times = legs.map(({ at }) => at);
  const [from, to] = [Math.min(...times) - MOST_APART, Math.max(...times) + MOST_APART];
  for (const [column, values] of [['linkedid', linkedids], ['uniqueid', linkedids], ['id', bare]] as const) {
    for (let start = 0; start < values.length; start += KEYS_A_QUERY) {
      const rows = (await legsBy(knex, column, values.slice(start, start + KEYS_A_QUERY)).whereBetween('call_date', [from, to])) as DatabaseRow[];
      for (const row of rows) found.push(fromRow(cdrs.columns, row));
    }
  }
  const wanted = new Set(legs.map(({ key }) => key));
  const calls = foldCalls(found.filter((leg) => wanted.has(callKey(leg))));
  return new Map(calls.flatMap((call) => call.legs.slice(0, 1).map((leg) => [callKey(leg), call] as const)));
}

/** The legs with one of these values; by `uniqueid` those alone that have no linkedid. */
export function legsBy(knex: Knex, column: 'linkedid' | 'uniqueid' | 'id', values: readonly (string | number)[]): Knex.QueryBuilder {
  const query = knex(cdrs.table).select(Object.values(cdrs.columns).map(({ db }) => db)).whereIn(column, values);
  // Hidden from the planner: where no leg has a linkedid, its index would lead through all of them.
  return column === 'uniqueid' ? query.whereRaw(`coalesce(linkedid, '') = ''`) : query;
}
