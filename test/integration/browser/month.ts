import type { Knex } from 'knex';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import type { SipSession } from '../../../src/logs/sip-session/columns.js';
import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { seeded } from '../../support/random.js';
import { at, cdr, insertAccount, insertCdrs, insertSipSessions, sipSession } from '../web/samples.js';

/** When the month ends. The clocks of Rome went back five days before. */
export const MONTH_END: Micros = at('2026-10-30T09:20:31Z');
const HOUR = 3_600 * MICROS_PER_SECOND;
const MINUTE = 60 * MICROS_PER_SECOND;
const PHONES = 42;

/** How much is called in each hour of a working day in Rome. */
const DAY = [1, 0, 0, 0, 1, 2, 6, 18, 46, 71, 78, 69, 44, 38, 62, 74, 66, 48, 22, 11, 7, 5, 3, 2];

type Random = () => number;

/** A month of a middling PBX: calls, phones that come and go, trunks, scanners, gaps, jobs and dead letters. */
export async function insertMonth(knex: Knex): Promise<void> {
  const random = seeded(20_261_030);
  await insertCdrs(knex, calls(random));
  await insertSipSessions(knex, [...trunkRows(), ...scans(random)]);
  await phones(knex, random);
  await gaps(knex);
  await knex('job_run').insert({ job: 'reconcile', started_at: MONTH_END - 31 * MICROS_PER_SECOND, finished_at: MONTH_END - 30.9 * MICROS_PER_SECOND, result: 'looked at 14, bound 12, ambiguous 1, unknown 1' });
  await knex('dead_letter').insert({ event_key: 'dead', at: MONTH_END - 3 * HOUR, pbx: 'pbx-milan', stage: 'event', name: 'Cdr', reason: 'StartTime is no time', content: '{}', tries: 1, tried_at: MONTH_END - HOUR });
}

function calls(random: Random): Omit<Cdr, 'id'>[] {
  const rows: Omit<Cdr, 'id'>[] = [];
  for (let hour = 30 * 24; hour >= 0; hour -= 1) {
    const begin = MONTH_END - (MONTH_END % HOUR) - hour * HOUR;
    const local = new Date(begin / 1_000 + 3_600_000);
    const weekend = local.getUTCDay() % 6 === 0;
    const many = Math.round((DAY[local.getUTCHours()] ?? 0) * (weekend ? 0.12 : 1) * (0.75 + random() / 2));
    for (let i = 0; i < many; i += 1) {
      const callDate = begin + Math.floor(random() * HOUR);
      if (callDate >= MONTH_END) continue;
      const dice = random();
      // The provider had a bad hour.
      const bad = hour === 47;
      const disposition = bad && dice < 0.6 ? 'FAILED' : dice < 0.71 ? 'ANSWERED' : dice < 0.89 ? 'NO_ANSWER' : dice < 0.96 ? 'BUSY' : 'FAILED';
      const billsec = disposition === 'ANSWERED' ? Math.round(-Math.log(1 - random()) * 165) : 0;
      rows.push(cdr({ callDate, disposition, billsec, duration: billsec + Math.round(random() * 25), src: `9${String(i % PHONES).padStart(2, '0')}`, dst: '+390245678901' }));
    }
  }
  return rows;
}

const registration = (timestamp: Micros, i: number, changes: Partial<SipSession> = {}): Omit<SipSession, 'id'> =>
  sipSession({ timestamp, peername: phoneOf(i), account: `Phone ${i}`, remoteAddress: `203.0.113.${i}:5060`, ...changes });

const phoneOf = (i: number): string => `9${String(i).padStart(2, '0')}`;

/** Most are always there; some go home at night; one comes and goes all the time; all were gone when the router was. */
async function phones(knex: Knex, random: Random): Promise<void> {
  const rows: Omit<SipSession, 'id'>[] = [];
  const cut = MONTH_END - 20 * HOUR;
  for (let i = 0; i < PHONES; i += 1) {
    const goesHome = i % 3 === 0 && i > 3;
    const flaps = i === 2;
    const away = i === 3;
    let since = MONTH_END - 40 * 24 * HOUR;
    rows.push(registration(since, i));
    const gone = (from: Micros, to: Micros, details: string): void => {
      rows.push(registration(from, i, { event: 'UNREGISTER', source: 'SERVER', details }), registration(to, i));
      since = to;
    };
    for (let day = 8; day >= 0; day -= 1) {
      const evening = at('2026-10-30T17:30:00Z') - day * 24 * HOUR;
      if (goesHome && evening + 14 * HOUR < MONTH_END) gone(evening + Math.floor(random() * HOUR), evening + 13 * HOUR + Math.floor(random() * HOUR * 1.5), '200 OK');
      if (flaps && day > 0 && day < 3) for (let k = 0; k < 30; k += 1) gone(evening - k * 13 * MINUTE, evening - k * 13 * MINUTE + 2 * MINUTE, 'TRANSPORT_CLOSED');
    }
    if (i % 4 === 1) gone(cut, cut + 6 * MINUTE + i * MICROS_PER_SECOND, 'EXPIRED');
    if (away) rows.push(registration(MONTH_END - 30 * HOUR, i, { event: 'UNREGISTER', source: 'SERVER', details: 'EXPIRED' }));
    await insertAccount(knex, { username: phoneOf(i), description: `Phone ${i}`, ...(away ? { contacts: [] } : {}) });
    await knex('registered_account').where({ username: phoneOf(i) }).update({ since: away ? MONTH_END - 30 * HOUR : since });
  }
  await insertSipSessions(knex, rows);
}

