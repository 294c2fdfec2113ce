import type { Knex } from 'knex';
import { fromMs, MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { cdr, contact, gap, HOSTILE, insertAccount, insertCdrs, insertGaps, insertLetters, insertSipSessions, sipSession } from '../web/samples.js';

const PEOPLE: readonly (readonly [peername: string, name: string, userAgent: string])[] = [
  ['901', 'Reception', 'Yealink SIP-T46U 108.86.0.45'],
  ['902', 'Giulia Conti', 'Grandstream GXP2170 1.0.11.48'],
  ['904', 'Marco Bianchi', 'snomD785/10.1.159.12'],
  ['907', 'Zoë Ångström', 'Telephone 1.6'],
  ['908', 'محمد العلي', 'LinphoneAndroid/5.2.3 (Pixel 8) LinphoneSDK/5.3.28'],
  ['909', 'Sara', 'snom320/8.4.18'],
];
const CIPHER = 'ECDHE-RSA-AES256-GCM-SHA384';

const person = (i: number): (typeof PEOPLE)[number] => PEOPLE[i % PEOPLE.length] ?? ['', '', ''];

/** A day of a small PBX, with strangers in it; answers the id of the account 909. */
export async function insertDay(knex: Knex): Promise<number> {
  const evening = fromMs(Date.UTC(2026, 4, 10, 16, 30));
  const before = (seconds: number): Micros => evening - Math.round(seconds * MICROS_PER_SECOND);
  await insertSipSessions(knex, [
    ...Array.from({ length: 160 }, (_, i) => {
      const [peername, account, userAgent] = person(i);
      const secure = i % 4 === 0;
      const event = (['REGISTER', 'REGISTER', 'CONNECT', 'UNREGISTER', 'DISCONNECT'] as const)[i % 5] ?? 'REGISTER';
      const loose = event === 'CONNECT' || event === 'DISCONNECT';
      const binding = loose ? ((['bound', 'ambiguous', 'bound', 'pending', 'unknown'] as const)[Math.floor(i / 5) % 5] ?? 'bound') : 'bound';
      return sipSession({
        timestamp: before(i * 97.331),
        event,
        source: event === 'UNREGISTER' && i % 2 === 0 ? 'SERVER' : 'CLIENT',
        details: event === 'DISCONNECT' ? 'NETWORK_ERROR' : event === 'UNREGISTER' && i % 2 === 0 ? 'EXPIRED' : event === 'CONNECT' ? '' : '200 OK',
        peername: binding === 'bound' ? peername : null,
        account: binding === 'bound' ? account : null,
        candidates: binding === 'ambiguous' ? '904,908' : null,
        binding,
        reconciled: binding === 'bound',
        userAgent: loose ? null : userAgent,
        remoteAddress: i % 7 === 0 ? `[2001:db8:0:12::${(i % 9) + 1}]:5060` : `203.0.113.${30 + (i % 9)}:${20_000 + i * 31}`,
        transport: secure ? 'TLS' : 'UDP',
        tlsCipher: secure ? CIPHER : null,
      });
    }),
    sipSession({ timestamp: before(-60), event: 'REGISTER', peername: HOSTILE, account: HOSTILE, details: 'INVALID_ACCOUNT_ID', userAgent: 'friendly-scanner', remoteAddress: '198.51.100.66:5077' }),
  ]);
  await insertCdrs(knex, [
    cdr({ callDate: before(-120), src: HOSTILE.slice(0, 80), dst: '909', callerId: HOSTILE, disposition: 'NO_ANSWER', duration: 21, billsec: 0 }),
    ...Array.from({ length: 130 }, (_, i) => {
      const disposition = (['ANSWERED', 'ANSWERED', 'NO_ANSWER', 'ANSWERED', 'BUSY', 'FAILED'] as const)[i % 6] ?? 'ANSWERED';
      const answered = disposition === 'ANSWERED';
      return cdr({
        callDate: before(i * 331.000217),
        src: i % 5 === 0 ? '+39065551234' : person(i)[0],
        dst: i % 9 === 0 ? '+390245678901' : person(i + 3)[0],
        disposition,
        duration: answered ? 12 + ((i * 317) % 4_000) : i % 25,
      });
    }),
  ]);
  await insertGaps(knex, [
    gap({ from: before(2_640), to: before(2_576), reason: 'the PBX closed the connection', recovery: 'done', recoveredCalls: 5, recoveryNote: '5 calls from Master.csv' }),
    gap({ kind: 'LOSS', from: before(700), to: before(640), reason: 'the spool was full', lost: 3_120 }),
    gap({ from: before(-20), to: before(-26.4), reason: 'the PBX did not answer a Ping within 5000 ms', recovery: 'once', recoveredCalls: 1, recoveryNote: '1 call from table cdr' }),
    gap({ from: before(11_000), to: before(4_000), reason: 'Logbook was killed or its machine went down', recovery: 'failed', recoveryNote: 'CDR_CSV: there is no /var/log/asterisk/cdr-csv/Master.csv; correct the path, or set [csv] in the PBX\'s cdr.conf' }),
    ...Array.from({ length: 9 }, (_, i) => gap({ from: before(13_000 + i * 7), to: before(12_998 + i * 7), reason: 'the PBX closed the connection', recovery: 'done', recoveryNote: 'no call was missing in Master.csv' })),
  ]);
  await insertLetters(knex, [
    { key: '1', at: before(300), pbx: 'pbx-milan', stage: 'event', name: 'UserEvent', reason: 'SipEvent is none of CONNECT, REGISTER, UNREGISTER, DISCONNECT', content: JSON.stringify({ kind: 'event', name: 'UserEvent', at: before(300), headers: [['userevent', 'SipSession'], ['sipevent', 'HELLO'], ['peername', HOSTILE]] }) },
    { key: '2', at: before(900), pbx: 'pbx-milan', stage: 'row', name: 'cdr', reason: 'ER_DATA_TOO_LONG', content: '{"kind":"cdr"}' },
  ]);
  const expires = fromMs(Date.UTC(2026, 4, 10, 17, 12, 24));
  for (const [i, [username, description, userAgent]] of PEOPLE.filter(([peername]) => peername !== '909' && peername !== '907').entries()) {
    await insertAccount(knex, { username, description, userAgent, ipAddress: `203.0.113.${41 + i}`, port: 5_060 + i * 1_117, registrationExpires: expires, contacts: [contact({ userAgent, expiresAt: expires })] });
  }
  const phones = [
    contact({ expiresAt: expires }),
    contact({ uri: 'sip:909@192.168.178.44:51312;transport=tls', remoteAddress: null, transport: 'TLS', userAgent: 'LinphoneAndroid/5.2.3 (Pixel 8) LinphoneSDK/5.3.28', status: 'NonQualified', registeredAt: null }),
  ];
  return insertAccount(knex, { contacts: phones, registrationExpires: expires });
}
