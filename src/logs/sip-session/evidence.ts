import { isReliable, parseContactUri } from '../../ami/address.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Account, Appearance, Auth, LiveContact, Removal } from './accounts.js';
import { sameSocket } from './sockets.js';

/**
 * How long evidence waits for its counterpart. Asterisk tells a registration's authentication and
 * its contact through different threads, in no fixed order: milliseconds apart, a second on a busy machine.
 */
export const SETTLE: Micros = 2 * MICROS_PER_SECOND;

/** Asterisk removes expired contacts on a timer, and both clocks are whole seconds. */
const EXPIRY_SLACK: Micros = 2 * MICROS_PER_SECOND;

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

/** The authentication by which the phone itself asked for this removal, if it did. */
export function ownAuth(account: Account, { at, contact, cause, inferred }: Removal): Auth | undefined {
  const present = [...account.contacts.values()];
  // It goes on elsewhere: what authenticates now does so there.
  const hasMoved = cause === 'Replaced' || (contact.callId !== null && present.some(({ callId }) => callId === contact.callId));
  if (inferred || hasMoved) return undefined;
  // chan_iax2 tells of no authentication, and gives no cause for what the peer asked for itself.
  if (account.channelType === 'IAX2' && cause === '') return { at, remote: contact.remote, sessionId: '', claimed: true, cut: false };
  const open = account.auths.filter((auth) => !auth.claimed && Math.abs(auth.at - at) <= SETTLE);
  const isSame = (auth: Auth): boolean => sameSocket(auth.remote, contact.remote);
  if (account.channelType === 'PJSIP') return open.findLast((auth) => (contact.callId === null ? isSame(auth) : auth.sessionId === contact.callId));
  return open.findLast(isSame) ?? open.findLast((auth) => !present.some(({ remote }) => sameSocket(auth.remote, remote)));
}

/** Why the PBX removed a contact that did not ask for it. */
export function reasonOf(account: Account, { at, contact, cause }: Removal): string {
  const successor = account.appearances.some((appearance) => appearance.kind === 'new' && appearance.contact !== contact && Math.abs(appearance.at - at) <= SETTLE);
  if (successor) return 'REPLACED';
  if (account.channelType !== 'PJSIP') return cause === '' ? 'UNREGISTERED' : cause.toUpperCase();
  if (contact.expiresAt === null) return 'REMOVED';
  if (at >= contact.expiresAt - EXPIRY_SLACK) return 'EXPIRED';
  const transport = contact.remote?.transport ?? parseContactUri(contact.uri)?.transport ?? null;
  return isReliable(transport) ? 'TRANSPORT_CLOSED' : 'REMOVED';
}
