import { fromSeconds } from '../time.js';
import { parseContactUri } from './address.js';
import { callerIdName } from './caller-id.js';
import type { ListedContact } from './input.js';
import type { AmiLine } from './line.js';
import type { Headers } from './manager.js';
import { eachOf } from './pause.js';
import { peerAddress, qualifyStatus } from './peers.js';

// Each SIPshowpeer locks the peer; a few at a time keep the PBX and the connection free for others.
const PEERS_AT_ONCE = 4;

/** Everybody on line by `SIPpeers` and, for each registered dynamic peer, `SIPshowpeer`. Null when the PBX gave no list. */
export async function listSipPeers(line: AmiLine): Promise<readonly ListedContact[] | null> {
  const answer = await line.list({ Action: 'SIPpeers' });
  if (answer.kind === 'error') return null;
  const registered = answer.entries
    .filter((peer) => peer.get('dynamic') === 'yes' && peer.get('ipaddress') !== '-none-')
    .map((peer) => peer.get('objectname') ?? '');
  const contacts: ListedContact[] = [];
  await eachOf(registered, PEERS_AT_ONCE, async (name) => {
    const contact = await showSipPeer(line, name);
    if (contact) contacts.push(contact);
  });
  return contacts;
}

/** One peer by `SIPshowpeer`; null when it is not registered (any more), fixed in the configuration, or unknown. */
export async function showSipPeer(line: AmiLine, name: string): Promise<ListedContact | null> {
  if (/[\r\n]/.test(name)) return null;
  const answer = await line.send({ Action: 'SIPshowpeer', Peer: name });
  return answer.kind === 'error' ? null : parseSipPeer(answer.headers, line.clock.read());
}

/** The answer to `SIPshowpeer`, read at `at`: its expiry counts from then. */
export function parseSipPeer(headers: Headers, at: number): ListedContact | null {
  const get = (name: string): string => headers.get(name) ?? '';
  const address = peerAddress(get('address-ip'), get('address-port'));
  if (get('dynamic').toUpperCase() !== 'Y' || !address) return null;
  const seconds = /^(\d+) seconds$/.exec(get('regexpire'))?.[1];
  return {
    channelType: 'SIP',
    endpoint: get('objectname'),
    uri: get('objectname'),
    callId: null,
    userAgent: get('sip-useragent') || null,
    expiresAt: seconds === undefined ? null : at + fromSeconds(Number(seconds)),
    status: qualifyStatus(get('status')),
    remote: { ...address, transport: parseContactUri(get('reg-contact'))?.transport ?? null },
    description: callerIdName(get('callerid')) || get('description') || null,
  };
}
