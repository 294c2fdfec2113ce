import type { AccountState, Contact } from '../output.js';

/** PJSIP's word, and ours, for a contact of which nothing else was said yet. */
const UNTOLD = 'Unknown';

/** The newer of two states, with what only the older one knows of the same registrations: another listener may have told it. */
export function withKnown(newer: AccountState, older: AccountState): AccountState {
  const contacts = newer.contacts.map((contact) => {
    const before = older.contacts.find((other) => isSameRegistration(contact, other));
    return before ? filled(contact, before) : contact;
  });
  contacts.sort((a, b) => (b.registeredAt ?? 0) - (a.registeredAt ?? 0));
  const isAsBefore = newer.contacts.length > 0 === older.contacts.length > 0;
  return { ...newer, description: newer.description ?? older.description, since: newer.since ?? (isAsBefore ? older.since : null), contacts };
}

/** The same place, and nothing that both know is against it. */
function isSameRegistration(one: Contact, other: Contact): boolean {
  if (one.uri !== other.uri) return false;
  if (one.callId !== null && other.callId !== null) return one.callId === other.callId;
  return (['remoteAddress', 'userAgent'] as const).every((what) => one[what] === null || other[what] === null || one[what] === other[what]);
}

/** Not the Call-ID: whoever does not know it says so on purpose, until the next listing a moment later. */
function filled(contact: Contact, { remoteAddress, transport, userAgent, expiresAt, registeredAt, status }: Contact): Contact {
  const isRenewed = contact.registeredAt !== null && registeredAt !== null && contact.registeredAt !== registeredAt;
  const isUnplaced = contact.remoteAddress === null || (contact.transport === null && contact.remoteAddress === remoteAddress);
  return {
    ...contact,
    ...(isUnplaced ? { remoteAddress, transport } : {}),
    userAgent: contact.userAgent ?? userAgent,
    expiresAt: contact.expiresAt ?? (isRenewed ? null : expiresAt),
    registeredAt: contact.registeredAt ?? registeredAt,
    status: contact.status === UNTOLD ? status : contact.status,
  };
}
