import { fromSeconds } from '../time.js';
import type { ListedContact } from './input.js';
import type { AmiLine } from './line.js';
import type { Headers } from './manager.js';

/**
 * Everybody on line by `PJSIPShowContacts`. Null when the PBX gave no list.
 * Asterisk 16.28 and 22.10 list no permanent contacts (`contact=` of an AOR), only registered ones.
 */
export async function listPjsipContacts(line: AmiLine): Promise<readonly ListedContact[] | null> {
  const answer = await line.list({ Action: 'PJSIPShowContacts' });
  if (answer.kind === 'error') return /no contacts found/i.test(answer.message) ? [] : null;
  return answer.entries.map(parseContactList).filter((contact) => contact !== null);
}

/** One `ContactList` event; null for a permanent contact (it never expires) and for one without a name. */
export function parseContactList(headers: Headers): ListedContact | null {
  const get = (name: string): string => headers.get(name) ?? '';
  const expires = Number(get('expirationtime'));
  if (get('endpoint') === '' || get('uri') === '' || !(expires > 0)) return null;
  return {
    channelType: 'PJSIP',
    endpoint: get('endpoint'),
    uri: get('uri'),
    callId: get('callid') || null,
    userAgent: get('useragent') || null,
    expiresAt: fromSeconds(expires),
    status: get('status'),
    remote: null,
    description: null,
  };
}
