import { replay } from './replay.js';

// What the wire said, in the shape that FIELD-NOTES and the recordings have.

/** Rows as `event source peername details remoteAddress`, oldest first. */
export const rows = (text: string): string[] =>
  replay(text)
    .sessions()
    .map((row) => [row.event, row.source, row.peername ?? '-', row.details, row.remoteAddress ?? '-'].join(' '));

export const NOBODY = 'Response: Error\nMessage: No Contacts found\n\n\n';

export function security(name: string, at: string, account: string, session: string, remote: string, service = 'PJSIP'): string {
  return [
    `Event: ${name}`,
    'Privilege: security,all',
    `Timestamp: ${at}`,
    `Service: ${service}`,
    `AccountID: ${account}`,
    `SessionID: ${session}`,
    `RemoteAddress: ${remote}`,
    'UsingPassword: 1\n\n',
  ].join('\n');
}
export const auth = (at: string, account: string, session: string, remote: string, service = 'PJSIP'): string => security('SuccessfulAuth', at, account, session, remote, service);

export function contact(at: string, status: string, uri: string, endpoint = '909'): string {
  return `Event: ContactStatus\nTimestamp: ${at}\nURI: ${uri}\nContactStatus: ${status}\nAOR: ${endpoint}\nEndpointName: ${endpoint}\nRoundtripUsec: 0\n\n`;
}

export function peer(at: string, status: string, name: string, rest = '', channelType = 'SIP'): string {
  return `Event: PeerStatus\nTimestamp: ${at}\nChannelType: ${channelType}\nPeer: ${channelType}/${name}\nPeerStatus: ${status}\n${rest}\n\n`;
}

export function listing(...contacts: { uri: string; callId: string; expires: number; agent?: string }[]): string {
  const entries = contacts.map(
    ({ uri, callId, expires, agent = 'phone/1' }) =>
      `Event: ContactList\nEndpoint: 909\nUri: ${uri}\nCallId: ${callId}\nUserAgent: ${agent}\nExpirationTime: ${expires}\nStatus: Reachable\n\n`,
  );
  return `${entries.join('')}Event: ContactListComplete\n\n`;
}

export const A = 'sip:909@192.0.2.1:5060';
export const B = 'sip:909@192.0.2.2:5060';
export const WIRE_A = 'IPV4/UDP/192.0.2.1/5060';
export const WIRE_B = 'IPV4/UDP/192.0.2.2/5060';
export const WIRE_TLS = 'IPV4/TLS/192.0.2.1/40000';
export const ON_TLS = 'sip:909@192.0.2.1:40000;transport=tls';
