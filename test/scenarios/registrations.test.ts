import { describe, expect, it } from 'vitest';
import { replay } from './replay.js';

/** Rows as `event source peername details remoteAddress`, oldest first. */
const rows = (text: string, options = {}): string[] =>
  replay(text, options)
    .sessions()
    .map((row) => [row.event, row.source, row.peername ?? '-', row.details, row.remoteAddress ?? '-'].join(' '));

const NOBODY = 'Response: Error\nMessage: No Contacts found\n\n\n';

function security(name: string, at: string, account: string, session: string, remote: string, service = 'PJSIP'): string {
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
const auth = (at: string, account: string, session: string, remote: string, service = 'PJSIP'): string => security('SuccessfulAuth', at, account, session, remote, service);

function contact(at: string, status: string, uri: string, endpoint = '909'): string {
  return `Event: ContactStatus\nTimestamp: ${at}\nURI: ${uri}\nContactStatus: ${status}\nAOR: ${endpoint}\nEndpointName: ${endpoint}\nRoundtripUsec: 0\n\n`;
}

function peer(at: string, status: string, name: string, rest = '', channelType = 'SIP'): string {
  return `Event: PeerStatus\nTimestamp: ${at}\nChannelType: ${channelType}\nPeer: ${channelType}/${name}\nPeerStatus: ${status}\n${rest}\n\n`;
}

function listing(...contacts: { uri: string; callId: string; expires: number; agent?: string }[]): string {
  const entries = contacts.map(
    ({ uri, callId, expires, agent = 'phone/1' }) =>
      `Event: ContactList\nEndpoint: 909\nUri: ${uri}\nCallId: ${callId}\nUserAgent: ${agent}\nExpirationTime: ${expires}\nStatus: Reachable\n\n`,
  );
  return `${entries.join('')}Event: ContactListComplete\n\n`;
}

const A = 'sip:909@192.0.2.1:5060';
const B = 'sip:909@192.0.2.2:5060';
const WIRE_A = 'IPV4/UDP/192.0.2.1/5060';
const WIRE_B = 'IPV4/UDP/192.0.2.2/5060';
const WIRE_TLS = 'IPV4/TLS/192.0.2.1/40000';
const ON_TLS = 'sip:909@192.0.2.1:40000;transport=tls';

describe('chan_pjsip', () => {
  it('pairs authentication and contact in whichever order they come', () => {
    const first = auth('1000.001', '909', 's1', WIRE_A) + contact('1000.004', 'NonQualified', A);
    const second = contact('1000.001', 'NonQualified', A) + auth('1000.004', '909', 's1', WIRE_A);
    const expected = ['CONNECT CLIENT - FIRST_SEEN 192.0.2.1:5060', 'REGISTER CLIENT 909 200 OK 192.0.2.1:5060'];
    expect(rows(NOBODY + first).sort()).toEqual(expected);
    expect(rows(NOBODY + second).sort()).toEqual(expected);
  });

  it('tells a refresh, an unregistration and a call apart by their Call-ID and by what follows', () => {
    const text =
      NOBODY +
      auth('1000.001', '909', 's1', WIRE_A) +
      contact('1000.002', 'NonQualified', A) +
      auth('1030.000', '909', 's1', WIRE_A) +
      auth('1040.000', '909', 'call-7', WIRE_A) +
      auth('1060.000', '909', 's1', WIRE_A) +
      contact('1060.003', 'Removed', A);
    expect(rows(text)).toEqual([
      'CONNECT CLIENT - FIRST_SEEN 192.0.2.1:5060',
      'REGISTER CLIENT 909 200 OK 192.0.2.1:5060',
      'REGISTER CLIENT 909 200 OK 192.0.2.1:5060',
      'UNREGISTER CLIENT 909 200 OK 192.0.2.1:5060',
    ]);
  });

  it('sees a registration and its end within one second', () => {
    const text =
      NOBODY +
      auth('1000.001', '909', 's1', WIRE_A) +
      contact('1000.002', 'NonQualified', A) +
      auth('1000.301', '909', 's1', WIRE_A) +
      contact('1000.302', 'Removed', A) +
      auth('1000.601', '909', 's1', WIRE_A) +
      contact('1000.602', 'NonQualified', A);
    expect(rows(text).filter((row) => !row.startsWith('CONNECT'))).toEqual([
      'REGISTER CLIENT 909 200 OK 192.0.2.1:5060',
      'UNREGISTER CLIENT 909 200 OK 192.0.2.1:5060',
      'REGISTER CLIENT 909 200 OK 192.0.2.1:5060',
    ]);
  });

  it.each(['old first', 'new first'])('says REPLACED when the phone moved under the same Call-ID, %s', (order) => {
    const moves = [contact('1030.003', 'Removed', A), contact('1030.004', 'NonQualified', B)];
    if (order === 'new first') moves.reverse();
    const replayed = replay(NOBODY + auth('1000.0', '909', 's1', WIRE_A) + contact('1000.001', 'NonQualified', A) + auth('1030.001', '909', 's1', WIRE_B) + moves.join(''));
    expect(replayed.sessions().map((row) => `${row.event} ${row.source} ${row.details} ${row.remoteAddress}`)).toEqual([
      'CONNECT CLIENT FIRST_SEEN 192.0.2.1:5060',
      'REGISTER CLIENT 200 OK 192.0.2.1:5060',
      'CONNECT CLIENT FIRST_SEEN 192.0.2.2:5060',
      'REGISTER CLIENT 200 OK 192.0.2.2:5060',
      'UNREGISTER SERVER REPLACED 192.0.2.1:5060',
      'DISCONNECT SERVER NETWORK_ERROR 192.0.2.1:5060',
    ]);
    expect(replayed.of('account-state').every(({ account }) => account.contacts.length > 0)).toBe(true);
  });

  it('keeps an account with two contacts on line until the last one goes', () => {
    const replayed = replay(
      NOBODY +
        auth('1000.0', '909', 's1', WIRE_A) +
        contact('1000.001', 'NonQualified', A) +
        auth('1010.0', '909', 's2', WIRE_B) +
        contact('1010.001', 'NonQualified', B) +
        auth('1020.0', '909', 's1', WIRE_A) +
        contact('1020.001', 'Removed', A) +
        auth('1030.0', '909', 's2', WIRE_B) +
        contact('1030.001', 'Removed', B),
    );
    expect(replayed.of('account-state').map(({ account }) => account.contacts.length)).toEqual([1, 2, 1, 0]);
    expect(replayed.sessions().filter((row) => row.event === 'UNREGISTER').map((row) => row.details)).toEqual(['200 OK, 1 contact left', '200 OK']);
  });

  it('tells expiry, a closed transport and an administrator apart by the expiry time that the listing gave', () => {
    const start = NOBODY + auth('1000.0', '909', 's1', WIRE_TLS) + contact('1000.001', 'NonQualified', ON_TLS) + listing({ uri: ON_TLS, callId: 's1', expires: 1060 });
    expect(rows(start + contact('1061.2', 'Removed', ON_TLS)).at(-2)).toBe('UNREGISTER SERVER 909 EXPIRED 192.0.2.1:40000');
    expect(rows(start + contact('1020.0', 'Removed', ON_TLS)).at(-2)).toBe('UNREGISTER SERVER 909 TRANSPORT_CLOSED 192.0.2.1:40000');
    const udp = NOBODY + auth('1000.0', '909', 's1', WIRE_A) + contact('1000.001', 'NonQualified', A) + listing({ uri: A, callId: 's1', expires: 1060 });
    expect(rows(udp + contact('1020.0', 'Removed', A)).at(-2)).toBe('UNREGISTER SERVER 909 REMOVED 192.0.2.1:5060');
  });

  it('marks a phone that stops answering as gone and one that answers again as back', () => {
    const text =
      NOBODY +
      auth('1000.0', '909', 's1', WIRE_A) +
      contact('1000.001', 'NonQualified', A) +
      contact('1000.002', 'Reachable', A) +
      contact('1020.0', 'Unreachable', A) +
      contact('1025.0', 'Unreachable', A) +
      contact('1040.0', 'Reachable', A);
    expect(rows(text).slice(2)).toEqual(['DISCONNECT SERVER - NETWORK_ERROR 192.0.2.1:5060', 'CONNECT CLIENT - REACHABLE 192.0.2.1:5060']);
  });

  it('believes `Updated` where the PBX is set to say it, and makes one row of it and its authentication', () => {
    const text =
      NOBODY +
      auth('1000.0', '909', 's1', WIRE_A) +
      contact('1000.001', 'NonQualified', A) +
      auth('1030.0', '909', 's1', WIRE_A) +
      contact('1030.001', 'Updated', A);
    expect(rows(text).filter((row) => row.startsWith('REGISTER'))).toHaveLength(2);
  });

  it('recognises a registration with a new Call-ID from the same address by the next listing', () => {
    const text =
      NOBODY +
      auth('1000.0', '909', 's1', WIRE_A) +
      contact('1000.001', 'NonQualified', A) +
      listing({ uri: A, callId: 's1', expires: 4600 }) +
      auth('1030.0', '909', 'after-reboot', WIRE_A) +
      'Event: Registry\nTimestamp: 1035.0\nStatus: Request Sent\n\n' +
      listing({ uri: A, callId: 'after-reboot', expires: 4630, agent: 'phone/2' });
    const registered = replay(text).sessions().filter((row) => row.event === 'REGISTER');
    expect(registered.map((row) => [row.timestamp / 1e6, row.userAgent])).toEqual([
      [1000, 'phone/1'],
      [1030, 'phone/2'],
    ]);
  });

  it('takes a contact without authentication for a registration only when it can expire', () => {
    const appeared = NOBODY + contact('1000.0', 'NonQualified', A) + contact('1000.1', 'Reachable', A);
    const later = 'Event: Registry\nTimestamp: 1001.0\nStatus: Request Sent\n\n';
    expect(rows(appeared + later + listing({ uri: A, callId: 'x', expires: 4600 }))).toEqual(['REGISTER CLIENT 909 200 OK -']);
    const configured = replay(`${appeared}${later}${NOBODY}${contact('1300.0', 'Unreachable', A)}`);
    expect(configured.sessions()).toEqual([]);
    expect(configured.of('account-state')).toEqual([]);
  });

  it('makes one row of an attempt with an unknown account, and one of each attempt', () => {
    const attempt = (at: number): string =>
      security('InvalidAccountID', `${at}.1`, '7777', 'x1', WIRE_B) +
      security('ChallengeSent', `${at}.1001`, '<unknown>', 'x1', WIRE_B) +
      security('InvalidAccountID', `${at}.2`, '7777', 'x1', WIRE_B) +
      security('ChallengeResponseFailed', `${at}.2001`, '<unknown>', 'x1', WIRE_B);
    const refused = replay(NOBODY + attempt(1000) + attempt(1001)).sessions().filter((row) => row.event === 'REGISTER');
    expect(refused.map((row) => `${row.peername} ${row.details} ${row.binding}`)).toEqual(['7777 INVALID_ACCOUNT_ID unknown', '7777 INVALID_ACCOUNT_ID unknown']);
  });

  it.each([
    ['ChallengeResponseFailed', 'CHALLENGE_RESPONSE_FAILED'],
    ['FailedACL', 'FAILED_ACL'],
    ['AuthMethodNotAllowed', 'AUTH_METHOD_NOT_ALLOWED'],
  ])('says %s as %s', (event, details) => {
    const [row] = replay(NOBODY + security(event, '1000.0', '909', 's1', WIRE_A)).sessions().filter((session) => session.event === 'REGISTER');
    expect(row).toMatchObject({ details, peername: '909', reconciled: true, source: 'CLIENT' });
  });

  it('shows IPv6 addresses as one socket however they are written', () => {
    const text =
      NOBODY +
      auth('1000.0', '909', 's1', 'IPV6/UDP/2001:DB8:0:0:0:0:0:1/5060') +
      contact('1000.001', 'NonQualified', 'sip:909@[2001:db8::1]:5060') +
      auth('1010.0', '909', 's1', 'IPV6/UDP/2001:db8::1/5060');
    expect(rows(text)).toEqual([
      'CONNECT CLIENT - FIRST_SEEN [2001:db8::1]:5060',
      'REGISTER CLIENT 909 200 OK [2001:db8::1]:5060',
      'REGISTER CLIENT 909 200 OK [2001:db8::1]:5060',
    ]);
  });

  it('logs the address on the wire, not the one the phone claims behind its NAT', () => {
    const claimed = 'sip:909@10.0.0.5:5060';
    expect(rows(NOBODY + auth('1000.0', '909', 's1', WIRE_A) + contact('1000.001', 'NonQualified', claimed)).at(-1)).toBe('REGISTER CLIENT 909 200 OK 192.0.2.1:5060');
  });
});

describe('chan_sip and IAX2', () => {
  const challenge = (at: string, account: string, session: string): string => security('ChallengeSent', at, account, session, WIRE_A, 'SIP');

  it('tells a call from a refresh by the challenge, also when the dialled number is a peer', () => {
    const text =
      challenge('1000.0', '804', 'p1') +
      peer('1000.001', 'Registered', '804', 'Address: 192.0.2.1:5060') +
      auth('1000.002', '804', 'p1', WIRE_A, 'SIP') +
      challenge('1010.0', 'sip:804@192.0.2.9', 'p2') +
      auth('1010.001', '805', 'p2', WIRE_A, 'SIP') +
      challenge('1030.0', '804', 'p1') +
      auth('1030.001', '804', 'p1', WIRE_A, 'SIP');
    const replayed = replay(text);
    expect(replayed.sessions().map((row) => `${row.event} ${row.peername} ${row.details}`)).toEqual([
      'CONNECT null FIRST_SEEN',
      'REGISTER 804 200 OK',
      'REGISTER 804 200 OK',
    ]);
    expect(replayed.of('socket-use').map((use) => use.peername)).toEqual(['804']);
  });

  it('tells an unregistration from an expiry, which both say `Cause: Expired`', () => {
    const registered = challenge('1000.0', '804', 'p1') + peer('1000.001', 'Registered', '804', 'Address: 192.0.2.1:5060') + auth('1000.002', '804', 'p1', WIRE_A, 'SIP');
    const gone = peer('1030.0', 'Unregistered', '804', 'Cause: Expired');
    expect(rows(registered + gone)).toContain('UNREGISTER SERVER 804 EXPIRED 192.0.2.1:5060');
    const asked = challenge('1029.99', '804', 'p1') + gone + auth('1030.001', '804', 'p1', WIRE_A, 'SIP');
    expect(rows(registered + asked)).toContain('UNREGISTER CLIENT 804 200 OK 192.0.2.1:5060');
  });

  it('makes no REGISTER row of a call that was refused', () => {
    const text = challenge('1000.0', 'sip:804@192.0.2.9', 'p2') + security('InvalidPassword', '1000.001', '600', 'p2', WIRE_A, 'SIP');
    expect(rows(text)).toEqual(['CONNECT CLIENT - FIRST_SEEN 192.0.2.1:5060']);
  });

  it('follows IAX2 as far as its PeerStatus goes', () => {
    const text = peer('1000.0', 'Registered', 'branch', 'Address: 192.0.2.7:4569', 'IAX2') + peer('1060.0', 'Unregistered', 'branch', 'Cause: Expired', 'IAX2');
    expect(rows(text).filter((row) => row.includes('branch'))).toEqual(['REGISTER CLIENT branch 200 OK 192.0.2.7:4569', 'UNREGISTER SERVER branch EXPIRED 192.0.2.7:4569']);
  });
});

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
});
