import type { Remote } from '../../ami/address.js';
import type { ListedContact, PbxInput } from '../../ami/input.js';
import { MICROS_PER_SECOND } from '../../time.js';
import type { Output } from '../output.js';
import { newContact, type Account, type LiveContact } from './accounts.js';
import type { Registrations } from './registrations.js';
import type { Sockets } from './sockets.js';

type Listing = Extract<PbxInput, { kind: 'contacts' }>;

const REACHABILITY = new Set(['Reachable', 'Unreachable']);
const SAME_EXPIRY = 3 * MICROS_PER_SECOND;

interface Known {
  readonly account: (name: string) => Account;
  readonly accounts: () => readonly Account[];
  readonly registrations: Registrations;
  readonly sockets: Sockets;
  readonly outputs: Output[];
}

/**
 * Squares what is known with what the PBX lists. A listing and the events race each other, so a
 * contact that only one of them has is believed at the second listing, or at once if this is the
 * first listing of a connection. Answers the accounts that may have changed.
 */
export function squareListing(listing: Listing, known: Known): Account[] {
  const touched = new Set<Account>();
  const listed = new Set<LiveContact>();
  for (const entry of listing.contacts) {
    const account = known.account(entry.endpoint);
    touched.add(account);
    const contact = merge(listing, entry, account, known);
    if (contact) listed.add(contact);
  }
  if (!listing.complete) return [...touched];
  const uris = new Set(listing.contacts.map(({ uri }) => uri));
  for (const account of known.accounts()) {
    for (const uri of account.sighted) if (!uris.has(uri)) account.sighted.delete(uri);
    for (const contact of account.contacts.values()) {
      if (listed.has(contact)) continue;
      touched.add(account);
      unlisted(listing, account, contact);
    }
  }
  return [...touched];
}

function merge(listing: Listing, entry: ListedContact, account: Account, known: Known): LiveContact | null {
  const { registrations, outputs } = known;
  let contact = account.contacts.get(entry.uri);
  if (!contact) {
    const proved = entry.callId !== null && registrations.canExplain(account, entry.callId);
    if (!listing.baseline && !proved && !account.sighted.has(entry.uri)) {
      account.sighted.add(entry.uri);
      return null;
    }
    contact = newContact(entry.uri, entry.status);
    account.contacts.set(entry.uri, contact);
  } else if (!contact.confirmed) outputs.push(...registrations.confirm(account, contact));
  account.sighted.delete(entry.uri);
  contact.missed = 0;
  learnRemote(listing, entry, account, contact, known);
  if (entry.callId !== null && entry.callId !== contact.callId) {
    // Another registration, perhaps by another phone: what is missing in the rows before stays missing.
    if (contact.callId !== null) forgetIncomplete(account, contact);
    contact.callId = entry.callId;
    contact.userAgent = entry.userAgent ?? contact.userAgent;
    outputs.push(...registrations.explain(account, contact, entry.callId));
  }
  learnExpiry(listing, contact, entry);
  // An event may have said otherwise since the listing was made, and each change is a row.
  if (listing.baseline || !REACHABILITY.has(contact.status)) contact.status = entry.status;
  if (entry.userAgent !== null && entry.userAgent !== '') learnUserAgent(account, contact, entry.userAgent, outputs);
  return contact;
}

function learnRemote(listing: Listing, { remote }: ListedContact, account: Account, contact: LiveContact, { sockets, outputs }: Known): void {
  const { remote: before, registeredAt } = contact;
  if (before === null || (remote && knowsBetter(listing, remote, contact))) contact.remote = remote;
  const { remote: now } = contact;
  if (!now || now.port === null) return;
  if (listing.baseline) sockets.open(now, listing.requestedAt);
  else if (before?.port === null && registeredAt !== null) {
    // Its registration was the first sign of this connection.
    outputs.push(...sockets.sign(now, registeredAt, account.channelType), ...sockets.use(now, account.name, account.description, registeredAt));
  }
}

/** chan_iax2 lists where packets come from, and says the port nowhere else. */
function knowsBetter({ channelType, baseline, requestedAt }: Listing, listed: Remote, { remote, registeredAt }: LiveContact): boolean {
  if (channelType !== 'IAX2' || (registeredAt !== null && registeredAt >= requestedAt)) return false;
  return baseline || (remote?.port === null && remote.ip === listed.ip);
}

function learnExpiry(listing: Listing, contact: LiveContact, { expiresAt }: ListedContact): void {
  // chan_sip tells what is left, to the second, and would seem to change it at every listing.
  if (expiresAt === null || (contact.expiresAt !== null && Math.abs(expiresAt - contact.expiresAt) < SAME_EXPIRY)) return;
  contact.expiresAt = expiresAt;
  contact.renewedAt ??= listing.requestedAt;
}

function learnUserAgent(account: Account, contact: LiveContact, userAgent: string, outputs: Output[]): void {
  contact.userAgent = userAgent;
  account.incomplete = account.incomplete.flatMap((row) => {
    if (row.uri !== contact.uri) return [row];
    outputs.push({ kind: 'sip-session-detail', key: row.key, userAgent, account: account.description });
    return row.nameless && account.description === null ? [{ ...row, uri: null }] : [];
  });
}

function forgetIncomplete(account: Account, contact: LiveContact): void {
  account.incomplete = account.incomplete.filter(({ uri }) => uri !== contact.uri);
}

function unlisted(listing: Listing, account: Account, contact: LiveContact): void {
  if (contact.registeredAt !== null && contact.registeredAt >= listing.requestedAt) return;
  if (!contact.confirmed) {
    // No registration, or it would be listed: the PBX's own configuration names this contact.
    account.permanent.add(contact.uri);
    account.contacts.delete(contact.uri);
    account.appearances = account.appearances.filter((appearance) => appearance.contact !== contact);
    return;
  }
  contact.missed += 1;
  if (!listing.baseline && contact.missed < 2) return;
  account.contacts.delete(contact.uri);
  account.lostAt = listing.requestedAt;
}
