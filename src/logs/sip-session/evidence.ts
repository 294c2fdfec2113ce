import { parseContactUri } from '../../ami/address.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Account, Appearance, Auth, LiveContact } from './accounts.js';
import { sameSocket } from './sockets.js';

/**
 * How long evidence waits for its counterpart. Asterisk tells a registration's authentication and
 * its contact through different threads, in no fixed order: milliseconds apart, a second on a busy machine.
 */
export const SETTLE: Micros = 2 * MICROS_PER_SECOND;

/** Authentications whose purpose nothing has shown yet. */
export const openAuths = (account: Account): Auth[] => [...account.unexplained, ...account.auths.filter((auth) => !auth.claimed)];

/** Whether a contact that showed itself waits for an authentication such as this one. */
export const isOpenFor = (account: Account, appearance: Appearance, auth: Auth): boolean =>
  !appearance.written && appearance.kind !== 'listed' && Math.abs(auth.at - appearance.at) <= SETTLE && mayBelong(account, appearance, auth);

/** The authentication that brought this contact or renewed it: one from the address it names, else the newest, rather of nobody else's socket. */
export function pickAuth(account: Account, appearance: Appearance): Auth | undefined {
  const open = account.auths.filter((auth) => !auth.claimed && appearance.at - auth.at <= SETTLE && mayBelong(account, appearance, auth));
  return (
    open.findLast((auth) => isFrom(auth, appearance.contact)) ?? open.findLast((auth) => !isForeign(account, appearance.contact, auth)) ?? open.at(-1)
  );
}

/** Where the Call-ID is not known yet, anything that is not another contact's. */
function mayBelong(account: Account, { contact, kind }: Appearance, auth: Auth): boolean {
  if (contact.callId !== null) return auth.sessionId === contact.callId;
  return kind === 'new' || ![...account.contacts.values()].some((other) => other !== contact && other.callId === auth.sessionId);
}

/** It came from where the contact is, or says that it is. */
export const isFrom = (auth: Auth, { remote, uri }: LiveContact): boolean => sameSocket(auth.remote, remote ?? parseContactUri(uri));

/** It came from the socket of another contact that the account has, or had a moment ago. */
export function isForeign(account: Account, contact: LiveContact, auth: Auth): boolean {
  const others = [...account.contacts.values(), ...account.removals.map((removal) => removal.contact)];
  return !isFrom(auth, contact) && others.some((other) => other !== contact && sameSocket(other.remote, auth.remote));
}
