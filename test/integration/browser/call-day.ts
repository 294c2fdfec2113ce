import type { Knex } from 'knex';
import type { SipSession } from '../../../src/logs/sip-session/columns.js';
import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { BEGIN, recorded, type Recorded } from '../../unit/logs/recorded-calls.js';
import { cdr, contact, gap, HOSTILE, insertAccount, insertCdrs, insertGaps, insertSipSessions, sipSession } from '../web/samples.js';

const MINUTE = 60 * MICROS_PER_SECOND;
const HOUR = 60 * MINUTE;

/** When the morning ends. */
export const NOW: Micros = BEGIN + 6 * HOUR;
/** When the call began that failed because 904 was gone. */
export const FAILED_AT: Micros = BEGIN + 5 * HOUR;

const CALLS: readonly Recorded[] = ['queue without Answer', 'blind transfer', 'queue, nobody', 'queue of Local channels', 'announcement', 'voicemail', 'second choice', 'attended transfer', 'pickup', 'ForkCDR'];

/** A morning of calls of many legs, and what the phones 904, 908 and 909 did around them. */
export async function insertCallDay(knex: Knex): Promise<void> {
  await insertCdrs(knex, [
    // With ids of their own, beyond those of rows that a test has already.
    ...CALLS.flatMap((name, index) => recorded(name, BEGIN + index * 20 * MINUTE, 10_000 + index * 100)),
    cdr({
      callDate: FAILED_AT, answerDate: null, endDate: FAILED_AT + 212_000, src: '909', dst: '904', callerId: '"Sara" <909>', duration: 0, billsec: 0, disposition: 'FAILED', asteriskDisposition: 'CONGESTION',
      channel: 'PJSIP/909-000000a1', dstchannel: '', lastapp: 'Dial', lastdata: 'PJSIP/904,30', uniqueid: `${FAILED_AT / MICROS_PER_SECOND}.201`, linkedid: `${FAILED_AT / MICROS_PER_SECOND}.201`,
      extra: JSON.stringify({ hangupcause: '20', hangupsource: 'dialplan/builtin' }),
    }),
    cdr({ callDate: FAILED_AT + 3 * MINUTE, answerDate: FAILED_AT + 3 * MINUTE + 5 * MICROS_PER_SECOND, endDate: FAILED_AT + 3 * MINUTE + 85 * MICROS_PER_SECOND, src: HOSTILE.slice(0, 80), dst: '909', callerId: HOSTILE, channel: 'PJSIP/provider-000000b1', dstchannel: 'PJSIP/909-000000b2', linkedid: '', uniqueid: '' }),
  ]);
  await insertSipSessions(knex, [...phone('904', 'Marco Bianchi'), ...phone('908', 'محمد العلي'), ...phone('909', 'Sara'), ...around(), ...attack()]);
  await insertGaps(knex, [
    gap({ from: FAILED_AT - 18 * 1_000_000, to: FAILED_AT - 11 * 1_000_000, reason: 'the PBX did not answer a Ping within 5000 ms', recovery: 'done', recoveredCalls: 0 }),
    gap({ from: NOW - 40 * HOUR, to: NOW - 37 * HOUR, reason: 'Logbook was killed or its machine went down', recovery: 'done', recoveredCalls: 12 }),
    gap({ from: NOW - 9 * HOUR, to: NOW - 8.2 * HOUR, reason: 'the PBX closed the connection', recovery: 'done', recoveredCalls: 0 }),
  ]);
  await insertAccount(knex, { username: '904', description: 'Marco Bianchi', contacts: [], ipAddress: null });
  await insertAccount(knex, { username: '908', description: 'محمد العلي', contacts: [contact({ userAgent: 'LinphoneAndroid/5.2.3 (Pixel 8) LinphoneSDK/5.3.28' })] });
  await insertAccount(knex, { username: '909', description: 'Sara', contacts: [contact(), contact({ uri: 'sip:909@192.168.178.44:51312;transport=tls', remoteAddress: null, transport: 'TLS' })] });
  const stand = (username: string, since: Micros): Promise<number> => knex('registered_account').where({ username }).update({ since, updated_at: NOW - MINUTE });
  await stand('904', FAILED_AT - 41 * MICROS_PER_SECOND);
  await stand('908', NOW - 30 * HOUR);
  await stand('909', NOW - 20 * 24 * HOUR);
}

