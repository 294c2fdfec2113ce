import type { Knex } from 'knex';
import { endOfTable, formatPosition, idsBetween, parsePosition, readOn, watchingAlso, type Position } from '../database/insertion.js';
import { InvalidInputError } from '../errors.js';
import { changeMark } from '../logs/changes.js';
import type { LogDefinition } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { sipSessions } from '../logs/sip-session/columns.js';
import { rowsTakenBack, TAKEN_BACK } from '../logs/sip-session/taken-back.js';
import { freshRows, type FreshRows } from './live-rows.js';
import { remembered } from './readiness.js';

/** What a reader of a list is told. */
export type LiveEvent =
  /** `count` rows came that the list has; the newest of them, no more than its page holds, newest first. */
  | { readonly kind: 'rows'; readonly count: number; readonly fresh: FreshRows }
  /** These rows are in the list no more, if they were. */
  | { readonly kind: 'gone'; readonly ids: readonly string[] }
  /** More than `count` rows came while the reader was away, more than are read one by one: look again. */
  | { readonly kind: 'behind'; readonly count: number }
  /** Something that the list showed is no longer so: look again. */
  | { readonly kind: 'changed' }
  /** The database does not answer, and nobody knows what came since; `well` when it does again, and when a newcomer has been told all. */
  | { readonly kind: 'trouble' }
  | { readonly kind: 'well' };

export interface Follower {
  /** A range such as today is another one tomorrow. */
  readonly query: () => ListQuery;
  /** Whether rows are given, or only told of: a list in another order, or of other rows than its table's, is looked at again as a whole. */
  readonly wants: 'rows' | 'changes';
  /** `place` is where a reader who comes back goes on without a hole and without doubling. */
  tell(event: LiveEvent, place: string): void;
}

export interface FeedTiming {
  /** How often the table is asked for what others wrote. */
  readonly pollMs: number;
  /** At most so often where one hears that something was written. */
  readonly soonestMs: number;
  readonly changesMs: number;
  /** How long the database may take before readers are told. */
  readonly patienceMs: number;
  /** A transaction that takes longer than this brings its rows unseen. */
  readonly holeMs: number;
  /** How long ago the place may be that a page begins from where nobody follows yet. */
  readonly placeMs: number;
}

const TIMING: FeedTiming = { pollMs: 1_000, soonestMs: 250, changesMs: 5_000, patienceMs: 5_000, holeMs: 120_000, placeMs: 1_000 };
/** Rows of one look, and those that a reader who was away is given one by one. */
const MOST_ROWS = 1_000;
const NOWHERE: Position = { last: 0, open: [] };

interface Place {
  readonly position: Position;
  /** Of the rows that left the log, where it says which do. */
  readonly left: Position;
  /** Of the rows up to `upTo`. */
  readonly mark: string;
  readonly upTo: number;
}

/**
 * Follows one log for all readers of this process: one look at the table at a time, however many read. What fits whose filter the
 * database says, by the very query of the list, and only when there are new rows. Runs while there are followers.
 */
export class LiveFeed {
  readonly #timing: FeedTiming;
  readonly #followers = new Set<Follower>();
  readonly #joining = new Map<Follower, Place | null>();
  #place: Place | null = null;
  #openSince = new Map<number, number>();
  #markedAt = 0;
  #running = false;
  #troubled = false;
  #wake: (() => void) | null = null;
  #nudged = false;
  #lately: () => Promise<Place>;

  constructor(
    private readonly knex: Knex,
    private readonly log: LogDefinition,
    timing: Partial<FeedTiming> = {},
  ) {
    this.#timing = { ...TIMING, ...timing };
    this.#lately = this.#remembered();
  }

  readonly #remembered = (): (() => Promise<Place>) => remembered(() => this.#here(), this.#timing.placeMs);

