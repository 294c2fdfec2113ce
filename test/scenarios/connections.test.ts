import { describe, expect, it } from 'vitest';
import { replay } from './replay.js';
import { rows, NOBODY, security, auth, contact, peer, WIRE_TLS, ON_TLS } from './wire.js';

describe('what others tell', () => {
  it('logs the PBX’s own registrations at its providers, without the steps on the way', () => {
    const registry = (at: string, status: string, rest = ''): string =>
      `Event: Registry\nTimestamp: ${at}\nChannelType: PJSIP\nUsername: sip:provider@sip.example.net:5060\nDomain: sip:sip.example.net:5060\nStatus: ${status}\n${rest}\n\n`;
    const sessions = replay(registry('1000.0', 'Request Sent') + registry('1000.1', 'Registered') + registry('1060.0', 'Rejected', 'Cause: 403 Forbidden') + registry('1090.0', 'Unregistered')).sessions();
    expect(sessions.map((row) => `${row.event} ${row.source} ${row.peername} ${row.account} ${row.details}`)).toEqual([
      'REGISTER SERVER provider sip.example.net:5060 200 OK',
      'REGISTER SERVER provider sip.example.net:5060 REJECTED 403 Forbidden',
      'UNREGISTER SERVER provider sip.example.net:5060 UNREGISTERED',
    ]);
  });

  it('takes a proxy’s word by UserEvent, the cipher above all', () => {
    const text =
      'Event: UserEvent\nTimestamp: 1000.0\nUserEvent: SipSession\nSipEvent: register\nPeername: 909\nDetails: 200 OK\nUseragent: snom320/8.4.18\nRemoteaddr: 203.0.113.37:28224\nTlscipher: ECDHE-RSA-AES256-GCM-SHA384\n\n' +
      'Event: UserEvent\nTimestamp: 1001.0\nUserEvent: SipSession\nSipEvent: HELLO\n\n' +
      'Event: UserEvent\nTimestamp: 1002.0\nUserEvent: SomethingElse\n\n';
    const replayed = replay(text);
    expect(replayed.sessions()).toMatchObject([
      { event: 'REGISTER', peername: '909', details: '200 OK', userAgent: 'snom320/8.4.18', remoteAddress: '203.0.113.37:28224', tlsCipher: 'ECDHE-RSA-AES256-GCM-SHA384', reconciled: true },
    ]);
    expect(replayed.of('untranslatable').map(({ reason }) => reason)).toEqual(['SipEvent must be one of CONNECT, REGISTER, UNREGISTER, DISCONNECT']);
  });

  it('logs logins to AMI, HTTP and ARI as web sessions, and nothing that is no login', () => {
    const text = (['SuccessfulAuth', 'InvalidPassword', 'InvalidAccountID', 'FailedACL', 'ChallengeSent', 'RequestBadFormat'] as const)
      .map((name, index) => security(name, `100${index}.5`, 'ops', 's', 'IPV4/TCP/198.51.100.4/50000', index % 2 === 0 ? 'AMI' : 'ARI'))
      .join('');
    expect(replay(text).of('web-session').map(({ row }) => `${row.eventType} ${row.principal} ${row.ipAddress} ${row.service}`)).toEqual([
      'SUCCESS ops 198.51.100.4 AMI',
      'FAIL_BAD_CREDENTIALS ops 198.51.100.4 ARI',
      'FAIL_BAD_CREDENTIALS ops 198.51.100.4 AMI',
      'FAIL_ACL ops 198.51.100.4 ARI',
    ]);
  });
});

describe('transport monitors', () => {
  const monitors = (...open: string[]): string =>
    ['Response: Success', 'Message: Command output follows', 'Output: PJSIP Transport Monitors:', ...open.map((remote) => `Output:  ${remote}   ACTIVE   Incoming   2   0   tlss0x7f38`), 'Output: \n\n'].join('\n');
  const tick = (at: string): string => `Event: Registry\nTimestamp: ${at}\nStatus: Request Sent\n\n`;
  const registered = NOBODY + monitors() + auth('1000.0', '909', 's1', WIRE_TLS) + contact('1000.001', 'NonQualified', ON_TLS);

  it.each([
    ['before', [tick('1010.5'), monitors(), contact('1011.0', 'Removed', ON_TLS)]],
    ['after', [contact('1010.0', 'Removed', ON_TLS), tick('1015.0'), monitors()]],
  ])('call it a break when the listing comes %s the registration ended with its connection', (_, parts) => {
    const text = registered + tick('1002.0') + monitors('192.0.2.1:40000') + parts.join('');
    expect(rows(text).filter((row) => row.startsWith('DISCONNECT'))).toEqual(['DISCONNECT SERVER - NETWORK_ERROR 192.0.2.1:40000']);
  });

  it('call it closed when the phone had unregistered', () => {
    const left = auth('1010.0', '909', 's1', WIRE_TLS) + contact('1010.001', 'Removed', ON_TLS);
    const text = registered + tick('1002.0') + monitors('192.0.2.1:40000') + left + tick('1015.0') + monitors();
    expect(rows(text).filter((row) => row.startsWith('DISCONNECT'))).toEqual(['DISCONNECT CLIENT - CLOSED 192.0.2.1:40000']);
  });

  it('never close what they never list: the connections of chan_sip', () => {
    const onTcp = 'IPV4/TCP/192.0.2.9/40001';
    const text =
      registered +
      tick('1002.0') +
      monitors('192.0.2.1:40000') +
      peer('1003.0', 'Registered', '805', 'Address: 192.0.2.9:40001') +
      auth('1003.001', '805', 'p1', onTcp, 'SIP') +
      tick('1006.0') +
      monitors('192.0.2.1:40000') +
      auth('1030.0', '805', 'p1', onTcp, 'SIP') +
      tick('1035.0') +
      monitors('192.0.2.1:40000');
    expect(rows(text).filter((row) => row.includes('192.0.2.9') && !row.startsWith('REGISTER'))).toEqual(['CONNECT CLIENT - FIRST_SEEN 192.0.2.9:40001']);
  });

  it('close a connection that came and went between two of them', () => {
    const left = auth('1001.0', '909', 's1', WIRE_TLS) + contact('1001.001', 'Removed', ON_TLS);
    expect(rows(registered + left + tick('1006.0') + monitors()).filter((row) => row.startsWith('DISCONNECT'))).toEqual(['DISCONNECT CLIENT - CLOSED 192.0.2.1:40000']);
  });

  it('that list nothing close nothing that carries a registration', () => {
    const text = registered + tick('1006.0') + monitors() + tick('1010.0') + monitors() + contact('1020.0', 'Unreachable', ON_TLS);
    expect(rows(text).filter((row) => row.startsWith('DISCONNECT'))).toEqual(['DISCONNECT SERVER - NETWORK_ERROR 192.0.2.1:40000']);
  });
});
