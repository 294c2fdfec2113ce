import type { Knex } from 'knex';
import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database/database.js';
import { accountRowsQuery, ambiguousRowsQuery, eventsAround, lastStanding, lastStandingQuery, MOST_EVENTS } from '../../../src/logs/sip-session/around.js';
import { MOST_ROWS, refusedAddressesQuery, refusedReasonsQuery, refusedSignIns, whereabouts, whereaboutsQuery } from '../../../src/logs/statistics/account-history.js';
import { accountEndsQuery, accountPresence, presenceFigures } from '../../../src/logs/statistics/account-presence.js';
import type { Span } from '../../../src/logs/statistics/spans.js';
import { unheardOf } from '../../../src/logs/statistics/unheard.js';
import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { at, gap, insertGaps, insertSipSessions, sipSession } from '../web/samples.js';

const PBX = 'pbx-milan';
const SECOND = MICROS_PER_SECOND;
const MINUTE = 60 * SECOND;
const NOW = at('2026-10-30T12:00:00Z');
const before = (micros: Micros): Micros => NOW - micros;
const off = { event: 'UNREGISTER', source: 'SERVER', details: 'EXPIRED' } as const;

describeEachDatabase('what an account did around a call', (database) => {
  const span: Span = { from: before(10 * MINUTE), to: NOW };

  it('is what it did, and what it may have done, and says how it stood', async () => {
    const { knex } = database();
    await insertSipSessions(knex, [
      sipSession({ timestamp: before(11 * MINUTE), peername: '904' }),
      sipSession({ timestamp: before(10 * MINUTE), ...off, peername: '904' }),
      sipSession({ timestamp: before(9 * MINUTE), ...off, peername: '904', details: 'EXPIRED, 1 contact left' }),
      sipSession({ timestamp: before(8 * MINUTE), event: 'CONNECT', peername: null, binding: 'ambiguous', candidates: '9040, 904' }),
      sipSession({ timestamp: before(8 * MINUTE), event: 'CONNECT', peername: null, binding: 'ambiguous', candidates: '9040,908' }),
      sipSession({ timestamp: before(7 * MINUTE), peername: '904', details: 'CHALLENGE_RESPONSE_FAILED' }),
      sipSession({ timestamp: before(6 * MINUTE), peername: '904', pbx: 'pbx-rome' }),
      sipSession({ timestamp: before(5 * MINUTE), peername: '904', source: 'SERVER', account: 'provider:5060', remoteAddress: null, details: 'REJECTED 403' }),
      sipSession({ timestamp: NOW, peername: '904' }),
    ]);
    const { events, complete } = await eventsAround(knex, PBX, ['904', '909'], span);
    expect(complete).toBe(true);
    expect(events.map(({ row, standing }) => [(NOW - row.timestamp) / MINUTE, standing])).toEqual([[10, 'off'], [9, 'on'], [8, null], [7, null], [5, null]]);
    expect(await lastStanding(knex, PBX, '904', before(9 * MINUTE), before(100 * MINUTE))).toMatchObject({ standing: 'off', row: { timestamp: before(10 * MINUTE) } });
    expect(await lastStanding(knex, PBX, '904', before(10 * MINUTE), before(10.5 * MINUTE))).toBeNull();
    expect(await eventsAround(knex, PBX, [], span)).toEqual({ events: [], complete: true });
  });

  it('says when there is more than is read', async () => {
    const { knex } = database();
    await insertSipSessions(knex, Array.from({ length: MOST_EVENTS + 1 }, (_, i) => sipSession({ timestamp: before(MINUTE) + i, peername: '777' })));
    const { events, complete } = await eventsAround(knex, PBX, ['777'], span);
    expect([events.length, complete]).toEqual([MOST_EVENTS, false]);
  });
});

