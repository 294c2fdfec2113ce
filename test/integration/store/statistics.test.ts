import type { Knex } from 'knex';
import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database/database.js';
import { cdrs, DISPOSITIONS } from '../../../src/logs/cdr/columns.js';
import { accountPresence } from '../../../src/logs/statistics/account-presence.js';
import { callsByQuarter, callsQuery, QUARTER } from '../../../src/logs/statistics/calls.js';
import { comingsQuery } from '../../../src/logs/statistics/comings.js';
import { countOnLine } from '../../../src/logs/statistics/presence.js';
import { firstReturnQuery, lastRowsQuery, presence } from '../../../src/logs/statistics/presence-store.js';
import { addressesQuery, namesQuery, refused } from '../../../src/logs/statistics/refused.js';
import { union, within, type Span } from '../../../src/logs/statistics/spans.js';
import { ownRowsQuery, trunks, trunksQuery } from '../../../src/logs/statistics/trunks.js';
import { hearing } from '../../../src/logs/statistics/unheard.js';
import type { SipSession } from '../../../src/logs/sip-session/columns.js';
import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/random.js';
import { at, cdr, insertAccount, insertCdrs, insertSipSessions, sipSession } from '../web/samples.js';

const SECOND = MICROS_PER_SECOND;
const HOUR = 3_600 * SECOND;
const FROM = at('2026-10-24T21:00:00Z');
const TO = FROM + 27 * HOUR;
const RANGE: Span = { from: FROM, to: TO };
type Row = Omit<SipSession, 'id'>;
type Random = () => number;

const pick = <T>(random: Random, from: readonly [T, ...T[]]): T => from[Math.floor(random() * from.length)] ?? from[0];
/** An instant in the range or around it, often exactly on an edge. */
const instant = (random: Random): Micros => {
  const when = FROM - 6 * HOUR + Math.floor(random() * (TO - FROM + 12 * HOUR));
  return random() < 0.2 ? when - (when % QUARTER) : random() < 0.05 ? pick(random, [FROM, TO, TO - 1, FROM - 1]) : when;
};

describeEachDatabase('calls by the quarter of an hour', (database) => {
  it('are what counting row by row gives', async () => {
    const random = seeded(1);
    const calls = Array.from({ length: 5_000 }, () => cdr({ callDate: instant(random), disposition: pick(random, [...DISPOSITIONS, 'ANSWERED', 'CANCEL']), billsec: Math.floor(random() * 9_000) }));
    await insertCdrs(database().knex, calls);
    const naive = new Map<string, { calls: number; billsec: number }>();
    for (const { callDate, disposition, billsec } of calls) {
      if (callDate < FROM || callDate >= TO) continue;
      const key = `${callDate - (callDate % QUARTER)} ${disposition === 'CANCEL' ? 'UNKNOWN' : disposition}`;
      const sum = naive.get(key) ?? { calls: 0, billsec: 0 };
      naive.set(key, { calls: sum.calls + 1, billsec: sum.billsec + billsec });
    }
    const counted = new Map<string, { calls: number; billsec: number }>();
    for (const { at: quarter, disposition, calls: many, billsec } of await callsByQuarter(database().knex, RANGE)) {
      const sum = counted.get(`${quarter} ${disposition}`) ?? { calls: 0, billsec: 0 };
      counted.set(`${quarter} ${disposition}`, { calls: sum.calls + many, billsec: sum.billsec + billsec });
    }
    expect(naive.size).toBeGreaterThan(400);
    expect(counted).toEqual(naive);
  });
});

/** One account's time, as a PBX lived it: rows, when it was really on line, and its state at the end. */
function lived(random: Random, pbx: string, username: string): { readonly rows: Row[]; readonly spans: Span[]; readonly since: Micros; readonly online: boolean } {
  const rows: Row[] = [];
  const spans: Span[] = [];
  const row = (timestamp: Micros, changes: Partial<SipSession>): void => void rows.push(sipSession({ timestamp, pbx, peername: username, ...changes }));
  let contacts = 0;
  let since = 0;
  for (let now = FROM - Math.floor(random() * 60) * HOUR; now < TO; now += 1 + Math.floor(random() * random() * 9 * HOUR)) {
    const dice = random();
    if (dice < 0.1) row(now, { details: 'CHALLENGE_RESPONSE_FAILED' });
    else if (dice < 0.15) row(now, { event: pick(random, ['CONNECT', 'DISCONNECT']), details: '' });
    else if (dice < 0.2) row(now, { event: pick(random, ['REGISTER', 'UNREGISTER']), source: 'SERVER', account: 'provider:5060', remoteAddress: null, details: 'UNREGISTERED' });
    else if (contacts === 0 || dice < 0.5) {
      const fresh = contacts === 0 || random() < 0.3;
      row(now, random() < 0.1 ? { details: 'INFERRED', source: 'SERVER' } : {});
      if (contacts === 0) since = now;
      if (fresh) contacts += 1;
    } else if (dice < 0.6) row(now, { event: 'UNREGISTER', source: 'SERVER', details: 'REPLACED' });
    else {
      contacts -= 1;
      const reason = pick(random, ['200 OK', 'EXPIRED', 'TRANSPORT_CLOSED', 'UNREGISTERED', 'INFERRED']);
      row(now, { event: 'UNREGISTER', source: reason === '200 OK' ? 'CLIENT' : 'SERVER', details: contacts === 0 ? reason : `${reason}, ${contacts} contact${contacts === 1 ? '' : 's'} left` });
      if (contacts > 0) continue;
      spans.push({ from: since, to: now });
      since = now;
    }
  }
  if (contacts > 0) spans.push({ from: since, to: TO });
  return { rows, spans, since, online: contacts > 0 };
}

