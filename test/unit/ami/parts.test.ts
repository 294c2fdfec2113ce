import { describe, expect, test } from 'vitest';
import { Backoff } from '../../../src/ami/backoff.js';
import { formatAddress, parseAddress } from '../../../src/ami/address.js';
import { callerIdName } from '../../../src/ami/caller-id.js';
import { parseEpoch, parseEventTv, PbxClock } from '../../../src/ami/clock.js';
import { parseIaxPeer } from '../../../src/ami/iax-peers.js';
import { parseContactList } from '../../../src/ami/pjsip-contacts.js';
import { parseSipPeer } from '../../../src/ami/sip-peers.js';
import { parseOffset, readZone } from '../../../src/ami/zone.js';
import { fromSeconds, parseIso } from '../../../src/time.js';

const headers = (text: string): ReadonlyMap<string, string> =>
  new Map(text.trim().split('\n').map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));

describe('callerIdName', () => {
  test.each([
    ['"User 909" <909>', 'User 909'],
    ['"User \\"Q\\" 909" <909>', 'User "Q" 909'],
    ['Sara <909>', 'Sara'],
    ['<909>', ''],
    ['"" <909>', ''],
    ['909', ''],
    ['<unknown>', ''],
    ['', ''],
  ])('%s', (text, name) => expect(callerIdName(text)).toBe(name));
});

describe('addresses', () => {
  test.each([
    ['203.0.113.37:28224', '203.0.113.37', 28_224],
    ['[2001:db8::1]:5060', '2001:db8::1', 5_060],
    ['127.0.0.1', '127.0.0.1', null],
    ['2001:db8::1', '2001:db8::1', null],
  ])('%s is read and written alike, with a port or without', (text, ip, port) => {
    const parsed = parseAddress(text, 'UDP');
    expect(parsed).toEqual({ transport: 'UDP', ip, port });
    expect(parsed && formatAddress(parsed)).toBe(text);
  });

  test('have one spelling, and nothing else is one', () => {
    expect(parseAddress('2001:DB8:0:0::1')).toEqual(parseAddress('2001:db8::1'));
    for (const text of ['', '(null)', '-none-', 'pbx.example.net', '127.0.0.1:']) expect(parseAddress(text), text).toBeNull();
  });
});

describe('the clock', () => {
  test('reads what Asterisk writes', () => {
    expect(parseEpoch('1795369246.878386')).toBe(1_795_369_246_878_386);
    expect(parseEpoch('')).toBeNull();
    expect(parseEventTv('2026-11-22T20:07:57.890+0100')).toBe(parseIso('2026-11-22T19:07:57.890Z'));
    expect(parseEventTv('2026-11-22T20:07:57')).toBeNull();
  });

  test('adds the difference, half the way of a Ping counted', () => {
    let own = fromSeconds(100);
    const clock = new PbxClock(() => own);
    clock.calibrate(fromSeconds(99), fromSeconds(101), fromSeconds(5_000));
    expect(clock.read()).toBe(fromSeconds(5_000));
    own += 7;
    expect(clock.stamp(() => '')).toBe(fromSeconds(5_000) + 7);
  });

  test('never goes back behind an event, but does when the PBX was set back', () => {
    const clock = new PbxClock(() => fromSeconds(100));
    clock.calibrate(fromSeconds(100), fromSeconds(100), fromSeconds(100));
    const stamp = (seconds: number): number => clock.stamp((name) => (name === 'Timestamp' ? `${seconds}.000000` : ''));
    stamp(103);
    expect(clock.read()).toBe(fromSeconds(103));
    stamp(999);
    expect(clock.read()).toBe(fromSeconds(103));
    clock.calibrate(fromSeconds(100), fromSeconds(100), fromSeconds(50));
    expect(clock.read()).toBe(fromSeconds(50));
  });
});

describe('Backoff', () => {
  test('grows to thirty seconds with full jitter, and starts over after a login only', () => {
    const top = new Backoff({ random: () => 0.999_999 });
    expect([1, 2, 3, 4, 5, 6, 7].map(() => top.afterLoss())).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    top.loggedIn();
    expect(top.afterLoss()).toBe(1_000);
    const half = new Backoff({ random: () => 0.5 });
    expect([half.afterLoss(), half.afterLoss()]).toEqual([500, 1_000]);
    expect(new Backoff({ random: () => 0 }).afterLoss()).toBe(100);
  });

  test('waits minutes after a refusal', () => {
    const backoff = new Backoff();
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.afterRefusal() / 60_000)).toEqual([1, 2, 3, 4, 5, 5]);
    expect(backoff.attempts).toBe(6);
  });
});

