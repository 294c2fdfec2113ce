import { describe, expect, it } from 'vitest';
import { amiEvent } from '../../src/ami/event.js';
import type { Output } from '../../src/logs/output.js';
import { Translator } from '../../src/pipeline/translator.js';
import { replay } from './replay.js';
import { rows, NOBODY, security, auth, contact, peer, listing, A, B, WIRE_A, WIRE_B, WIRE_TLS, ON_TLS } from './wire.js';

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

  it('guesses nothing where no listing told the expiry, as for a login without `write = system`', () => {
    const start = auth('1000.0', '909', 's1', WIRE_TLS) + contact('1000.001', 'NonQualified', ON_TLS);
    const expired = 'Event: Registry\nTimestamp: 1040.0\nStatus: Request Sent\n\n' + contact('1061.2', 'Removed', ON_TLS);
    expect(rows(NOBODY + start + expired).at(-2)).toBe('UNREGISTER SERVER 909 REMOVED 192.0.2.1:40000');
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

describe('chan_sip', () => {
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
});

describe('what only a listing or time can tell', () => {
  it('a configured contact that answers again is no registration, however late the listing comes', () => {
    const flapping = contact('1010.0', 'Reachable', A) + 'Event: Registry\nTimestamp: 1040.0\nStatus: Request Sent\n\n' + contact('1050.0', 'Unreachable', A) + NOBODY + contact('1060.0', 'Reachable', A);
    const replayed = replay(NOBODY + flapping);
    expect(replayed.sessions()).toEqual([]);
    expect(replayed.of('account-state')).toEqual([]);
  });

  it('a refresh moves the expiry on, so that a later break is not called an expiry', () => {
    const text =
      NOBODY +
      auth('1000.0', '909', 's1', WIRE_TLS) +
      contact('1000.001', 'NonQualified', ON_TLS) +
      listing({ uri: ON_TLS, callId: 's1', expires: 1060 }) +
      auth('1050.0', '909', 's1', WIRE_TLS) +
      contact('1061.5', 'Removed', ON_TLS);
    expect(rows(text)).toContain('UNREGISTER SERVER 909 TRANSPORT_CLOSED 192.0.2.1:40000');
  });

  it('`Updated` and its authentication are one refresh in either order', () => {
    const start = NOBODY + auth('1000.0', '909', 's1', WIRE_A) + contact('1000.001', 'NonQualified', A);
    const refreshed = [auth('1030.005', '909', 's1', WIRE_A), contact('1030.0', 'Updated', A)];
    expect(rows(start + refreshed.join('')).filter((row) => row.startsWith('REGISTER'))).toHaveLength(2);
    expect(rows(start + refreshed.reverse().join('')).filter((row) => row.startsWith('REGISTER'))).toHaveLength(2);
  });

  it('a stop decides what still waits', () => {
    const translator = new Translator('lab');
    const event = (name: string, at: number, headers: Record<string, string>): Output[] =>
      translator.handle({ kind: 'event', event: amiEvent(name, at * 1e6, new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))) });
    const who = { Service: 'PJSIP', AccountID: '909', SessionID: 's1', RemoteAddress: WIRE_A };
    event('SuccessfulAuth', 1_000, who);
    event('ContactStatus', 1_000.001, { URI: A, ContactStatus: 'NonQualified', EndpointName: '909' });
    event('SuccessfulAuth', 1_010, who);
    event('ContactStatus', 1_010.001, { URI: A, ContactStatus: 'Removed', EndpointName: '909' });
    const last = translator.finish();
    expect(last.flatMap((output) => (output.kind === 'sip-session' ? [`${output.row.event} ${output.row.details}`] : []))).toEqual(['UNREGISTER 200 OK']);
    expect(last.flatMap((output) => (output.kind === 'account-state' ? [output.account.contacts.length] : []))).toEqual([0]);
  });
});