describeEachDatabase('accounts on line', (database) => {
  const truth: Span[] = [];
  const each: { readonly pbx: string; readonly username: string; readonly spans: readonly Span[]; readonly state: { readonly online: boolean; readonly since: Micros } }[] = [];
  let known = 0;
  let onLine = 0;

  beforeAll(async () => {
    const { knex } = database();
    const random = seeded(2);
    for (const pbx of ['milan', 'rome', 'far']) {
      for (let i = 0; i < 60; i += 1) {
        const { rows, spans, since, online } = lived(random, pbx, `9${i}`);
        await insertSipSessions(knex, rows);
        if (since === 0) continue;
        await insertAccount(knex, { pbx, username: `9${i}`, contacts: [], online });
        await knex('registered_account').where({ pbx, username: `9${i}` }).update({ since });
        each.push({ pbx, username: `9${i}`, spans, state: { online, since } });
        if (pbx === 'far') continue;
        truth.push(...spans);
        known += 1;
        onLine += Number(online);
      }
    }
  });

  it('are those that really were, hour by hour, at every instant', async () => {
    const found = await presence(database().knex, ['milan', 'rome'], RANGE);
    expect(found).toMatchObject({ known, onLineNow: onLine, knownFrom: FROM });
    expect(known).toBeGreaterThan(100);
    expect(found.always).toBeGreaterThan(0);
    const hours = Array.from({ length: 27 }, (_, i) => ({ from: FROM + i * HOUR, to: FROM + (i + 1) * HOUR }));
    const counted = countOnLine(hours, found.spans, found.always, []);
    expect(counted).toEqual(countOnLine(hours, truth, 0, []));
    const [{ from, to } = RANGE] = hours;
    const edges = [from, ...truth.flatMap((span) => [span.from, span.to])].filter((edge) => edge >= from && edge < to);
    const naive = edges.map((edge) => truth.filter((span) => span.from <= edge && edge < span.to).length);
    expect(counted[0]).toMatchObject({ fewest: Math.min(...naive), most: Math.max(...naive) });
  });

  it('are, each by itself, on line when they really were', async () => {
    const { knex } = database();
    for (const { spans, ...account } of each) {
      const { onLine: found, losses } = await accountPresence(knex, account, RANGE, []);
      expect(found, account.username).toEqual(union(within(spans, RANGE)));
      const ends = union(spans).map(({ to }) => to).filter((end) => end > FROM && end < TO);
      expect(losses.map(({ at: lost }) => lost), account.username).toEqual(ends);
      expect(losses.every(({ details, heard }) => details !== '' && heard)).toBe(true);
    }
    expect(each.length).toBeGreaterThan(150);
  });
});