describe('readZone', () => {
  const rome = (changeAt: number) => (at: number) => Promise.resolve(at < changeAt ? 7_200 : 3_600);
  test('finds a change to the second', async () => {
    const change = 1_792_890_000;
    for (const daysOff of [-7.3, -4, -0.001, 0, 3.9, 7.99]) {
      const now = change - daysOff * 86_400;
      const zone = await readZone(rome(change), now);
      expect(zone?.spans, `${daysOff} days`).toEqual([
        { from: fromSeconds(Math.floor(now) - 8 * 86_400), offsetSeconds: 7_200 },
        { from: fromSeconds(change), offsetSeconds: 3_600 },
      ]);
    }
  });

  test('needs one span without a change, and has none without an answer', async () => {
    expect((await readZone(rome(0), 1_795_000_000))?.spans).toEqual([{ from: fromSeconds(1_795_000_000 - 8 * 86_400), offsetSeconds: 3_600 }]);
    expect(await readZone(() => Promise.resolve(null), 1_795_000_000)).toBeNull();
  });

  test.each([['+0530', 19_800], ['-0330', -12_600], ['-0000', 0], ['CET', null], ['', null]])('offset %s', (text, seconds) => {
    expect(parseOffset(text)).toBe(seconds);
  });
});

describe('listed contacts', () => {
  const contact = 'Uri: sip:909@127.0.0.1:5062\nEndpoint: 909\nUserAgent: snom320/8.4.18\nCallId: c1\nStatus: Reachable\nExpirationTime: 1795370000';
  test('of PJSIP', () => {
    expect(parseContactList(headers(contact))).toEqual({
      channelType: 'PJSIP', endpoint: '909', uri: 'sip:909@127.0.0.1:5062', callId: 'c1', userAgent: 'snom320/8.4.18',
      expiresAt: fromSeconds(1_795_370_000), status: 'Reachable', remote: null, description: null,
    });
  });

  test('leave out one that never expires', () => {
    expect(parseContactList(headers(contact.replace(/\d+$/, '0')))).toBeNull();
    expect(parseContactList(headers(contact.replace(/\d+$/, '')))).toBeNull();
  });

  test('of chan_sip', () => {
    const peer = 'ObjectName: 804\nDynamic: Y\nCallerid: "" <>\nDescription: Desk\nRegExpire: 301 seconds\nAddress-IP: 127.57.41.37\nAddress-Port: 52850\nStatus: OK (1 ms)\nSIP-Useragent: snom320/8.4.18\nReg-Contact: sip:804@127.57.41.37:52850;transport=tcp';
    expect(parseSipPeer(headers(peer), fromSeconds(1_000))).toEqual({
      channelType: 'SIP', endpoint: '804', uri: '804', callId: null, userAgent: 'snom320/8.4.18', expiresAt: fromSeconds(1_301),
      status: 'Reachable', remote: { transport: 'TCP', ip: '127.57.41.37', port: 52_850 }, description: 'Desk',
    });
    expect(parseSipPeer(headers(peer.replace('Dynamic: Y', 'Dynamic: N')), 0)).toBeNull();
    expect(parseSipPeer(headers(peer.replace('127.57.41.37\n', '(null)\n')), 0)).toBeNull();
  });

  // As Asterisk 16.28 and 22.10 sent them.
  test('of chan_iax2', () => {
    const peer = 'Channeltype: IAX\nObjectName: branch\nObjectUsername: branch-user\nChanObjectType: peer\nIPaddress: 127.9.9.9\nMask: (null)\nPort: 34999\nDynamic: yes\nTrunk: no\nEncryption: no\nStatus: OK (3 ms)';
    expect(parseIaxPeer(headers(peer))).toEqual({
      channelType: 'IAX2', endpoint: 'branch', uri: 'branch', callId: null, userAgent: null, expiresAt: null,
      status: 'Reachable', remote: { transport: null, ip: '127.9.9.9', port: 34_999 }, description: null,
    });
    expect(parseIaxPeer(headers(peer.replace('127.9.9.9', '(null)').replace('34999', '(null)')))).toBeNull();
    expect(parseIaxPeer(headers(peer.replace('Dynamic: yes', 'Dynamic: no')))).toBeNull();
  });
});