describeEachDatabase('the history of an account', (database) => {
  it('has phones and addresses without ports, latest first, and nobody who was refused', async () => {
    const { knex } = database();
    const seen = (minutes: number, remoteAddress: string | null, userAgent: string | null, changes = {}) => sipSession({ timestamp: before(minutes * MINUTE), peername: '905', remoteAddress, userAgent, ...changes });
    await insertSipSessions(knex, [
      seen(50, '203.0.113.9:5060', 'old'),
      seen(40, '203.0.113.9:40001', 'new'),
      seen(30, '[2001:db8::5]:5060', 'new'),
      seen(20, '203.0.113.9', 'old'),
      seen(10, null, null),
      seen(5, '198.51.100.66:5060', null, { details: 'INVALID_PASSWORD' }),
      seen(4, '198.51.100.66:5061', null, { details: 'INVALID_PASSWORD' }),
      seen(3, '198.51.100.66:5061', null, { details: 'CHALLENGE_RESPONSE_FAILED' }),
      seen(2, '198.51.100.7:5061', null, { details: 'FAILED_ACL' }),
      seen(1, '192.0.2.1:1', null, { pbx: 'pbx-rome', details: 'FAILED_ACL' }),
    ]);
    expect(await whereabouts(knex, PBX, '905')).toEqual({
      userAgents: [
        { value: 'old', firstAt: before(50 * MINUTE), lastAt: before(20 * MINUTE), events: 2 },
        { value: 'new', firstAt: before(40 * MINUTE), lastAt: before(30 * MINUTE), events: 2 },
      ],
      addresses: [
        { value: '203.0.113.9', firstAt: before(50 * MINUTE), lastAt: before(20 * MINUTE), events: 3 },
        { value: '[2001:db8::5]', firstAt: before(30 * MINUTE), lastAt: before(30 * MINUTE), events: 1 },
      ],
      since: null,
    });
    const range = { from: before(5.5 * MINUTE), to: NOW };
    const [most, other] = [
      { address: '198.51.100.66', attempts: 3, firstAt: before(5 * MINUTE), lastAt: before(3 * MINUTE), reasons: ['INVALID_PASSWORD', 'CHALLENGE_RESPONSE_FAILED'] },
      { address: '198.51.100.7', attempts: 1, firstAt: before(2 * MINUTE), lastAt: before(2 * MINUTE), reasons: ['FAILED_ACL'] },
    ];
    expect(await refusedSignIns(knex, PBX, '905', range)).toEqual({ attempts: 4, addressCount: 2, addresses: [most, other] });
    // What is not listed is counted.
    expect(await refusedSignIns(knex, PBX, '905', range, 1)).toEqual({ attempts: 4, addressCount: 2, addresses: [most] });
    expect(await refusedSignIns(knex, PBX, '404', range)).toEqual({ attempts: 0, addressCount: 0, addresses: [] });
  });

  it('looks through so many rows, and says since when', async () => {
    const { knex } = database();
    await insertSipSessions(knex, Array.from({ length: MOST_ROWS + 5 }, (_, i) => sipSession({ timestamp: before(i * SECOND), peername: '906', userAgent: i < MOST_ROWS ? 'new' : 'old' })));
    expect(await whereabouts(knex, PBX, '906')).toMatchObject({ since: before((MOST_ROWS - 1) * SECOND), userAgents: [{ value: 'new', events: MOST_ROWS }] });
  });

  it('counts as flaps what was back soon, while the PBX was heard', async () => {
    const { knex } = database();
    const HOUR = 60 * MINUTE;
    const range: Span = { from: before(24 * HOUR), to: NOW };
    const lost = (at: Micros, away: Micros): Parameters<typeof sipSession>[0][] => [{ timestamp: at, ...off }, { timestamp: at + away }];
    await insertSipSessions(
      knex,
      [...lost(before(20 * HOUR), 300 * SECOND), ...lost(before(15 * HOUR), 301 * SECOND), ...lost(before(10 * HOUR), 20 * SECOND), ...lost(before(5 * HOUR), 40 * SECOND), { timestamp: before(HOUR), ...off }].map((row) => sipSession({ peername: '910', ...row })),
    );
    await insertSipSessions(knex, [sipSession({ timestamp: before(30 * HOUR), peername: '910' })]);
    await insertGaps(knex, [gap({ from: before(10 * HOUR) + 5 * SECOND, to: before(10 * HOUR) + 10 * SECOND }), gap({ from: before(8 * HOUR), to: before(6 * HOUR), pbx: 'pbx-rome' })]);
    const unheard = await unheardOf(knex, PBX, range);
    expect(unheard).toEqual([{ from: before(10 * HOUR) + 5 * SECOND, to: before(10 * HOUR) + 10 * SECOND }]);
    const state = { online: false, since: before(HOUR) };
    const presence = await accountPresence(knex, { pbx: PBX, username: '910', state }, range, unheard);
    expect(presence.losses.map(({ back, heard }) => [back !== null, heard])).toEqual([[true, true], [true, true], [true, false], [true, true], [false, true]]);
    expect(presenceFigures(presence, range)).toMatchObject({ lost: 5, flaps: 2 });
    expect(presenceFigures(presence, { from: before(6 * HOUR), to: NOW })).toMatchObject({ lost: 2, flaps: 1 });
    expect(presenceFigures(presence, { from: before(HOUR / 2), to: NOW }).onLine).toBe(0);
    // Of one whose state nobody keeps it is not known how long it stayed.
    await insertSipSessions(knex, [sipSession({ timestamp: before(2 * HOUR), peername: '911' })]);
    expect(await accountPresence(knex, { pbx: PBX, username: '911', state: null }, range, [])).toEqual({ onLine: [], unknown: [{ from: before(2 * HOUR), to: NOW }], losses: [] });
    // Where nobody listened at all, nothing is known.
    const all = await accountPresence(knex, { pbx: PBX, username: '910', state }, range, [range]);
    expect(presenceFigures(all, range)).toMatchObject({ flaps: 0, onLine: null });
  });
});

