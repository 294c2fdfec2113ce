import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import { pageQuery, withAccounts } from '../../database/listing.js';
import { readPage } from '../../database/search-page.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { fromRow, type DatabaseRow } from '../columns.js';
import type { ListQuery } from '../list-query.js';
import { formatCursor, isByEachLeg, legFilters, type CallCursor, type CallQuery, type Place } from './call-query.js';
import { cdrs, type Cdr } from './columns.js';
import { callKey, foldCalls, type FoldedCall } from './folded-call.js';

export interface CallPage {
  /** With all their legs. */
  readonly calls: readonly FoldedCall[];
  /** Continues after the last call. A page can be short, or empty, and still have one. */
  readonly next: string | null;
}

/** A page costs no more than this, also where hardly a call fits: then it is short, and its cursor goes on. */
const MOST_LEGS = 10_000;

/** A leg that fits but begins later than this after its call's begin is not looked for where the query has a `to`. */
const LONGEST_CALL = 86_400 * MICROS_PER_SECOND;

// So many values that MariaDB still looks each up in the index rather than trusting its statistics.
const KEYS_A_QUERY = 200;

/** One page of whole calls. Costs what it shows, and reads no more than about 10,000 legs to find it. */
export async function listCalls(knex: Knex, query: CallQuery): Promise<CallPage> {
  const scan = new CallScan(await withAccounts(knex, query));
  await scan.resume(knex);
  const batch = Math.min(1_000, Math.max(100, query.limit * 2));
  while (!scan.ended && scan.found.length <= query.limit && scan.legsRead < MOST_LEGS) await scan.advance(knex, batch, query.limit);
  const calls = scan.take(query.limit);
  const given = calls.at(-1)?.begin ?? query.after?.given ?? null;
  return { calls, next: scan.ended && scan.found.length === 0 ? null : formatCursor(scan.cursor(given)) };
}

/** Every call that fits, block after block, each a few short queries. `legsRead` is how many legs that took so far. */
export async function* allCalls(knex: Knex, query: CallQuery, batch = 1_000): AsyncGenerator<{ readonly calls: readonly FoldedCall[]; readonly legsRead: number }> {
  const scan = new CallScan(await withAccounts(knex, query));
  await scan.resume(knex);
  while (!scan.ended) {
    await scan.advance(knex, batch);
    yield { calls: scan.take(scan.found.length), legsRead: scan.legsRead };
  }
}

/** The call that a leg belongs to, by the leg's id; null where there is no such leg. */
export async function readCall(knex: Knex, legId: number): Promise<FoldedCall | null> {
  const legs = (await knex(cdrs.table).select<DatabaseRow[]>(KEY_COLUMNS).where({ id: legId })).map(keyOf);
  return [...(await callsOf(knex, legs)).values()][0] ?? null;
}

/** The calls of that linkedid, or of that uniqueid where the PBX says no linkedid: one of each PBX that has one, newest first. */
export async function readCalls(knex: Knex, linkedid: string): Promise<FoldedCall[]> {
  const rows = await Promise.all((['linkedid', 'uniqueid'] as const).map((column) => legsBy(knex, column, [linkedid]) as Promise<DatabaseRow[]>));
  return foldCalls(rows.flat().map((row) => fromRow(cdrs.columns, row)));
}

/**
 * Goes down the legs that fit, by an index, newest first, and gives calls in the order of their begins. Where all legs
 * fit, a call is met by its first leg. Where a filter leaves some, it is met by the last of them and waits until
 * the scan has come down to its begin: nothing that comes later can precede it.
 */
class CallScan {
  /** Calls that fit, in order, and can be given. */
  readonly found: FoldedCall[] = [];
  ended = false;
  legsRead = 0;
  readonly #waiting = new Map<string, FoldedCall>();
  /** The first leg of calls whose other legs the scan has come by. */
  readonly #firsts = new Map<string, number>();
  readonly #byEachLeg: boolean;
  #position: Place | null;

  constructor(private readonly query: CallQuery) {
    this.#position = query.after?.scan ?? null;
    this.#byEachLeg = isByEachLeg(query);
  }

  async resume(knex: Knex): Promise<void> {
    const open = this.query.after?.open ?? [];
    if (open.length === 0) return;
    const legs = (await knex(cdrs.table).select<DatabaseRow[]>(KEY_COLUMNS).whereIn('id', open)).map(keyOf);
    for (const [key, call] of await callsOf(knex, legs)) this.#waiting.set(key, call);
    this.#release();
  }