  /** Where the log ended a moment ago: what a page is given that begins to follow from here. What came since is told, and the page knows it by its id. */
  async place(): Promise<string> {
    return formatPlace(this.#place ?? (await this.#lately()));
  }

  /** From `place` on, or from now where that is none. Answers how to leave. */
  follow(follower: Follower, place: string): () => void {
    this.#joining.set(follower, parsePlace(place));
    if (this.#troubled) follower.tell({ kind: 'trouble' }, place);
    this.#look();
    if (!this.#running) void this.#run();
    return () => {
      this.#joining.delete(follower);
      this.#followers.delete(follower);
      if (this.#followers.size + this.#joining.size === 0) this.#look();
    };
  }

  /** Something may have been written just now. */
  nudge(): void {
    this.#lately = this.#remembered();
    this.#look();
  }

  /** Up to where those who have been told `well` know all. */
  get current(): string | null {
    return this.#place === null ? null : formatPlace(this.#place);
  }

  #look(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#followers.size + this.#joining.size > 0) {
      const begun = performance.now();
      this.#nudged = false;
      const slow = setTimeout(() => this.#say('trouble'), this.#timing.patienceMs);
      const more = await this.#poll().catch(() => 'failed' as const);
      clearTimeout(slow);
      this.#say(more === 'failed' ? 'trouble' : 'well');
      if (more !== true) await this.#pause(begun);
    }
    this.#place = null;
    this.#openSince.clear();
    this.#running = false;
  }

  /** Until the next look is due; a nudge makes it soon. */
  async #pause(begun: number): Promise<void> {
    const { pollMs, soonestMs } = this.#timing;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        setTimeout(resolve, Math.max(0, begun + soonestMs - performance.now())).unref();
      };
      if (this.#nudged) this.#wake();
    });
    this.#wake = null;
  }

  /** Answers whether there is more to read at once. */
  async #poll(): Promise<boolean> {
    const place = this.#place ?? (await this.#here());
    const { ids, position, more } = await readOn(this.knex, this.log.table, place.position, MOST_ROWS);
    // After the new rows: what is gone by now may have been one of them.
    const gone = await this.#leftSince(place.left);
    const fresh = { ...place, position: this.#watched(position), left: gone.position };
    if (ids.length > 0) await this.#give(ids, [...this.#followers], formatPlace(fresh));
    this.#tellGone(gone.ids, [...this.#followers], formatPlace(fresh));
    this.#place = fresh;
    await this.#lookForChanges(fresh);
    if (!more && !gone.more) await this.#join(this.#place);
    return more || gone.more;
  }

