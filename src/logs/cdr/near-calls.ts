import type { Knex } from 'knex';
import { rowArrays } from '../../database/row-arrays.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { recordViews } from '../columns.js';
import { cdrs, type Cdr } from './columns.js';
import type { CallIdentity } from './same-call.js';

// SQLite takes no deeper expression than 1,000 terms.
export const RANGES_A_QUERY = 200;

/** A call of the table, as far as it tells whether another is the same. */
export type StoredCall = CallIdentity & Pick<Cdr, 'callDate'> & { readonly key: string };

const NAMES = [
  'callDate', 'pbx', 'src', 'dst', 'channel', 'dstchannel', 'dcontext', 'lastapp', 'disposition', 'duration', 'billsec', 'uniqueid', 'sequence', 'lastdata', 'userfield', 'accountcode',
] as const satisfies readonly (keyof typeof cdrs.columns)[];
const COLUMNS = ['event_key', ...NAMES.map((name) => cdrs.columns[name].db)];
const viewOf = recordViews({ key: { db: 'event_key', title: '', type: 'text' }, ...cdrs.columns }, COLUMNS);

const SHORTEST_REACH: Micros = 5 * MICROS_PER_SECOND;
const FIRST_REACH: Micros = 60 * MICROS_PER_SECOND;
const LONGEST_REACH: Micros = 7 * 86_400 * MICROS_PER_SECOND;
/** So many rows for one that is asked about are read rather than that one more range is looked up. */
const ROWS_FOR_ONE = 3;

/**
 * Finds the calls of the table near given instants, batch after batch. Instants that lie near one another are read in one range of time;
 * how near, it learns from how many rows the table has between them, whichever PBX's.
 */
export class NearCalls {
  #reach = FIRST_REACH;

  /** The calls of a PBX that began within a second of any of these instants, and perhaps others between. */
  async find(trx: Knex, pbx: string, instants: readonly Micros[]): Promise<StoredCall[]> {
    const ranges = secondsAround(instants, this.#reach);
    const found: StoredCall[] = [];
    let read = 0;
    for (let start = 0; start < ranges.length; start += RANGES_A_QUERY) {
      const some = ranges.slice(start, start + RANGES_A_QUERY);
      const query = trx(cdrs.table).select(COLUMNS).where((any) => {
        for (const range of some) void any.orWhereBetween('call_date', [range.from, range.to]);
      });
      for (const row of await rowArrays(trx, query)) {
        read += 1;
        const call = viewOf(row);
        if (call.pbx === pbx) found.push(call);
      }
    }
    if (read > ROWS_FOR_ONE * instants.length) this.#reach = Math.max(SHORTEST_REACH, this.#reach / 8);
    else if (ranges.length > 1) this.#reach = Math.min(LONGEST_REACH, this.#reach * 2);
    return found;
  }
}

/** Ranges that do not meet, and hold every instant with a second before and after its own second; those within `reach` of one another become one. */
export function secondsAround(instants: readonly Micros[], reach: Micros): { from: Micros; to: Micros }[] {
  const ranges: { from: Micros; to: Micros }[] = [];
  for (const at of [...instants].sort((a, b) => a - b)) {
    const from = (Math.floor(at / MICROS_PER_SECOND) - 1) * MICROS_PER_SECOND;
    const to = from + 3 * MICROS_PER_SECOND;
    const last = ranges.at(-1);
    if (last && from <= last.to + reach) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges;
}
