import type { PbxInput } from '../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import type { Heard } from './spool-file.js';

/** By so much an event may be ahead of the clock, and the clock of itself. */
const MAX_LEAD: Micros = 5 * MICROS_PER_SECOND;
/** A clock that is ahead by more since it was last read was set, or the machine slept. */
const MAX_STEP: Micros = 3_600 * MICROS_PER_SECOND;

export const SET_BACK = "the PBX's clock was set back";
export const SET_AHEAD = "the PBX's clock jumped ahead";

/** How far a login was heard, and the newest reading of the PBX's clock. */
export interface HeardTime {
  readonly until: Micros;
  readonly clock: Micros;
}

/** `goes on`: heard without a break. `clock set`: the time before `at` and the time from it on are no one stretch. */
export type Passed = { readonly kind: 'goes on'; readonly heard: HeardTime } | { readonly kind: 'clock set'; readonly at: Micros; readonly reason: string };

/** What an input within a login proves about how far it was heard. An event may be dated anyhow; ticks and listings have the PBX's clock. */
export function timePassed({ until, clock }: HeardTime, input: Exclude<PbxInput, { kind: 'connected' | 'disconnected' }>): Passed {
  const at = input.kind === 'event' ? input.event.at : input.at;
  if (input.kind === 'tick') {
    if (at < until - MAX_LEAD) return { kind: 'clock set', at, reason: SET_BACK };
    if (at > clock + MAX_STEP) return { kind: 'clock set', at, reason: SET_AHEAD };
    return { kind: 'goes on', heard: { until: Math.max(until, Math.min(at, input.heardAt ?? at)), clock: at } };
  }
  // The FullyBooted that answers a login has no time of its own: dated as it was read, it says nothing of what still lies in the socket.
  if (input.kind === 'event' && input.event.name === 'FullyBooted' && input.event.get('Timestamp') === '') return { kind: 'goes on', heard: { until, clock } };
  if (input.kind === 'event' || at > clock + MAX_STEP) return { kind: 'goes on', heard: { until: Math.max(until, Math.min(at, clock + MAX_LEAD)), clock } };
  // What was said between a listing and its arrival may not have been read yet.
  const said = 'requestedAt' in input ? input.requestedAt : input.kind === 'dropped' ? at : until;
  return { kind: 'goes on', heard: { until: Math.max(until, said), clock: Math.max(clock, at) } };
}

/** When the PBX was last heard, for the start after a crash. */
export class LastHeard {
  private time: HeardTime;

  /** @param heard As the spool keeps it of an earlier run. */
  constructor(private heard: Heard | null) {
    this.time = { until: heard?.at ?? 0, clock: heard?.at ?? 0 };
  }

  /** What is known after an input. */
  after(input: PbxInput): Heard | null {
    if (input.kind === 'connected' || input.kind === 'disconnected') {
      this.time = { until: input.at, clock: input.at };
      this.heard = { at: input.at, standing: input.kind === 'connected' };
    } else if (this.heard?.standing) {
      const passed = timePassed(this.time, input);
      this.time = passed.kind === 'goes on' ? passed.heard : { until: passed.at, clock: passed.at };
      this.heard = { at: this.time.until, standing: true };
    }
    return this.heard;
  }
}