describeEachDatabase('trunks', (database) => {
  it('stand as the PBX said last, and since when', async () => {
    const { knex } = database();
    const random = seeded(3);
    const lookBack = FROM;
    const said: { timestamp: Micros; account: string; peername: string; ok: boolean; details: string }[] = [];
    for (let i = 0; i < 30; i += 1) {
      const [account, peername] = [`sip${i % 20}.example:5060`, `user${Math.floor(i / 20)}`];
      let ok = random() < 0.5;
      for (let now = FROM - Math.floor(random() * 20) * HOUR; now < TO; now += 1 + Math.floor(random() * 4 * HOUR)) {
        if (random() < 0.15) ok = !ok;
        const details = ok ? '200 OK' : pick(random, ['REJECTED 403', 'UNREGISTERED', 'TIMEOUT']);
        said.push({ timestamp: now, account, peername, ok, details });
      }
    }
    await insertSipSessions(knex, said.map(({ ok, ...row }) => sipSession({ ...row, event: !ok && row.details === 'UNREGISTERED' ? 'UNREGISTER' : 'REGISTER', source: 'SERVER', remoteAddress: null, pbx: 'milan' })));
    // No trunks: an account that the PBX took off line or was seen to be on it, and a registration that came to it.
    await insertSipSessions(knex, [
      sipSession({ timestamp: FROM + HOUR, source: 'SERVER', event: 'UNREGISTER', details: 'UNREGISTERED', peername: '909', account: 'Sara' }),
      sipSession({ timestamp: FROM + HOUR, source: 'SERVER', details: 'INFERRED', peername: '907', account: 'Zoë' }),
      sipSession({ timestamp: FROM + HOUR, peername: 'user0', account: 'sip0.example:5060' }),
    ]);
    const naive = [...new Set(said.map(({ account, peername }) => `${account} ${peername}`))].flatMap((name) => {
      const own = said.filter(({ account, peername }) => `${account} ${peername}` === name).sort((a, b) => a.timestamp - b.timestamp);
      const last = own.at(-1);
      if (!last || last.timestamp < lookBack) return [];
      const turned = own.findLastIndex(({ ok }) => ok !== last.ok);
      const since = own[turned + 1]?.timestamp ?? NaN;
      const sinceBefore = since < lookBack;
      return [{ pbx: 'milan', provider: last.account, username: last.peername, registered: last.ok, details: last.details, since: sinceBefore ? lookBack : since, sinceBefore, heardAt: last.timestamp }];
    });
    const found = await trunks(knex, lookBack);
    expect(new Set(found)).toEqual(new Set(naive));
    expect(naive.some(({ sinceBefore }) => sinceBefore) && naive.some(({ registered }) => !registered)).toBe(true);
    expect(found.map(({ registered }) => registered)).toEqual(found.map(({ registered }) => registered).sort());
  });
});

describeEachDatabase('refused registrations', (database) => {
  it('are what counting row by row gives', async () => {
    const { knex } = database();
    const random = seeded(4);
    const word = (): string => pick(random, ['INVALID_ACCOUNT_ID', 'CHALLENGE_RESPONSE_FAILED', 'FAILED_ACL', 'INVALID_PASSWORD']);
    const hosts = ['203.0.113.9', '198.51.100.66', '[2001:db8::5]', '192.0.2.1', '192.0.2.10', '[fe80::1]'] as const;
    const rows = Array.from({ length: 4_000 }, (_, i) => {
      const host = hosts[Math.floor(random() * random() * hosts.length)] ?? hosts[0];
      const remoteAddress = i % 97 === 0 ? null : `${host}:${host === '192.0.2.1' ? 5_060 : 1_024 + Math.floor(random() * 60_000)}`;
      return sipSession({ timestamp: instant(random), peername: i % 89 === 0 ? null : pick(random, ['admin', 'Admin', '909', '1000', `x${Math.floor(random() * 300)}`]), details: word(), remoteAddress, binding: 'unknown' });
    });
    await insertSipSessions(knex, [...rows, ...Array.from({ length: 500 }, () => sipSession({ timestamp: instant(random), remoteAddress: '203.0.113.9:5060' }))]);
    await insertAccount(knex, { username: '909' });

    const inside = rows.filter(({ timestamp }) => timestamp >= FROM && timestamp < TO);
    const hostOf = ({ remoteAddress }: Row): string => (remoteAddress ?? '').replace(/:\d+$/, '');
    const nameOf = ({ peername }: Row): string => peername ?? '';
    const found = await refused(knex, RANGE, 5, 6, 3);
    expect(found.attempts).toBe(inside.length);
    expect(found.addressCount).toBe(new Set(inside.map(hostOf)).size);
    expect(found.nameCount).toBe(new Set(inside.map(nameOf)).size);
    expect(found.names).toEqual(top(inside, nameOf, 6).map(([name, attempts]) => ({ name, attempts, exists: name === '909' })));
    expect(found.addresses).toEqual(
      top(inside, hostOf, 5).map(([address, attempts]) => {
        const own = inside.filter((row) => hostOf(row) === address);
        return {
          address,
          attempts,
          firstAt: Math.min(...own.map(({ timestamp }) => timestamp)),
          lastAt: Math.max(...own.map(({ timestamp }) => timestamp)),
          nameCount: new Set(own.map(nameOf)).size,
          names: top(own, nameOf, 3).map(([name, count]) => ({ name, attempts: count, exists: name === '909' })),
        };
      }),
    );
    expect(await refused(knex, { from: TO + 30 * HOUR, to: TO + 31 * HOUR })).toEqual({ attempts: 0, addressCount: 0, addresses: [], nameCount: 0, names: [] });
  });
});

