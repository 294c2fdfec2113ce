import { fromMs, fromSeconds, MICROS_PER_SECOND, parseIso, type Micros } from '../time.js';

// A newer event pulls the clock forward, unless it is so far ahead that the event is the odd one.
const MAX_LEAD: Micros = fromSeconds(5);

/**
 * The PBX's clock as Logbook knows it: its own clock plus a difference measured with `Ping`.
 * It never goes back, except when the PBX's clock was set back by more than five seconds.
 */
export class PbxClock {
  #difference: Micros | null = null;
  #floor: Micros = 0;
  #newest: Micros = 0;

  // Not Date.now(): a machine whose clock is set has not moved the PBX's.
  constructor(private readonly now: () => Micros = () => fromMs(performance.timeOrigin + performance.now())) {}

  get isSet(): boolean {
    return this.#difference !== null;
  }

  /** Own clock at sending and at the answer, and the PBX's word in between: the way there takes half the time. */
  calibrate(sentAt: Micros, answeredAt: Micros, pbxAt: Micros): void {
    this.#difference = pbxAt - Math.round((sentAt + answeredAt) / 2);
    this.#heard(pbxAt);
  }

  /** The newest instant that the PBX itself has told of, in an event or to a Ping: what it said later may not have been read yet. */
  get newest(): Micros {
    return this.#newest;
  }

  /** Own clock, to be given to {@link calibrate}. */
  own(): Micros {
    return this.now();
  }

  read(): Micros {
    const estimate = this.#estimate();
    if (this.#floor - estimate > MAX_LEAD) this.#floor = estimate;
    this.#floor = Math.max(this.#floor, estimate);
    return this.#floor;
  }

  /** Tells when an event happened, from its own headers where it has them. */
  stamp(header: (name: string) => string): Micros {
    const at = parseEventTv(header('EventTV')) ?? parseEpoch(header('Timestamp')) ?? this.#estimate();
    if (at - this.#estimate() <= MAX_LEAD) {
      this.#floor = Math.max(this.#floor, at);
      this.#heard(at);
    }
    return at;
  }

  /** As the clock, it goes back with one that was set back. */
  #heard(at: Micros): void {
    this.#newest = this.#newest - at > MAX_LEAD && this.#newest > this.#estimate() ? at : Math.max(this.#newest, at);
  }

  #estimate(): Micros {
    return this.now() + (this.#difference ?? 0);
  }
}

/** `1795369246.878386`, as `timestampevents=yes` and the answer to `Ping` write it. Null for anything else. */
export function parseEpoch(text: string): Micros | null {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text.trim());
  if (!match) return null;
  return Number(match[1]) * MICROS_PER_SECOND + Number((match[2] ?? '').padEnd(6, '0').slice(0, 6));
}

/** `2026-11-22T17:51:14.773+0000`: the PBX's local time with its offset, in security events. Null for anything else. */
export function parseEventTv(text: string): Micros | null {
  return /[+-]\d{4}$/.test(text) ? parseIso(text) : null;
}