const AGENTS: Readonly<Record<string, readonly string[]>> = {
  904: ['snomD785/10.1.159.12', 'snomD785/10.1.175.16'],
  908: ['LinphoneAndroid/5.2.1 (Pixel 6) LinphoneSDK/5.3.10', 'LinphoneAndroid/5.2.3 (Pixel 8) LinphoneSDK/5.3.28'],
  909: ['snom320/8.4.18', 'snom320/8.4.18'],
};

/** Three weeks of refreshes; 904 comes and goes. */
function phone(peername: string, account: string): Omit<SipSession, 'id'>[] {
  const rows: Omit<SipSession, 'id'>[] = [];
  const row = (timestamp: Micros, changes: Partial<SipSession> = {}): void => {
    const newer = timestamp > NOW - 4 * 24 * HOUR;
    rows.push(sipSession({ timestamp, peername, account, userAgent: AGENTS[peername]?.[newer ? 1 : 0] ?? null, remoteAddress: `203.0.113.${newer ? 37 : 21}:${28_000 + Number(peername)}`, ...changes }));
  };
  for (let at = NOW - 20 * 24 * HOUR; at < FAILED_AT - 2 * MINUTE; at += 50 * MINUTE) row(at + Number(peername) * MICROS_PER_SECOND);
  if (peername === '904') {
    for (let k = 0; k < 9; k += 1) {
      const lost = NOW - (3 + k * 2.3) * HOUR;
      row(lost, { event: 'UNREGISTER', source: 'SERVER', details: k % 3 === 0 ? 'EXPIRED' : 'TRANSPORT_CLOSED' });
      row(lost + (40 + k * 60) * MICROS_PER_SECOND);
    }
    row(FAILED_AT - 41 * MICROS_PER_SECOND, { event: 'UNREGISTER', source: 'SERVER', details: 'TRANSPORT_CLOSED' });
  }
  if (peername === '908') {
    row(NOW - 50 * HOUR, { event: 'UNREGISTER', details: '200 OK' });
    row(NOW - 30 * HOUR);
  }
  return rows.sort((a, b) => a.timestamp - b.timestamp);
}

/** A minute in which much happened. */
function around(): Omit<SipSession, 'id'>[] {
  const loose = { peername: null, account: null, userAgent: null, reconciled: false, transport: 'TLS', remoteAddress: '203.0.113.37:41022' };
  return [
    sipSession({ timestamp: FAILED_AT - 41.2 * MICROS_PER_SECOND, event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: '904', account: 'Marco Bianchi', userAgent: null, transport: 'TLS' }),
    sipSession({ timestamp: FAILED_AT - 30 * MICROS_PER_SECOND, event: 'CONNECT', details: '', ...loose, binding: 'ambiguous', candidates: '904,908' }),
    sipSession({ timestamp: FAILED_AT - 22 * MICROS_PER_SECOND, peername: '904', account: 'Marco Bianchi', details: 'CHALLENGE_RESPONSE_FAILED', userAgent: null, remoteAddress: '203.0.113.37:41022' }),
    sipSession({ timestamp: FAILED_AT + 20 * MICROS_PER_SECOND, peername: '909', account: 'Sara' }),
  ];
}

const attack = (): Omit<SipSession, 'id'>[] =>
  Array.from({ length: 60 }, (_, i) =>
    sipSession({ timestamp: NOW - 5 * HOUR + i * 7 * MICROS_PER_SECOND, peername: '904', account: null, details: i % 4 === 0 ? 'INVALID_PASSWORD' : 'CHALLENGE_RESPONSE_FAILED', userAgent: null, remoteAddress: `198.51.100.${66 + (i % 3)}:${5_060 + i}` }),
  );