  async #leftSince(position: Position): Promise<{ readonly ids: readonly number[]; readonly position: Position; readonly more: boolean }> {
    if (this.log !== sipSessions) return { ids: [], position, more: false };
    const read = await readOn(this.knex, TAKEN_BACK, position, MOST_ROWS);
    return read.ids.length === 0 ? read : { ...read, ids: await rowsTakenBack(this.knex, read.ids) };
  }

  #tellGone(ids: readonly number[], followers: readonly Follower[], place: string): void {
    if (ids.length === 0) return;
    for (const follower of followers) follower.tell(follower.wants === 'changes' ? { kind: 'changed' } : { kind: 'gone', ids: ids.map(String) }, place);
  }

  async #here(): Promise<Place> {
    const position = await endOfTable(this.knex, this.log.table);
    const left = this.log === sipSessions ? await endOfTable(this.knex, TAKEN_BACK) : NOWHERE;
    return { position, left, mark: await changeMark(this.knex, this.log, position.last), upTo: position.last };
  }

  /** The position without the holes that were watched long enough. */
  #watched(position: Position): Position {
    const now = performance.now();
    const since = new Map(position.open.map(({ to }) => [to, this.#openSince.get(to) ?? now]));
    this.#openSince = since;
    return { ...position, open: position.open.filter(({ to }) => now - (since.get(to) ?? now) < this.#timing.holeMs) };
  }

  /** Gives rows to those whose list has them; one query for each way in which lists are filtered. Nobody is told before all is read. */
  async #give(ids: readonly number[], followers: readonly Follower[], place: string): Promise<void> {
    const alike = new Map<string, FreshRows | null>();
    const fitting = await freshRows(this.knex, this.log, ids);
    for (const { wants, query: asked } of followers) {
      const query = asked();
      const key = filterKey(query);
      if (wants === 'changes' || alike.has(key)) continue;
      alike.set(key, await orTooMany(fitting(query)));
    }
    for (const follower of followers) {
      const fresh = alike.get(filterKey(follower.query())) ?? null;
      if (follower.wants === 'changes' || fresh === null) {
        follower.tell({ kind: 'changed' }, place);
        continue;
      }
      const { records, gone, ...more } = fresh;
      if (records.length > 0) follower.tell({ kind: 'rows', count: records.length, fresh: { ...more, gone, records: records.slice(0, follower.query().limit) } }, place);
      if (gone.length > 0) follower.tell({ kind: 'gone', ids: gone }, place);
    }
  }

  async #lookForChanges(place: Place): Promise<void> {
    const now = performance.now();
    if (now - this.#markedAt < this.#timing.changesMs) return;
    this.#markedAt = now;
    const changed = (await changeMark(this.knex, this.log, place.upTo)) !== place.mark;
    const upTo = place.position.last;
    this.#place = { ...place, upTo, mark: await changeMark(this.knex, this.log, upTo) };
    if (!changed) return;
    for (const follower of this.#followers) follower.tell({ kind: 'changed' }, formatPlace(this.#place));
  }

  /** Brings newcomers to where all others are: with the holes that they have watched, which are older than this feed perhaps. */
  async #join(place: Place): Promise<void> {
    let here = place;
    for (const [follower, from] of [...this.#joining]) {
      if (from !== null) {
        const ids = await idsBetween(this.knex, this.log.table, from.position, here.position, MOST_ROWS);
        if (ids !== null) here = { ...here, position: watchingAlso(here.position, from.position, ids) };
        if (ids === null) follower.tell({ kind: 'behind', count: MOST_ROWS }, formatPlace(here));
        else if (ids.length > 0) await this.#give(ids, [follower], formatPlace(here));
        if (this.log === sipSessions) await this.#tellLeft(follower, from, here);
        if ((await changeMark(this.knex, this.log, from.upTo)) !== from.mark) follower.tell({ kind: 'changed' }, formatPlace(here));
      }
      if (!this.#joining.delete(follower)) continue;
      this.#place = here;
      this.#followers.add(follower);
      follower.tell({ kind: 'well' }, formatPlace(here));
    }
  }

  async #tellLeft(follower: Follower, from: Place, here: Place): Promise<void> {
    const left = await idsBetween(this.knex, TAKEN_BACK, from.left, here.left, MOST_ROWS);
    if (left === null) follower.tell({ kind: 'changed' }, formatPlace(here));
    else this.#tellGone(left.length === 0 ? left : await rowsTakenBack(this.knex, left), [follower], formatPlace(here));
  }

  #say(kind: 'trouble' | 'well'): void {
    const troubled = kind === 'trouble';
    if (this.#troubled === troubled) return;
    this.#troubled = troubled;
    for (const follower of [...this.#followers, ...this.#joining.keys()]) follower.tell({ kind }, '');
  }
}

const filterKey = (query: ListQuery): string => JSON.stringify({ ...query, after: null, before: null, limit: 0 });

const formatPlace = ({ position, upTo, mark, left }: Place): string => `${formatPosition(position)}~${upTo}~${mark}~${formatPosition(left)}`;

function parsePlace(text: string): Place | null {
  const [position = '', upTo = '', mark = '', left = ''] = text.split('~');
  const [parsed, parsedLeft] = [parsePosition(position), parsePosition(left)];
  return parsed === null || parsedLeft === null || !/^\d{1,15}$/.test(upTo) ? null : { position: parsed, left: parsedLeft, upTo: Number(upTo), mark };
}

/** Null for a search that by now means too many names: the page that asks for itself again is told. */
async function orTooMany(fresh: Promise<FreshRows>): Promise<FreshRows | null> {
  try {
    return await fresh;
  } catch (error) {
    if (error instanceof InvalidInputError) return null;
    throw error;
  }
}