function top(rows: readonly Row[], keyOf: (row: Row) => string, most: number): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, most);
}

describeEachDatabase('what was heard', (database) => {
  const login = (knex: Knex, pbx: string, from: Micros, to: Micros): Knex.QueryBuilder => knex('listening').insert({ listener: 'one', pbx, from_at: from, until_at: to, reason: '' });

  it('leaves holes before the first login, between logins and in gaps, of PBXs that were heard at all', async () => {
    const { knex } = database();
    await insertAccount(knex, { pbx: 'old', username: '1' });
    await insertAccount(knex, { pbx: 'milan', username: '1' });
    expect(await hearing(knex, RANGE)).toEqual({ pbxs: ['milan', 'old'], silent: [], unheard: [] });
    await login(knex, 'milan', FROM + HOUR, FROM + 3 * HOUR);
    await login(knex, 'milan', FROM + 4 * HOUR, TO - 5 * SECOND);
    await login(knex, 'old', FROM - 50 * HOUR, FROM - 40 * HOUR);
    const { pbxs, silent, unheard } = await hearing(knex, RANGE);
    expect({ pbxs, silent }).toEqual({ pbxs: ['milan'], silent: ['old'] });
    expect(unheard).toEqual([{ from: FROM, to: FROM + HOUR }, { from: FROM + 3 * HOUR, to: FROM + 4 * HOUR }]);
    await knex('listening').where('pbx', 'milan').delete();
    const all = await hearing(knex, { from: FROM + 60 * HOUR, to: TO + 60 * HOUR });
    expect(all).toMatchObject({ pbxs: ['milan'], silent: ['old'] });
  });
});

describeEachDatabase('every query of the overview', (database) => {
  /** Most of the tables lies outside of what is asked. */
  const asked: Span = { from: 19_000 * SECOND, to: 20_000 * SECOND };

  beforeAll(async () => {
    const { knex, dialect } = database();
    await insertCdrs(knex, Array.from({ length: 20_000 }, (_, i) => cdr({ callDate: i * SECOND, disposition: DISPOSITIONS[i % 5] ?? 'BUSY' })));
    await insertSipSessions(knex, Array.from({ length: 20_000 }, (_, i) => sipSession({ timestamp: i * SECOND, peername: `p${i % 300}`, event: i % 4 === 0 ? 'UNREGISTER' : 'REGISTER', source: i % 8 === 0 ? 'SERVER' : 'CLIENT', details: i % 3 === 0 ? 'INVALID_ACCOUNT_ID' : '200 OK' })));
    // Nobody analyzes SQLite's tables, so its planner knows nothing of them; MariaDB does so by itself.
    if (dialect === 'mysql') for (const table of [cdrs.table, 'sip_session']) await knex.raw(`analyze table ${table}`);
  });

  it.each([
    ['calls', callsQuery, 'cdr_statistics'],
    ['comings and goings', (knex: Knex, span: Span) => comingsQuery(knex, span), 'sip_session_'],
    ['trunks', (knex: Knex, { from }: Span) => trunksQuery(knex, from), 'sip_session_source'],
    ['addresses', addressesQuery, 'sip_session_details'],
    ['names', namesQuery, 'sip_session_details'],
    ['accounts before', (knex: Knex, { from }: Span) => lastRowsQuery(knex, ['pbx-milan'], { from, at: from, after: 0 }), 'sip_session_peername'],
    ['an account’s return', (knex: Knex, range: Span) => firstReturnQuery(knex, { pbx: 'pbx-milan', username: 'p7' }, range), 'sip_session_peername'],
    ['a trunk', (knex: Knex, { from }: Span) => ownRowsQuery(knex, { pbx: 'pbx-milan', provider: 'p', username: 'p7' }).where('at', '>', from), 'sip_session_peername'],
  ] as const)('%s: is read from an index, as far as the range reaches', async (_, query, index) => {
    const plan = await planOf(database(), query(database().knex, asked));
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN (cdr|sip_session)|NO KEY|\bALL\b|\bindex (cdr|sip)/);
  });

  async function planOf({ knex, dialect }: Database, builder: Knex.QueryBuilder): Promise<string> {
    const { sql, bindings } = builder.toSQL().toNative();
    const answer: unknown = await knex.raw(dialect === 'sqlite' ? `explain query plan ${sql}` : `explain ${sql}`, [...bindings]);
    if (dialect === 'sqlite') return (answer as { detail: string }[]).map(({ detail }) => detail).join('; ');
    const [rows] = answer as [{ type: string; key: string | null; Extra: string }[]];
    return rows.map(({ type, key, Extra }) => `${type} ${key ?? 'NO KEY'} ${Extra}`).join('; ');
  }
});