describeEachDatabase('whether a PBX was heard', (database) => {
  it('is known of a moment ago, too, although the login that stands was last told of before that', async () => {
    const { knex } = database();
    await knex('listening').insert({ listener: 'one', pbx: PBX, from_at: before(60 * MINUTE), until_at: before(9 * SECOND), reason: '' });
    expect(await unheardOf(knex, PBX, { from: before(2 * SECOND), to: NOW })).toEqual([]);
    expect(await unheardOf(knex, PBX, { from: before(2 * SECOND) + 10 * MINUTE, to: NOW + 10 * MINUTE })).toHaveLength(1);
    expect(await unheardOf(knex, 'pbx-rome', { from: before(2 * SECOND), to: NOW })).toEqual([]);
  });
});

describeEachDatabase('every query of an account’s and of a call’s page', (database) => {
  const asked: Span = { from: 19_000 * SECOND, to: 20_000 * SECOND };
  const account = { pbx: PBX, username: 'p7', state: null };

  beforeAll(async () => {
    const { knex, dialect } = database();
    await insertSipSessions(
      knex,
      Array.from({ length: 20_000 }, (_, i) =>
        sipSession({ timestamp: i * SECOND, peername: `p${i % 300}`, event: i % 4 === 0 ? 'UNREGISTER' : 'REGISTER', source: i % 8 === 0 ? 'SERVER' : 'CLIENT', details: i % 3 === 0 ? 'INVALID_PASSWORD' : '200 OK', binding: i % 50 === 0 ? 'ambiguous' : 'bound' }),
      ),
    );
    if (dialect === 'mysql') await knex.raw('analyze table sip_session');
  });

  it.each([
    ['events', (knex: Knex) => accountRowsQuery(knex, PBX, 'p7', asked), 'sip_session_peername'],
    ['ambiguous events', (knex: Knex) => ambiguousRowsQuery(knex, PBX, asked), 'sip_session_binding'],
    ['the last that told', (knex: Knex) => lastStandingQuery(knex, PBX, 'p7', asked.to, 0), 'sip_session_peername'],
    ['ends', (knex: Knex) => accountEndsQuery(knex, account, asked), 'sip_session_peername'],
    ['phones and addresses', (knex: Knex) => whereaboutsQuery(knex, PBX, 'p7'), 'sip_session_peername'],
    ['refused', (knex: Knex) => refusedAddressesQuery(knex, PBX, 'p7', asked, 500), 'sip_session_peername'],
    ['why refused', (knex: Knex) => refusedReasonsQuery(knex, PBX, 'p7', asked, ['198.51.100.7']), 'sip_session_peername'],
  ] as const)('%s: is read from an index, as far as the range reaches', async (_, query, index) => {
    const plan = await planOf(database(), query(database().knex));
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN sip_session|NO KEY sip|\bindex sip/);
  });

  async function planOf({ knex, dialect }: Database, builder: Knex.QueryBuilder): Promise<string> {
    const { sql, bindings } = builder.toSQL().toNative();
    const answer: unknown = await knex.raw(dialect === 'sqlite' ? `explain query plan ${sql}` : `explain ${sql}`, [...bindings]);
    if (dialect === 'sqlite') return (answer as { detail: string }[]).map(({ detail }) => detail).join('; ');
    const [rows] = answer as [{ table: string; type: string; key: string | null; Extra: string }[]];
    return rows.map(({ table, type, key, Extra }) => `${type} ${key ?? `NO KEY ${table.startsWith('<') ? 'derived' : 'sip'}`} ${Extra}`).join('; ');
  }
});
