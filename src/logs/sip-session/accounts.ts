import { formatAddress, type Remote } from '../../ami/address.js';
import type { ChannelType } from '../../ami/input.js';
import type { Micros } from '../../time.js';
import type { AccountState, Contact, Output } from '../output.js';

/** A contact as the tracker knows it. */
export interface LiveContact {
  readonly uri: string;
  callId: string | null;
  /** Where its packets come from on the wire; null while only the phone's claim is known. */
  remote: Remote | null;
  /** `address:port` as chan_sip has it, which need not be what the wire shows; null for PJSIP, which has it in the URI. */
  peerAddress: string | null;
  userAgent: string | null;
  expiresAt: Micros | null;
  status: string;
  registeredAt: Micros | null;
  /** Of the registration or refresh that `expiresAt` counts from. */
  renewedAt: Micros | null;
  /** False while a new contact without authentication may still turn out to be configured rather than registered. */
  confirmed: boolean;
  /** Complete listings in a row that did not have it. */
  missed: number;
}

/** A passed authentication that has not yet shown what it was for. */
export interface Auth {
  readonly at: Micros;
  readonly remote: Remote | null;
  readonly sessionId: string;
  claimed: boolean;
  /** Its counterpart may lie where nobody listened. */
  cut: boolean;
}

/** What only a listing after a break shows: it happened while nobody listened. */
export interface Inference {
  /** When that listing was asked for. */
  readonly at: Micros;
  /** Since when nobody had listened. */
  readonly since: Micros;
}

/** A contact that showed itself and may still wait for its authentication. */
export interface Appearance {
  readonly at: Micros;
  readonly contact: LiveContact;
  auth: Auth | null;
  written: boolean;
  /** Its counterpart may lie where nobody listened. */
  cut: boolean;
  /** `new`: the PBX announced it; `updated`: it said that it was renewed; `listed`: only a listing has it. */
  readonly kind: 'new' | 'updated' | 'listed';
  readonly inferred: Inference | null;
}

/** A contact that went away, the reason still open. */
export interface Removal {
  readonly at: Micros;
  readonly contact: LiveContact;
  /** Asterisk's `Cause`, where it gave one. */
  readonly cause: string;
  /** Contacts the account still had. */
  readonly left: number;
  /** Its authentication may lie where nobody listened. */
  cut: boolean;
  readonly inferred: Inference | null;
}

/** A row already written whose user agent or account name was not known yet. */
export interface Incomplete {
  readonly key: string;
  /** The row's time, which is absent in what earlier releases saved. */
  readonly at?: Micros;
  /** The contact whose user agent is missing; null when only the name is. */
  readonly uri: string | null;
  readonly nameless: boolean;
}

/** What is known now of such a row. */
export const detail = ({ key, at }: Incomplete, userAgent: string | null, account: string | null): Output => ({
  kind: 'sip-session-detail', key, ...(at === undefined ? {} : { at }), userAgent, account,
});

export interface Account {
  readonly channelType: ChannelType;
  readonly name: string;
  description: string | null;
  readonly contacts: Map<string, LiveContact>;
  /** Uris from the PBX's configuration: never a registration. */
  readonly permanent: Set<string>;
  auths: Auth[];
  appearances: Appearance[];
  removals: Removal[];
  /** Authentications of unknown purpose; a later listing may show a registration with that Call-ID. */
  unexplained: Auth[];
  /** Listed, but not announced yet: believed when the next listing has it too. */
  readonly sighted: Set<string>;
  incomplete: Incomplete[];
  online: boolean;
  since: Micros | null;
  /** When it last lost a contact. */
  lostAt: Micros | null;
  /** Digest of the state as it was last given out, to give out changes only. */
  told: string;
}

export function newAccount(channelType: ChannelType, name: string): Account {
  return {
    channelType,
    name,
    description: null,
    contacts: new Map(),
    permanent: new Set(),
    auths: [],
    appearances: [],
    removals: [],
    unexplained: [],
    sighted: new Set(),
    incomplete: [],
    online: false,
    since: null,
    lostAt: null,
    told: '',
  };
}

export function newContact(uri: string, status: string): LiveContact {
  return {
    uri,
    callId: null,
    remote: null,
    peerAddress: null,
    userAgent: null,
    expiresAt: null,
    status,
    registeredAt: null,
    renewedAt: null,
    confirmed: true,
    missed: 0,
  };
}

/** The contacts that count: an account is on line while it has one. */
export const confirmedContacts = (account: Account): LiveContact[] => [...account.contacts.values()].filter((contact) => contact.confirmed);

/** The state of an account as it is stored, newest contact first. */
export function accountState(pbx: string, account: Account, at: Micros): AccountState {
  const contacts = confirmedContacts(account).map(
    (contact): Contact => ({
      uri: contact.uri,
      callId: contact.callId,
      remoteAddress: contact.remote ? formatAddress(contact.remote) : null,
      transport: contact.remote?.transport ?? null,
      userAgent: contact.userAgent,
      expiresAt: contact.expiresAt,
      status: contact.status,
      registeredAt: contact.registeredAt,
    }),
  );
  contacts.sort((a, b) => (b.registeredAt ?? 0) - (a.registeredAt ?? 0));
  return {
    pbx,
    channelType: account.channelType,
    username: account.name,
    description: account.description,
    contacts,
    since: account.since,
    updatedAt: at,
  };
}
