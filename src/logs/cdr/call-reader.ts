import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Knex } from 'knex';
import { rowArrays } from '../../database/row-arrays.js';
import { readPage } from '../../database/search-page.js';
import type { Order } from '../list-query.js';
import { callsOf, KEY_COLUMNS, legKey, placeOf, type LegKey, type Place } from './call-legs.js';
import { isByEachLeg, type CallQuery } from './call-query.js';
import { cdrs } from './columns.js';
import { legPage, legsQuery, underWayQuery } from './legs-query.js';
import type { FoldedCall } from './folded-call.js';

/** Goes through calls by the times at which they began, from behind a place on, in one direction. */
export interface CallReader {
  /** The next calls, in order, about so many: fewer and none are no end. */
  read(knex: Knex, most: number): Promise<readonly FoldedCall[]>;
  /** Up to where all calls have been given; null before the first. */
  readonly place: Place | null;
  readonly ended: boolean;
  readonly legsRead: number;
}

/** The query's search must know its accounts; its own edges and limit are left aside. */
export const callReader = (query: CallQuery, place: Place | null, direction: Order): CallReader =>
  isByEachLeg(query) ? new LegScan(query, place, direction) : new FirstLegs(query, place, direction);

/** Whether a place comes after another one in that direction. */
const isBehind = (direction: Order, a: Place, b: Place): boolean => {
  const [earlier, later] = direction === 'desc' ? [a, b] : [b, a];
  return earlier.at < later.at || (earlier.at === later.at && earlier.id < later.id);
};

const ordered = (calls: Iterable<FoldedCall>, direction: Order): FoldedCall[] => [...calls].sort((a, b) => (isBehind(direction, placeOf(a), placeOf(b)) ? 1 : -1));

/** No more legs at once, so that whoever else asks gets his turn. */
const MOST_LEGS = 1_000;
const LEAST_LEGS = 100;
const MOST_REMEMBERED = 10_000;
/** Where most calls have one leg, so many legs are read for so many calls. */
const batchFor = (calls: number): number => Math.min(MOST_LEGS, Math.max(LEAST_LEGS, calls * 2));

/** Where no leg is asked anything, a call is met by its first. */
class FirstLegs implements CallReader {
  ended = false;
  legsRead = 0;
  /** The first leg of calls that were met, so that they are not read again for each of their legs. */
  readonly #firsts = new Map<string, number>();

  constructor(
    private readonly query: CallQuery,
    public place: Place | null,
    private readonly direction: Order,
  ) {}

  async read(knex: Knex, most: number): Promise<readonly FoldedCall[]> {
    const batch = batchFor(most);
    const legs = (await rowArrays(knex, legsQuery(knex, this.query, this.place, this.direction, batch))).map(legKey);
    const calls = await callsOf(knex, legs.filter(({ key, id }) => (this.#firsts.get(key) ?? id) === id));
    // SQLite answers without waiting; others who ask meanwhile get their turn here.
    await nextTurn();
    this.place = legs.at(-1) ?? this.place;
    this.ended = legs.length < batch;
    this.legsRead += legs.length;
    if (this.#firsts.size > MOST_REMEMBERED) this.#firsts.clear();
    for (const [key, { id, legs: { length } }] of calls) if (length > 1) this.#firsts.set(key, id);
    return legs.flatMap(({ key, id }) => {
      const call = calls.get(key);
      return call?.id === id ? [call] : [];
    });
  }
}

/**
 * Where a filter leaves some of the legs, a call is met by any of them, and waits until nothing that comes later can
 * precede it. Backwards in time that is when the legs have come down to its begin; calls that go on over the place where they
 * begin are looked for first. Forwards it is when no call that began before it goes on behind the legs that were read.
 */
class LegScan implements CallReader {
  ended = false;
  legsRead = 0;
  readonly #waiting = new Map<string, FoldedCall>();
  #scanned: Place | null;
  #begun = false;

  constructor(
    private readonly query: CallQuery,
    public place: Place | null,
    private readonly direction: Order,
  ) {
    this.#scanned = place;
  }

  async read(knex: Knex, most: number): Promise<readonly FoldedCall[]> {
    if (!this.#begun) await this.#begin(knex);
    const isScanned = this.#waiting.size < most || this.direction === 'desc';
    const atEnd = isScanned && (await this.#scan(knex, batchFor(most)));
    const edge = atEnd ? null : await this.#settle(knex, most);
    return this.#release(edge);
  }

  /** Backwards from within the list: calls that began before, and whose legs that fit all came later. */
  async #begin(knex: Knex): Promise<void> {
    this.#begun = true;
    const { to } = this.query;
    const top = this.place ?? (to === null ? null : { at: to, id: 0 });
    if (this.direction === 'desc' && top !== null) await this.#meet(knex, (await rowArrays(knex, underWayQuery(knex, this.query, top, top))).map(legKey));
  }

  /** Answers whether there are no more legs. */
  async #scan(knex: Knex, batch: number): Promise<boolean> {
    const page = legPage(this.query, this.#scanned, this.direction, batch);
    // Above `to` are only legs of calls under way then, which are known.
    const rows = await readPage(knex, cdrs, this.direction === 'desc' ? { ...page, to: this.query.to } : page, KEY_COLUMNS);
    const legs = rows.map(legKey);
    this.legsRead += legs.length;
    this.#scanned = legs.at(-1) ?? this.#scanned;
    await this.#meet(knex, legs);
    await nextTurn();
    return rows.length < batch;
  }

  async #meet(knex: Knex, legs: readonly LegKey[]): Promise<void> {
    const news = legs.filter(({ key }) => !this.#waiting.has(key));
    for (const [key, call] of await callsOf(knex, news)) {
      if (this.place === null || isBehind(this.direction, placeOf(call), this.place)) this.#waiting.set(key, call);
    }
  }

  /** Up to where all calls are known, as far as `most` need. */
  async #settle(knex: Knex, most: number): Promise<Place> {
    const scanned = this.#scanned ?? { at: 0, id: 0 };
    if (this.direction === 'desc') return scanned;
    const last = ordered(this.#waiting.values(), 'asc')[most - 1];
    const edge = last === undefined || isBehind('asc', placeOf(last), scanned) ? scanned : placeOf(last);
    await this.#meet(knex, (await rowArrays(knex, underWayQuery(knex, this.query, scanned, edge))).map(legKey));
    return edge;
  }

  /** Lets go what lies up to there; null: everything. */
  #release(edge: Place | null): FoldedCall[] {
    const due = [...this.#waiting].filter(([, call]) => edge === null || !isBehind(this.direction, placeOf(call), edge));
    for (const [key] of due) this.#waiting.delete(key);
    this.ended = edge === null;
    this.place = edge ?? this.place;
    const { from, to } = this.query;
    const calls = due.map(([, call]) => call).filter(({ begin }) => (from === null || begin >= from) && (to === null || begin < to));
    return ordered(calls, this.direction);
  }
}
