import { formatAddress, type Remote } from '../../ami/address.js';
import type { ListedContact, PbxInput } from '../../ami/input.js';
import { MICROS_PER_SECOND } from '../../time.js';
import type { Output } from '../output.js';
import { detail, newContact, type Account, type Inference, type LiveContact } from './accounts.js';
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
  /** What the differences prove; null where they prove nothing. */
  readonly inference: Inference | null;
}

/**
 * Squares what is known with what the PBX lists. A listing and the events race each other, so a
 * contact that only one of them has is believed at the second listing, or at once if this is the
 * first listing of a connection. Answers the accounts that may have changed.
 */
export function squareListing(listing: Listing, known: Known): Account[] {
  const touched = new Set<Account>();
  const listed = new Set<LiveContact>();
  const gone: { readonly account: Account; readonly contact: LiveContact }[] = [];
  for (const entry of listing.contacts) {
    const account = known.account(entry.endpoint);
    touched.add(account);
    const before = account.contacts.get(entry.uri);
    if (before && known.inference && hasMoved(before, entry)) {
      account.contacts.delete(entry.uri);
      gone.push({ account, contact: before });
    }
    const contact = merge(listing, entry, account, known);
    if (contact) listed.add(contact);
  }
  if (listing.complete) {
    const uris = new Set(listing.contacts.map(({ uri }) => uri));
    for (const account of known.accounts()) {
      for (const uri of account.sighted) if (!uris.has(uri) && account.sighted.delete(uri)) touched.add(account);
      for (const contact of account.contacts.values()) {
        if (listed.has(contact)) continue;
        touched.add(account);
        if (isGone(listing, account, contact, known)) gone.push({ account, contact });
      }
    }
  }
  for (const { account, contact } of gone) if (account.contacts.get(contact.uri) === contact) account.contacts.delete(contact.uri);
  for (const { account, contact } of gone) leave(listing, account, contact, known);
  return [...touched];
}

/** A chan_sip or IAX2 peer has one contact: at another address it is another one. */
const hasMoved = ({ peerAddress }: LiveContact, { remote }: ListedContact): boolean =>
  peerAddress !== null && remote !== null && formatAddress(remote) !== peerAddress;

function merge(listing: Listing, entry: ListedContact, account: Account, known: Known): LiveContact | null {
  const { registrations, outputs, inference } = known;
  let contact = account.contacts.get(entry.uri);
  const isNew = !contact;
  if (!contact) {
    const proved = entry.callId !== null && registrations.canExplain(account, entry.callId);
    if (!listing.baseline && !proved && !account.sighted.has(entry.uri)) {
      account.sighted.add(entry.uri);
      return null;
    }
    contact = newContact(entry.uri, entry.status);
    account.contacts.set(entry.uri, contact);
  }
  account.sighted.delete(entry.uri);
  contact.missed = 0;
  learnRemote(listing, entry, account, contact, known);
  contact.peerAddress = entry.remote ? formatAddress(entry.remote) : contact.peerAddress;
  const explained = learnCallId(entry, account, contact, known);
  outputs.push(...explained.rows);
  if (!contact.confirmed) outputs.push(...registrations.confirm(account, contact, listing.at));
  const isExplained = explained.rows.length > 0 || registrations.isShown(account, contact);
  const isInferred = inference !== null && !isExplained && (isNew || explained.isAnother);
  if (isNew || isInferred) registrations.listed(account, contact, listing.at, isInferred ? inference : null);
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

/** Rows for the registrations that the Call-ID explains, and whether it is another one than before. */
function learnCallId(
  { callId, userAgent }: ListedContact,
  account: Account,
  contact: LiveContact,
  { registrations }: Known,
): { readonly rows: readonly Output[]; readonly isAnother: boolean } {
  if (callId === null) return { rows: [], isAnother: false };
  const before = contact.callId;
  if (callId !== before) {
    // Another registration, perhaps by another phone: what is missing in the rows before stays missing.
    if (before !== null) forgetIncomplete(account, contact);
    contact.callId = callId;
    contact.userAgent = userAgent ?? contact.userAgent;
  }
  const rows = registrations.explain(account, contact, ({ sessionId }) => sessionId === callId);
  return { rows, isAnother: before !== null && before !== callId };
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
    outputs.push(detail(row, userAgent, account.description));
    return row.nameless && account.description === null ? [{ ...row, uri: null }] : [];
  });
}

function forgetIncomplete(account: Account, contact: LiveContact): void {
  account.incomplete = account.incomplete.filter(({ uri }) => uri !== contact.uri);
}

/** Whether a contact that is not listed is believed to be gone. */
function isGone(listing: Listing, account: Account, contact: LiveContact, { inference }: Known): boolean {
  const { registeredAt } = contact;
  if (registeredAt !== null && registeredAt >= listing.requestedAt) return false;
  if (!contact.confirmed) {
    // No registration, or it would be listed: the PBX's own configuration names this contact. One from before a break may also have ended.
    if (!inference || registeredAt === null || registeredAt > inference.since) account.permanent.add(contact.uri);
    account.contacts.delete(contact.uri);
    account.appearances = account.appearances.filter((appearance) => appearance.contact !== contact);
    return false;
  }
  contact.missed += 1;
  return listing.baseline || contact.missed >= 2;
}

function leave(listing: Listing, account: Account, contact: LiveContact, { registrations, inference }: Known): void {
  if (inference) registrations.removed(account, contact, '', listing.at, inference);
  else account.lostAt = listing.requestedAt;
}
