import type { Abilities } from '../ami/abilities.js';
import type { CdrStatus } from '../ami/cdr-status.js';
import type { ManagerSettings, SipTransport } from './console-output.js';

/** Where AMI is looked for, and as whom; without the secret. */
export interface AmiTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly tls: boolean;
  /** AMI_TLS_CA is set, so that the PBX must prove who it is. */
  readonly verified: boolean;
}

/** What was found out about the PBX. Within a login, null: the PBX did not say, or was not asked for want of a privilege. */
export type PbxFacts =
  | { readonly kind: 'demo' }
  /** `code` is Node's or OpenSSL's, `''` without one. */
  | { readonly kind: 'unreachable'; readonly target: AmiTarget; readonly code: string; readonly message: string }
  /** A connection, but no answer to the login. */
  | { readonly kind: 'no-verdict'; readonly target: AmiTarget; readonly message: string }
  | { readonly kind: 'refused'; readonly target: AmiTarget; readonly message: string; readonly ownAddress: string }
  | { readonly kind: 'up'; readonly target: AmiTarget; readonly login: LoginFacts };

export interface LoginFacts {
  /** Reached over the loopback interface, where nobody listens in. */
  readonly loopback: boolean;
  readonly abilities: Abilities;
  /** FullyBooted came: the login reads `system`. */
  readonly heardSystem: boolean;
  /** The login's own SuccessfulAuth came: it reads `security`. */
  readonly heardSecurity: boolean;
  /** That event carried `Timestamp`. */
  readonly heardTimestamp: boolean;
  /** Classes of events that the login may not read, by `manager show user`. */
  readonly unreadClasses: readonly string[] | null;
  readonly settings: ManagerSettings | null;
  readonly cdr: CdrStatus | null;
  /** `[mappings]` of cdr_manager.conf, as `start,u=StartEpoch`. */
  readonly mapped: readonly string[] | null;
  readonly channelDrivers: readonly string[] | null;
  readonly transports: readonly SipTransport[] | null;
  readonly updatesOnRefresh: boolean | null;
  /** Connections in `pjsip show transport-monitors`. */
  readonly monitors: number | null;
  /** Registered PJSIP contacts, and the endpoints among them that are never sent OPTIONS. */
  readonly contacts: { readonly count: number; readonly unqualified: readonly string[] } | null;
  /** The PBX's offset from UTC now, seconds east. */
  readonly offsetSeconds: number | null;
  /** The PBX's clock minus Logbook's. */
  readonly clockAheadMs: number | null;
  /** Set when the PBX stopped answering while it was asked. */
  readonly cutShort: string | null;
}
