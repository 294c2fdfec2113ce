import type { ChannelType } from '../../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { AccountState, NewSipSession } from '../output.js';
import type { Inference } from './accounts.js';
import { SETTLE } from './evidence.js';
import { jsonArray } from './texts.js';

/** How far the times of two rows about one happening may lie outside of the time that nobody heard. */
export const INFERENCE_MARGIN: Micros = 2 * MICROS_PER_SECOND;

/** A login that has stood so long has had its first listings, or will have none. */
const LISTED_WITHIN: Micros = 120 * MICROS_PER_SECOND;
const FEW_ROWS = 100;

interface OwnRow {
  readonly peername: string;
  readonly at: Micros;
  readonly key: string;
}

export type SavedRow = readonly [peername: string, at: Micros, key: string];

export interface SavedOutage {
  readonly heardAt: Micros | null;
  readonly hearingSince: Micros | null;
  readonly known: readonly ChannelType[];
  readonly unheard: readonly (readonly [ChannelType, Micros])[];
  readonly pruneAt: number;
}

/** What this listener may have missed, and what it wrote itself about that time. */
export class Outage {
  /** When anything was last heard. */
  private heardAt: Micros | null = null;
  /** Since when it hears without a break; null between two logins. */
  private hearingFrom: Micros | null = null;
  /** Drivers of which it knows who was on line before. */
  private readonly known = new Set<ChannelType>();
  /** Since when it has not heard, for each driver that was not listed again. */
  private readonly unheard = new Map<ChannelType, Micros>();
  private rows: OwnRow[] = [];
  private readonly byAccount = new Map<string, OwnRow[]>();
  private pruneAt = FEW_ROWS;

  get lastHeard(): Micros | null {
    return this.heardAt;
  }

  get hearingSince(): Micros | null {
    return this.hearingFrom;
  }

  /** Whether what belongs to an event of that time may have been said, or changed, where it did not listen. */
  isUnsure(channelType: ChannelType, at: Micros): boolean {
    if (this.hearingFrom !== null && at - this.hearingFrom <= SETTLE) return true;
    return !this.isLate() && !this.isListed(channelType);
  }

  /** Whether what was said just before an event of that time may be missing, about something that was last told of at `toldAt`. */
  isAfterBreak(at: Micros, toldAt: Micros | null): boolean {
    const { hearingFrom } = this;
    return hearingFrom !== null && at - hearingFrom <= SETTLE && (toldAt === null || toldAt < hearingFrom);
  }

  /** What a difference to what was known of a driver means: null, unless its first listing after a break is still to come. */
  unlisted(channelType: ChannelType): { readonly since: Micros } | null {
    const since = this.unheard.get(channelType);
    return since === undefined || this.isLate() ? null : { since };
  }

  /** Whether it is known since the login who is on line. */
  isListed(channelType: ChannelType): boolean {
    return this.known.has(channelType) && !this.unheard.has(channelType);
  }

  restored(states: readonly AccountState[]): void {
    for (const { channelType, updatedAt } of states) {
      this.known.add(channelType);
      this.heardAt = Math.max(this.heardAt ?? 0, updatedAt);
    }
  }

  heard(at: Micros): void {
    if (this.heardAt === null && this.hearingFrom === null) this.hearingFrom = at;
    this.heardAt = at;
  }

  connected(at: Micros): void {
    // Without a word of the end, the last login ended when it was last heard.
    if (this.heardAt !== null) this.broke(this.heardAt);
    this.hearingFrom = at;
  }

  disconnected(at: Micros): void {
    this.broke(at);
    this.hearingFrom = null;
  }

  /** The first complete listing of a driver since the login: what it differs by from what was known, happened unheard. Null when nothing was known. */
  listed(channelType: ChannelType, requestedAt: Micros): Inference | null {
    const since = this.unheard.get(channelType);
    this.unheard.delete(channelType);
    this.known.add(channelType);
    return since === undefined ? null : { at: requestedAt, since };
  }

  wrote({ peername, timestamp, key }: NewSipSession): void {
    this.keep({ peername: peername ?? '', at: timestamp, key });
    if (this.rows.length < this.pruneAt) return;
    const from = this.from();
    const kept = this.rows.filter(({ at }) => at >= from);
    this.rows = [];
    this.byAccount.clear();
    for (const row of kept) this.keep(row);
    this.pruneAt = Math.max(FEW_ROWS, 2 * this.rows.length);
  }

  /** The keys of its rows about an account since that time: what they tell is known, and explains nothing else. */
  rowsOf(peername: string, since: Micros): string[] {
    return (this.byAccount.get(peername) ?? []).filter((row) => row.at >= since - INFERENCE_MARGIN).map(({ key }) => key);
  }

  save(): SavedOutage {
    const { heardAt, hearingFrom, known, unheard, pruneAt } = this;
    return { heardAt, hearingSince: hearingFrom, known: [...known], unheard: [...unheard], pruneAt };
  }

  /** A JSON array of {@link SavedRow}, in pieces. */
  saveRows(): Generator<string> {
    return jsonArray(this.rows, ({ peername, at, key }): SavedRow => [peername, at, key]);
  }

  load(saved: SavedOutage, rows: readonly SavedRow[]): void {
    this.heardAt = saved.heardAt;
    this.hearingFrom = saved.hearingSince;
    for (const channelType of saved.known) this.known.add(channelType);
    for (const [channelType, since] of saved.unheard) this.unheard.set(channelType, since);
    for (const [peername, at, key] of rows) this.keep({ peername, at, key });
    this.pruneAt = saved.pruneAt;
  }

  private keep(row: OwnRow): void {
    this.rows.push(row);
    const own = this.byAccount.get(row.peername);
    if (own) own.push(row);
    else this.byAccount.set(row.peername, [row]);
  }

  private broke(at: Micros): void {
    for (const channelType of this.known) if (!this.unheard.has(channelType)) this.unheard.set(channelType, at);
  }

  /** From when on rows may still be asked for. */
  private from(): Micros {
    const now = this.heardAt ?? 0;
    return Math.min(now, ...(this.isLate() ? [] : this.unheard.values())) - SETTLE - INFERENCE_MARGIN;
  }

  private isLate(): boolean {
    return this.hearingFrom !== null && (this.heardAt ?? 0) - this.hearingFrom > LISTED_WITHIN;
  }
}
