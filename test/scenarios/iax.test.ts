import { describe, expect, it } from 'vitest';
import { replay } from './replay.js';
import { rows } from './wire.js';

// What Asterisk 16.28 and 22.10 sent of a peer `iax2`, whose registrar they are; nothing else tells of it.
const registered = (at: string, address: string): string =>
  `Event: PeerStatus\nPrivilege: system,all\nTimestamp: ${at}\nChannelType: IAX2\nPeer: IAX2/iax2\nPeerStatus: Registered\nAddress: ${address}\n\n`;
const status = (at: string, word: string): string =>
  `Event: PeerStatus\nPrivilege: system,all\nTimestamp: ${at}\nChannelType: IAX2\nPeer: IAX2/iax2\nPeerStatus: ${word}\n\n`;
const EXPIRED = 'Unregistered\nCause: Expired';

function peers(ip: string, port: string, word: string): string {
  const entries = [
    `ObjectName: iax1\nChanObjectType: peer\nIPaddress: (null)\nMask: (null)\nPort: (null)\nDynamic: yes\nTrunk: no\nEncryption: no\nStatus: UNKNOWN`,
    `ObjectName: iax2\nObjectUsername: iax2\nChanObjectType: peer\nIPaddress: ${ip}\nMask: (null)\nPort: ${port}\nDynamic: yes\nTrunk: no\nEncryption: no\nStatus: ${word}`,
    'ObjectName: iax-trunk\nChanObjectType: peer\nIPaddress: 127.0.0.2\nMask: 255.255.255.255\nPort: 4569\nDynamic: no\nTrunk: no\nEncryption: no\nStatus: Unmonitored',
  ];
  return `${entries.map((entry) => `Event: PeerEntry\nActionID: test-2\nChanneltype: IAX\n${entry}\n\n`).join('')}Event: PeerlistComplete\nActionID: test-2\nEventList: Complete\nListItems: 3\n\n`;
}
const NOBODY = peers('(null)', '(null)', 'UNKNOWN');

/** The contacts' addresses in each state of the account, oldest first. */
const states = (text: string): (string | null)[][] => replay(text).of('account-state').map(({ account }) => account.contacts.map(({ remoteAddress }) => remoteAddress));

describe('IAX2', () => {
  it('shows the address alone, which is no connection, where nothing is listed', () => {
    // A POKE that was under way is given up after the registration.
    const text = registered('1795632038.912851', '127.9.9.9') + status('1795632066.276090', EXPIRED) + status('1795632078.335700', 'Unreachable');
    expect(rows(text)).toEqual(['REGISTER CLIENT iax2 200 OK 127.9.9.9', 'UNREGISTER SERVER iax2 EXPIRED 127.9.9.9']);
    expect(states(text)).toEqual([['127.9.9.9'], []]);
  });

  it('learns the port from the list, and with it knows the connection', () => {
    const text = NOBODY + registered('1795632038.912851', '127.9.9.9') + 'Event: Registry\nTimestamp: 1795632039.412\nStatus: Request Sent\n\n' + peers('127.9.9.9', '34999', 'OK (3 ms)');
    const gone = status('1795632066.276090', EXPIRED);
    expect(rows(text + gone)).toEqual([
      'CONNECT CLIENT - FIRST_SEEN 127.9.9.9:34999',
      'REGISTER CLIENT iax2 200 OK 127.9.9.9:34999',
      'UNREGISTER SERVER iax2 EXPIRED 127.9.9.9:34999',
      'DISCONNECT SERVER - NETWORK_ERROR 127.9.9.9:34999',
    ]);
    expect(states(text + gone)).toEqual([['127.9.9.9'], ['127.9.9.9:34999'], []]);
    expect(replay(text).of('socket-use').map(({ peername, remoteAddress }) => `${peername} ${remoteAddress}`)).toEqual(['iax2 127.9.9.9:34999']);
  });

  it('takes the port from a list that comes late, too', () => {
    const text = NOBODY + registered('1795632038.912851', '127.9.9.9') + 'Event: Registry\nTimestamp: 1795632050.0\nStatus: Request Sent\n\n' + peers('127.9.9.9', '34999', 'OK (3 ms)');
    expect(rows(text).sort()).toEqual(['CONNECT CLIENT - FIRST_SEEN 127.9.9.9:34999', 'REGISTER CLIENT iax2 200 OK 127.9.9.9']);
    expect(states(text).at(-1)).toEqual(['127.9.9.9:34999']);
  });

  it('tells what the peer asked for, without a cause, from an expiry', () => {
    const text = NOBODY + registered('1795632038.912851', '127.9.9.9') + status('1795632041.258102', 'Unregistered');
    expect(rows(text)).toEqual(['REGISTER CLIENT iax2 200 OK 127.9.9.9', 'UNREGISTER CLIENT iax2 200 OK 127.9.9.9']);
  });

  it('says REPLACED of a peer that came from elsewhere, and nothing of its port alone', () => {
    const first = registered('1795632045.848606', '127.9.9.9');
    const port = registered('1795632049.862433', '127.9.9.9');
    const elsewhere = registered('1795632052.880983', '127.9.9.10');
    expect(rows(NOBODY + first + port + elsewhere)).toEqual([
      'REGISTER CLIENT iax2 200 OK 127.9.9.9',
      'REGISTER CLIENT iax2 200 OK 127.9.9.9',
      'REGISTER CLIENT iax2 200 OK 127.9.9.10',
      'UNREGISTER SERVER iax2 REPLACED 127.9.9.9',
    ]);
  });

  it('marks a peer that answers no POKE as gone, and one that answers again as back', () => {
    const unreachable = status('1795633401.736034', 'Unreachable');
    const back = status('1795633403.736767', 'Reachable');
    expect(rows(peers('127.9.9.9', '34999', 'OK (3 ms)') + unreachable + back)).toEqual([
      'DISCONNECT SERVER - NETWORK_ERROR 127.9.9.9:34999',
      'CONNECT CLIENT - REACHABLE 127.9.9.9:34999',
    ]);
  });

  it('ends and moves what did so while nobody listened', () => {
    const before = peers('127.9.9.9', '34999', 'OK (3 ms)');
    expect(states(before + NOBODY + NOBODY).at(-1)).toEqual([]);
    expect(states(before)).toEqual([['127.9.9.9:34999']]);
  });

  it('logs the registrations of the PBX itself', () => {
    const registry = (at: string, rest: string): string => `Event: Registry\nPrivilege: system,all\nTimestamp: ${at}\nChannelType: IAX2\nUsername: iax1\nDomain: 127.0.0.1:36735\n${rest}\n\n`;
    const text = registry('1795632086.986052', 'Status: Registered') + registry('1795632115.014051', 'Status: Rejected\nCause: Registration Refused');
    expect(replay(text).sessions().map((row) => `${row.event} ${row.source} ${row.peername} ${row.account} ${row.details}`)).toEqual([
      'REGISTER SERVER iax1 127.0.0.1:36735 200 OK',
      'REGISTER SERVER iax1 127.0.0.1:36735 REJECTED Registration Refused',
    ]);
  });
});
