import type { Micros } from '../time.js';

/** One AMI event, its headers under Asterisk's own spelling (looked up without regard to case). */
export interface AmiEvent {
  readonly name: string;
  /** PBX clock: `EventTV` or `Timestamp` where the event has one, else arrival corrected by the clock difference. */
  readonly at: Micros;
  /** The value of a header, `''` for one that is absent or empty. A header sent twice gives its last value. */
  get(header: string): string;
  /** Every header but `Event` and `Privilege`, in lower case, in the order sent. */
  headers(): readonly (readonly [name: string, value: string])[];
}

/** Builds an event from lower-cased headers, as asterisk-manager hands them over. */
export function amiEvent(name: string, at: Micros, headers: ReadonlyMap<string, string>): AmiEvent {
  return {
    name,
    at,
    get: (header) => headers.get(header.toLowerCase()) ?? '',
    headers: () => [...headers].filter(([header]) => header !== 'event' && header !== 'privilege'),
  };
}
