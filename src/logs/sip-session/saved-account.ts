import { loadRemote, saveRemote, type SavedRemote } from './saved-remote.js';
import { newAccount, type Account, type Appearance, type Auth, type LiveContact, type Removal } from './accounts.js';

/** An account as JSON. */
export interface SavedAccount extends Pick<Account, 'channelType' | 'name' | 'description' | 'online' | 'since' | 'lostAt' | 'told'> {
  /** The account's own, then those that are gone and that its evidence still speaks of. */
  readonly contacts: readonly SavedContact[];
  /** Null where there is none, as for nearly all accounts at nearly all times. */
  readonly evidence: SavedEvidence | null;
}

/** In the order of its parts, as without names it takes half as much. */
type SavedContact = readonly [
  uri: string, callId: string | null, remote: SavedRemote | null, peerAddress: string | null, userAgent: string | null, expiresAt: number | null,
  status: string, registeredAt: number | null, renewedAt: number | null, confirmed: boolean, missed: number,
];

/** One contact or authentication can be part of several things: each stands once, and is pointed at by its place. */
interface SavedEvidence extends Pick<Account, 'incomplete'> {
  /** How many of the contacts are the account's own. */
  readonly present: number;
  /** The account's own, so many as `open`, then those that only other evidence speaks of. */
  readonly auths: readonly Auth[];
  readonly open: number;
  readonly unexplained: readonly number[];
  readonly appearances: readonly (Omit<Appearance, 'contact' | 'auth'> & { readonly contact: number; readonly auth: number | null })[];
  readonly removals: readonly (Omit<Removal, 'contact'> & { readonly contact: number })[];
  readonly permanent: readonly string[];
  readonly sighted: readonly string[];
}

export function saveAccount(account: Account): SavedAccount {
  const { channelType, name, description, online, since, lostAt, told } = account;
  const contacts = new Places(account.contacts.values());
  const evidence = saveEvidence(account, contacts);
  return { channelType, name, description, online, since, lostAt, told, contacts: contacts.all.map(saveContact), evidence };
}

function saveEvidence(account: Account, contacts: Places<LiveContact>): SavedEvidence | null {
  const { appearances, removals, unexplained, incomplete, permanent, sighted } = account;
  const amount = account.auths.length + appearances.length + removals.length + unexplained.length + incomplete.length + permanent.size + sighted.size;
  if (amount === 0) return null;
  const auths = new Places(account.auths);
  return {
    present: contacts.all.length,
    open: account.auths.length,
    unexplained: unexplained.map((auth) => auths.of(auth)),
    appearances: appearances.map((appearance) => ({
      ...appearance,
      contact: contacts.of(appearance.contact),
      auth: appearance.auth ? auths.of(appearance.auth) : null,
    })),
    removals: removals.map((removal) => ({ ...removal, contact: contacts.of(removal.contact) })),
    auths: auths.all,
    incomplete,
    permanent: [...permanent],
    sighted: [...sighted],
  };
}

export function loadAccount(saved: SavedAccount): Account {
  const { evidence, contacts: savedContacts, channelType, name, ...state } = saved;
  const contacts = savedContacts.map(loadContact);
  const account = Object.assign(newAccount(channelType, name), state);
  for (const contact of contacts.slice(0, evidence?.present)) account.contacts.set(contact.uri, contact);
  if (evidence) loadEvidence(account, contacts, evidence);
  return account;
}

const saveContact = ({ uri, callId, remote, peerAddress, userAgent, expiresAt, status, registeredAt, renewedAt, confirmed, missed }: LiveContact): SavedContact => [
  uri, callId, remote && saveRemote(remote), peerAddress, userAgent, expiresAt, status, registeredAt, renewedAt, confirmed, missed,
];

const loadContact = ([uri, callId, remote, peerAddress, userAgent, expiresAt, status, registeredAt, renewedAt, confirmed, missed]: SavedContact): LiveContact => ({
  uri, callId, remote: remote && loadRemote(remote), peerAddress, userAgent, expiresAt, status, registeredAt, renewedAt, confirmed, missed,
});

function loadEvidence(account: Account, contacts: readonly LiveContact[], evidence: SavedEvidence): void {
  const { auths } = evidence;
  for (const uri of evidence.permanent) account.permanent.add(uri);
  for (const uri of evidence.sighted) account.sighted.add(uri);
  account.incomplete = [...evidence.incomplete];
  account.auths = auths.slice(0, evidence.open);
  account.unexplained = evidence.unexplained.map((place) => at(auths, place));
  account.appearances = evidence.appearances.map((appearance) => ({
    ...appearance,
    contact: at(contacts, appearance.contact),
    auth: appearance.auth === null ? null : at(auths, appearance.auth),
  }));
  account.removals = evidence.removals.map((removal) => ({ ...removal, contact: at(contacts, removal.contact) }));
}

/** Distinct objects in the order in which they were first met. */
class Places<T> {
  readonly all: T[];

  constructor(first: Iterable<T>) {
    this.all = [...first];
  }

  of(item: T): number {
    const known = this.all.indexOf(item);
    return known >= 0 ? known : this.all.push(item) - 1;
  }
}

function at<T>(items: readonly T[], place: number): T {
  const item = items[place];
  if (item === undefined) throw new RangeError(`the saved state points at nothing: ${place}`);
  return item;
}
