import type { Micros } from '../time.js';
import type { Remote } from './address.js';
import type { AmiEvent } from './event.js';

export const CHANNEL_TYPES = ['PJSIP', 'SIP', 'IAX2'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** One `ContactList` of `PJSIPShowContacts`, or one registered peer of `SIPpeers` + `SIPshowpeer` or of `IAXpeerlist`. */
export interface ListedContact {
  readonly channelType: ChannelType;
  /** Endpoint (PJSIP) or peer name: the account. */
  readonly endpoint: string;
  /** `Uri` of a PJSIP contact; for a chan_sip or IAX2 peer, which has one contact, the peer's name. */
  readonly uri: string;
  /** Call-ID of the registration; a refresh's security events carry it as `SessionID`. PJSIP only. */
  readonly callId: string | null;
  readonly userAgent: string | null;
  /** Null when unknown. A permanent (configured) contact is not listed at all. */
  readonly expiresAt: Micros | null;
  /** Asterisk's word: `Reachable`, `Unreachable`, `NonQualified`, `Unknown` …; chan_sip's and IAX2's `OK (1 ms)` is `Reachable`. */
  readonly status: string;
  /** Where chan_sip or IAX2 says packets come from; null for PJSIP, whose listing only knows the phone's claim. */
  readonly remote: Remote | null;
  /** Caller id name or description of a chan_sip peer; null where the listing has none. */
  readonly description: string | null;
}

/** One line of `pjsip show transport-monitors`. */
export interface MonitoredConnection {
  readonly remote: Remote;
  /** PJSIP's name of the transport object, such as `tlss0x7f38b00da678`. */
  readonly objectName: string;
}

/**
 * A listing says what was true at some instant between `requestedAt` and `at`; an event that
 * arrives in between may or may not be in it.
 */
interface Listing {
  readonly requestedAt: Micros;
  readonly at: Micros;
  /** The first listing of a connection: what changed before it, nobody saw. */
  readonly baseline: boolean;
}

/** How the PBX's local time relates to UTC: `offsetSeconds` holds from `from` until the next entry. */
export interface PbxZone {
  readonly spans: readonly { readonly from: Micros; readonly offsetSeconds: number }[];
}

/** All that reaches the pipeline from one PBX, in the order in which it happened. Every `at` is the PBX's clock. */
export type PbxInput =
  | { readonly kind: 'event'; readonly event: AmiEvent }
  /** A new login stands; everything between the last input and this one was not heard. */
  | { readonly kind: 'connected'; readonly at: Micros }
  /** The login ended, for `reason`; `at` is when the PBX was last heard. What it says until the next `connected` is not heard. */
  | { readonly kind: 'disconnected'; readonly at: Micros; readonly reason: string }
  /** So many events of little value were left out, because the spool was full. */
  | { readonly kind: 'dropped'; readonly from: Micros; readonly at: Micros; readonly count: number }
  /** Everybody on line, for one channel driver. `complete: false` lists some accounts only. */
  | ({ readonly kind: 'contacts'; readonly channelType: ChannelType; readonly complete: boolean; readonly contacts: readonly ListedContact[] } & Listing)
  | ({ readonly kind: 'transport-monitors'; readonly connections: readonly MonitoredConnection[] } & Listing)
  | { readonly kind: 'account-name'; readonly channelType: ChannelType; readonly endpoint: string; readonly name: string; readonly at: Micros }
  | { readonly kind: 'zone'; readonly zone: PbxZone; readonly at: Micros }
  /** Time passes: what waits for evidence is decided. `heardAt`: when the last word of the PBX was read; what it said since may be lost. Absent: `at`. */
  | { readonly kind: 'tick'; readonly at: Micros; readonly heardAt?: Micros };

/** What the console and `/readyz` say about the connection to the PBX. */
export type AmiStatus =
  | { readonly state: 'connecting'; readonly attempt: number; readonly lastError: string | null }
  | { readonly state: 'up'; readonly since: Micros; readonly asteriskVersion: string | null; readonly warnings: readonly string[] }
  | { readonly state: 'refused'; readonly message: string; readonly retryAt: Micros }
  | { readonly state: 'down'; readonly message: string; readonly retryAt: Micros }
  | { readonly state: 'stopped' };