  /** Reads a batch of legs on, and of that no more than gives `most` calls. */
  async advance(knex: Knex, batch: number, most = Number.POSITIVE_INFINITY): Promise<void> {
    const rows = await readPage(knex, cdrs, legPage(this.query, this.#position, batch), KEY_COLUMNS);
    const legs = rows.map(keyOf);
    const calls = await callsOf(knex, legs.filter((leg) => this.#isNews(leg)));
    // SQLite answers without waiting; others who ask meanwhile get their turn here.
    await nextTurn();
    for (const [index, leg] of legs.entries()) {
      this.#position = leg;
      this.legsRead += 1;
      this.#meet(leg, calls.get(leg.key));
      if (this.found.length > most && index < legs.length - 1) return;
    }
    this.ended = rows.length < batch;
    this.#release();
  }

  take(most: number): FoldedCall[] {
    return this.found.splice(0, most);
  }

  cursor(given: Micros | null): CallCursor {
    const open = [...this.found, ...[...this.#waiting.values()].filter((call) => this.#fits(call))];
    return { scan: this.#position ?? { at: 0, id: 0 }, given, open: open.map(({ id }) => id) };
  }

  #isNews({ key, id }: LegKey): boolean {
    return this.#byEachLeg ? !this.#waiting.has(key) : (this.#firsts.get(key) ?? id) === id;
  }

  #meet({ key, id }: LegKey, call: FoldedCall | undefined): void {
    if (this.#byEachLeg) {
      if (call && !this.#waiting.has(key)) this.#waiting.set(key, call);
      // Only here can the scan have come down to this call's begin.
      if (this.#waiting.get(key)?.id === id) this.#release();
    } else if (call?.id === id) {
      this.#firsts.delete(key);
      if (this.#fits(call)) this.found.push(call);
    } else if (call) this.#firsts.set(key, call.id);
  }

  /** Lets go what the scan has come down to, or everything at its end. */
  #release(): void {
    const position = this.#position;
    const due = [...this.#waiting].filter(([, call]) => this.ended || position === null || !isBefore(position, placeOf(call)));
    for (const [key] of due) this.#waiting.delete(key);
    const calls = due.map(([, call]) => call).filter((call) => this.#fits(call));
    this.found.push(...calls.sort((a, b) => b.begin - a.begin || b.id - a.id));
  }

  #fits(call: FoldedCall): boolean {
    const { from, to, filters } = this.query;
    if ((from !== null && call.begin < from) || (to !== null && call.begin >= to)) return false;
    return filters['disposition'] === undefined || call.disposition === filters['disposition'];
  }
}

/** Newest first, as calls and legs are given. */
const isBefore = (a: Place, b: Place): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);
const placeOf = ({ begin, id }: FoldedCall): Place => ({ at: begin, id });

const KEY_COLUMNS = ['id', 'call_date', 'pbx', 'linkedid', 'uniqueid'];

/** The SQL by which a scan goes on below a place; apart, so that tests can ask the database to explain it. */
export const legsQuery = (knex: Knex, query: CallQuery, position: Place | null, batch: number): Knex.QueryBuilder =>
  pageQuery(knex, cdrs, legPage(query, position, batch)).clearSelect().select(KEY_COLUMNS);

function legPage(query: CallQuery, position: Place | null, batch: number): ListQuery {
  const filters = legFilters(query);
  const late = isByEachLeg(query) ? LONGEST_CALL : 0;
  return {
    from: query.from,
    to: query.to === null ? null : query.to + late,
    filters,
    search: query.search,
    sort: 'callDate',
    order: 'desc',
    limit: batch,
    before: null,
    after: position === null ? null : [position.at, position.id],
  };
}

interface LegKey extends Place {
  readonly key: string;
  readonly linkedid: string;
}

function keyOf(row: DatabaseRow): LegKey {
  const leg = { id: Number(row['id']), pbx: String(row['pbx']), linkedid: String(row['linkedid']), uniqueid: String(row['uniqueid']) };
  return { at: Number(row['call_date']), id: leg.id, key: callKey(leg), linkedid: leg.linkedid || leg.uniqueid };
}

/** The calls of these legs, whole, by their keys. */
async function callsOf(knex: Knex, legs: readonly LegKey[]): Promise<Map<string, FoldedCall>> {
  const linkedids = [...new Set(legs.map(({ linkedid }) => linkedid))].filter((linkedid) => linkedid !== '');
  const bare = legs.filter(({ linkedid }) => linkedid === '').map(({ id }) => id);
  const found: Cdr[] = [];
  for (const [column, values] of [['linkedid', linkedids], ['uniqueid', linkedids], ['id', bare]] as const) {
    for (let start = 0; start < values.length; start += KEYS_A_QUERY) {
      const rows = (await legsBy(knex, column, values.slice(start, start + KEYS_A_QUERY))) as DatabaseRow[];
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
