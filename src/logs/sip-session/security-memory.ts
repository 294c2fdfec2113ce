import type { AmiEvent } from '../../ami/event.js';

const MOST_EVENTS = 2_000;
const MOST_CHALLENGES = 10_000;

export interface SavedSecurityMemory {
  readonly events: readonly string[];
  readonly challenges: readonly (readonly [session: string, account: string])[];
}

/** What must be remembered of security events to understand the next ones. */
export class SecurityMemory {
  private readonly events = new Map<string, true>();
  /** chan_sip's challenges by session: a call's names a URI, a registration's the peer. */
  private readonly challenges = new Map<string, string>();

  /** The same security event, sent twice: nothing new. */
  isRepeated(event: AmiEvent): boolean {
    const key = [event.name, event.at, event.get('AccountID'), event.get('SessionID'), event.get('RemoteAddress')].join(' ');
    if (this.events.has(key)) return true;
    remember(this.events, key, true, MOST_EVENTS);
    return false;
  }

  challenged(event: AmiEvent): void {
    remember(this.challenges, event.get('SessionID'), event.get('AccountID'), MOST_CHALLENGES);
  }

  /**
   * Who calls, where this event belongs to a call of chan_sip: its `SuccessfulAuth` has the dialled
   * number, and only its challenge the caller. Null for anything but a call.
   */
  callerOf(event: AmiEvent): string | null {
    if (event.get('Service') !== 'SIP') return null;
    return /^sips?:([^@;]*)/i.exec(this.challenges.get(event.get('SessionID')) ?? '')?.[1] ?? null;
  }

  save(): SavedSecurityMemory {
    return { events: [...this.events.keys()], challenges: [...this.challenges] };
  }

  load({ events, challenges }: SavedSecurityMemory): void {
    for (const key of events) this.events.set(key, true);
    for (const [session, account] of challenges) this.challenges.set(session, account);
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  if (map.size >= most) {
    const oldest = map.keys().next().value;
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
