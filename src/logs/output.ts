import type { ChannelType, PbxZone } from '../ami/input.js';
import type { Transport } from '../ami/address.js';
import type { Micros } from '../time.js';
import type { Cdr } from './cdr/columns.js';
import type { Binding, SipEvent, SipSession } from './sip-session/columns.js';
import type { WebEventType, WebService, WebSession } from './web-session/columns.js';

/** A new row has everything but the id, which the database gives, and a key made of what it is. */
type New<R> = Omit<R, 'id'> & { readonly key: string };

export type NewSipSession = New<SipSession> & { readonly event: SipEvent; readonly binding: Binding };
export type NewCdr = New<Cdr>;
export type NewWebSession = New<WebSession> & { readonly eventType: WebEventType; readonly service: WebService };

/** One registered contact of an account, as the account's page shows it. */
export interface Contact {
  readonly uri: string;
  readonly callId: string | null;
  /** `address:port` seen on the wire; null while only the phone's own claim is known. */
  readonly remoteAddress: string | null;
  readonly transport: Transport | null;
  readonly userAgent: string | null;
  readonly expiresAt: Micros | null;
  /** Asterisk's word: Reachable, Unreachable, NonQualified … */
  readonly status: string;
  readonly registeredAt: Micros | null;
}

/** The whole present state of one account. On line while it has a contact. */
export interface AccountState {
  readonly pbx: string;
  readonly channelType: ChannelType;
  readonly username: string;
  readonly description: string | null;
  /** Newest first. */
  readonly contacts: readonly Contact[];
  /** Since when it is on line or off line; null when nobody saw the change. */
  readonly since: Micros | null;
  readonly updatedAt: Micros;
}

/**
 * Why a row's key alone cannot tell whether it stands there already, when another process listens to the same PBX.
 * `polled`: a connection that opened or closed between two polls, whose time depends on when one polled.
 * `inferred`: what a listing proves about a time in which this process did not listen, from `since` on; `heard` has the keys of
 * rows about that account which it made of what it heard around that time, and which therefore do not say the same.
 */
export type Doubt = { readonly kind: 'polled' } | { readonly kind: 'inferred'; readonly since: Micros; readonly heard: readonly string[] };

/** What could not become rows, kept with all that a second try needs. */
export interface DeadLetter {
  readonly key: string;
  readonly at: Micros;
  readonly pbx: string;
  /** `event`: translation could not take it; `row`: the database refused it. */
  readonly stage: 'event' | 'row';
  /** The AMI event's name, or the kind of the output. */
  readonly name: string;
  readonly reason: string;
  /** JSON: for `event` the input as the spool writes it, for `row` the output. */
  readonly content: string;
}

/** What translation gives to the writer, in order. */
export type Output =
  | { readonly kind: 'sip-session'; readonly row: NewSipSession; readonly doubt?: Doubt }
  /** Fills blank columns of a row that is already written. `at` is its time, which is absent in what earlier releases saved. */
  | { readonly kind: 'sip-session-detail'; readonly key: string; readonly at?: Micros; readonly userAgent: string | null; readonly account: string | null }
  /** Proof that an account used a socket: what reconciliation binds by. */
  | {
      readonly kind: 'socket-use';
      readonly key: string;
      readonly pbx: string;
      readonly transport: Transport | null;
      readonly remoteAddress: string;
      readonly peername: string;
      readonly account: string | null;
      readonly at: Micros;
    }
  | { readonly kind: 'account-state'; readonly account: AccountState }
  | { readonly kind: 'web-session'; readonly row: NewWebSession }
  | { readonly kind: 'cdr'; readonly row: NewCdr }
  /** This process heard the PBX without a break from `from` until `until`; `reason` once that ended, else null. */
  | { readonly kind: 'listening'; readonly pbx: string; readonly from: Micros; readonly until: Micros; readonly reason: string | null }
  /** A time of which `lost` events are missing although somebody listened. */
  | { readonly kind: 'loss'; readonly pbx: string; readonly from: Micros; readonly until: Micros; readonly reason: string; readonly lost: number }
  | { readonly kind: 'dead-letter'; readonly letter: DeadLetter }
  /** The PBX's offsets from UTC, asked at `at`: what calls of other sources are placed by. */
  | { readonly kind: 'pbx-zone'; readonly pbx: string; readonly zone: PbxZone; readonly at: Micros }
  /** An event that makes no row although it should: counted, and logged once per kind; `fault` is what Logbook itself threw. */
  | { readonly kind: 'untranslatable'; readonly event: string; readonly reason: string; readonly headers: readonly string[]; readonly fault?: unknown };