function trunkRows(): Omit<SipSession, 'id'>[] {
  const trunk = (timestamp: Micros, account: string, peername: string, changes: Partial<SipSession> = {}): Omit<SipSession, 'id'> =>
    sipSession({ timestamp, source: 'SERVER', account, peername, userAgent: null, remoteAddress: null, transport: null, ...changes });
  return Array.from({ length: 30 * 24 }, (_, hour) => MONTH_END - hour * HOUR - 7 * MINUTE).flatMap((when, hour) => [
    trunk(when, 'sip.fastline.example:5060', '390245678900'),
    trunk(when + 1, 'sip2.fastline.example:5060', '390245678900', hour < 3 ? { details: 'REJECTED 403 Forbidden' } : {}),
    ...(hour > 80 ? [trunk(when + 2, 'gw.oldtel.example', 'milan', hour < 90 ? { event: 'UNREGISTER', details: 'UNREGISTERED' } : {})] : []),
  ]);
}

function scans(random: Random): Omit<SipSession, 'id'>[] {
  const scanner = (address: string, port: () => number, tries: number, name: (i: number) => string, details: string, from: Micros): Omit<SipSession, 'id'>[] =>
    Array.from({ length: tries }, (_, i) =>
      sipSession({ timestamp: from + i * 4_713_000, peername: name(i), account: null, details, remoteAddress: `${address}:${port()}`, userAgent: null, binding: 'unknown', reconciled: false }),
    );
  const anyPort = (): number => 1_024 + Math.floor(random() * 60_000);
  return [
    ...scanner('198.51.100.66', () => 5_077, 2_800, (i) => String(100 + (i % 900)), 'INVALID_ACCOUNT_ID', MONTH_END - 9 * HOUR),
    ...scanner('192.0.2.14', anyPort, 940, (i) => (i % 3 === 0 ? 'admin' : i % 3 === 1 ? '1000' : '907'), 'CHALLENGE_RESPONSE_FAILED', MONTH_END - 20 * HOUR),
    ...scanner('[2001:db8:0:12::5]', () => 5_060, 37, () => 'test', 'INVALID_ACCOUNT_ID', MONTH_END - 5 * HOUR),
    ...scanner('203.0.113.8', () => 5_060, 4, () => '908', 'CHALLENGE_RESPONSE_FAILED', MONTH_END - 2 * HOUR),
    ...Array.from({ length: 14 }, (_, k) => scanner(`198.51.100.${100 + k}`, anyPort, 2 + k, (i) => `sip${i}`, 'INVALID_ACCOUNT_ID', MONTH_END - (4 + k * 9) * HOUR)).flat(),
  ];
}

async function gaps(knex: Knex): Promise<void> {
  const edges: readonly (readonly [begin: Micros, end: Micros, reason: string, recovery: string, calls: number, note: string])[] = [
    [MONTH_END - 5 * 24 * HOUR, MONTH_END - 5 * 24 * HOUR + 3 * HOUR, 'Logbook was killed or its machine went down', 'done', 41, '41 calls of Master.csv'],
    [MONTH_END - 13 * HOUR, MONTH_END - 13 * HOUR + 85 * MINUTE, 'the PBX did not answer a Ping within 10 s', 'done', 9, '9 calls of Master.csv'],
    [MONTH_END - 100 * MINUTE, MONTH_END - 88 * MINUTE, 'Connection refused', 'failed', 0, 'Master.csv cannot be read: EACCES'],
  ];
  let begin = MONTH_END - 30 * 24 * HOUR;
  for (const [from, to, reason, recovery, recovered, note] of edges) {
    await knex('listening').insert({ listener: 'one', pbx: 'pbx-milan', from_at: begin, until_at: from, reason });
    await knex('capture_gap').insert({ event_key: `gap ${from}`, kind: 'GAP', pbx: 'pbx-milan', from_at: from, to_at: to, reason, lost: 0, recovery, recovered_calls: recovered, recovery_note: note, recovered_at: to, recovery_due: 0, recovery_tries: 1 });
    begin = to;
  }
  await knex('listening').insert({ listener: 'one', pbx: 'pbx-milan', from_at: begin, until_at: MONTH_END - 4 * MICROS_PER_SECOND, reason: '' });
}
