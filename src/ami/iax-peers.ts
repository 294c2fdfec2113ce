import type { ListedContact } from './input.js';
import type { AmiLine } from './line.js';
import type { Headers } from './manager.js';
import { peerAddress, qualifyStatus } from './peers.js';

/**
 * Everybody on line by `IAXpeerlist`; null when the PBX gave no list. `IAXpeers` says the same, but on
 * Asterisk 16 and 22 its entries carry no ActionID.
 */
export async function listIaxPeers(line: AmiLine): Promise<readonly ListedContact[] | null> {
  const answer = await line.list({ Action: 'IAXpeerlist' });
  return answer.kind === 'error' ? null : answer.entries.map(parseIaxPeer).filter((contact) => contact !== null);
}

/** One `PeerEntry` of `IAXpeerlist`; null when it is not registered, or fixed in the configuration. */
export function parseIaxPeer(headers: Headers): ListedContact | null {
  const get = (name: string): string => headers.get(name) ?? '';
  const remote = peerAddress(get('ipaddress'), get('port'));
  if (get('dynamic') !== 'yes' || get('objectname') === '' || !remote) return null;
  return {
    channelType: 'IAX2',
    endpoint: get('objectname'),
    uri: get('objectname'),
    callId: null,
    userAgent: null,
    // `iax2 show peer` and IAXPEER(…,expire) print the number of a timer instead.
    expiresAt: null,
    status: qualifyStatus(get('status')),
    remote,
    description: null,
  };
}
