import { beforeAll, expect, it } from 'vitest';
import { listCalls } from '../../../src/logs/cdr/calls.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { LogDefinition } from '../../../src/logs/columns.js';
import { countList, MOST_LISTED } from '../../../src/logs/count.js';
import { parseListQuery, sortNames, type QueryParameters } from '../../../src/logs/list-query.js';
import { listPage } from '../../../src/logs/listing.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { webSessions } from '../../../src/logs/web-session/columns.js';
import { describeEachDatabase } from '../../support/databases.js';
import { at, cdr, insertAccount, insertCdrs, insertSipSessions, sipSession } from '../web/samples.js';

const MINUTE = 60_000_000;

describeEachDatabase('what lists are asked', (database) => {
  beforeAll(async () => {
    const { knex } = database();
    const time = (i: number): number => at('2026-05-10T12:00:00Z') + i * MINUTE;
    const addresses = ['203.0.113.3:5060', '203.0.113.37:28224', '203.0.113.37:28225', '203.0.113.37', '203.0.113.371:1', '[2001:db8::1]:5060', '2001:db8::1', '[2001:db8::12]:5060', null];
    await insertSipSessions(knex, addresses.map((remoteAddress, i) => sipSession({ timestamp: time(i), remoteAddress, peername: `p${i}`, account: null })));
    await insertCdrs(knex, [
      ...Array.from({ length: 40 }, (_, i) => cdr({ callDate: time(Math.floor(i / 3)), duration: i % 4, src: `9${i % 3}`, dst: '+390612345', linkedid: `l${i}`, uniqueid: `l${i}` })),
      cdr({ callDate: time(100), src: '909', dst: '901' }),
      cdr({ callDate: time(101), src: 'Anonymous', dst: '902' }),
    ]);
    await insertAccount(knex, { username: '909', description: 'Zoë Ångström', ipAddress: '203.0.113.37' });
    await insertAccount(knex, { username: '902', description: 'Sara Bianchi', ipAddress: null, contacts: [] });
    await insertAccount(knex, { username: '903', description: 'Rosara', ipAddress: null });
  });

  const page = (log: LogDefinition, parameters: QueryParameters) => listPage(database().knex, log, parseListQuery(log, parameters));
  const found = async (log: LogDefinition, name: string, parameters: QueryParameters): Promise<unknown[]> => (await page(log, { order: 'asc', sort: log.defaultSort, ...parameters })).records.map((record) => record[name]);

  it.each([
    ['203.0.113.37', ['203.0.113.37:28224', '203.0.113.37:28225', '203.0.113.37']],
    ['203.0.113.37:28224', ['203.0.113.37:28224']],
    ['2001:db8::1', ['[2001:db8::1]:5060', '2001:db8::1']],
    // However one writes it.
    ['2001:DB8:0:0::1', ['[2001:db8::1]:5060', '2001:db8::1']],
    ['[2001:db8::1]:5060', ['[2001:db8::1]:5060']],
    ['203.0.113', []],
  ])('an address alone is that of all its ports: %s', async (remoteAddress, expected) => {
    expect(await found(sipSessions, 'remoteAddress', { remoteAddress })).toEqual(expected);
  });

  it.each<[LogDefinition, string, string, unknown[]]>([
    [sipSessions, 'remoteAddress', '203.0.113.3', ['203.0.113.3:5060', '203.0.113.37:28224', '203.0.113.37:28225', '203.0.113.37', '203.0.113.371:1']],
    [sipSessions, 'remoteAddress', '2001:db8::12', ['[2001:db8::12]:5060']],
    [sipSessions, 'peername', 'p3', ['p3']],
    // A name is found by any of its words, without accents and in whichever case, and never from amid a word.
    [cdrs, 'src', 'zoe', ['909']],
    [cdrs, 'src', 'ÅNGSTRÖM', ['909']],
    [cdrs, 'src', 'zoë ang', ['909']],
    [cdrs, 'dst', 'sara', ['902']],
    [cdrs, 'src', 'anonymous', []],
    [cdrs, 'src', 'Anon', ['Anonymous']],
    [cdrs, 'src', '%', []],
    [cdrs, 'src', '90_', []],
    [registeredAccounts, 'username', 'angstrom', ['909']],
    [registeredAccounts, 'username', '203.0.113.37', ['909']],
    [registeredAccounts, 'username', 'sara', []],
  ])('%o by %s: a search for %s', async (log, name, search, expected) => {
    expect(await found(log, name, { search })).toEqual(expected);
  });

  it('a search finds whole calls, too', async () => {
    const { calls } = await listCalls(database().knex, { ...parseListQuery(cdrs, { search: 'sara' }), after: null });
    expect(calls.map(({ to }) => to)).toEqual(['902']);
  });

  it.each([sipSessions, registeredAccounts, cdrs])('the way back through $name is the way forth, in every order', async (log) => {
    for (const sort of sortNames(log.columns)) {
      for (const order of ['asc', 'desc'] as const) {
        const forth: (typeof first)[] = [];
        const first = await page(log, { sort, order, limit: '4' });
        let at: typeof first | null = first;
        while (at) {
          forth.push(at);
          at = at.next === null ? null : await page(log, { sort, order, limit: '4', cursor: at.next });
        }
        expect(forth[0]?.previous).toBeNull();
        for (let i = forth.length - 1; i > 0; i -= 1) {
          const back = await page(log, { sort, order, limit: '4', cursor: forth[i]?.previous ?? '' });
          expect(back.records, `${sort} ${order} ${i}`).toEqual(forth[i - 1]?.records);
          expect([back.next, back.previous]).toEqual([forth[i - 1]?.next, forth[i - 1]?.previous]);
          expect(back.above).toEqual(forth[i - 1]?.above);
        }
      }
    }
  });

  it('are counted one by one as far as anybody counts', async () => {
    const { knex } = database();
    const count = (parameters: QueryParameters) => countList(knex, webSessions, parseListQuery(webSessions, parameters));
    const rows = Array.from({ length: MOST_LISTED + 1 }, (_, i) => ({ event_key: `w${i}`, at: i + 1, event_type: i % 2 ? 'SUCCESS' : 'LOCKED_OUT', principal: 'p', ip_address: '', service: 'AMI', pbx: '' }));
    for (let start = 0; start < MOST_LISTED; start += 500) await knex('web_session').insert(rows.slice(start, start + 500));
    expect(await count({})).toEqual({ kind: 'exact', rows: MOST_LISTED });
    await knex('web_session').insert(rows.slice(-1));
    expect(await count({})).toEqual({ kind: 'more than', rows: MOST_LISTED });
    const { next } = await page(webSessions, { eventType: 'SUCCESS' });
    // Of the whole list, on whichever page.
    expect(await count({ eventType: 'SUCCESS', cursor: next ?? '' })).toEqual({ kind: 'exact', rows: MOST_LISTED / 2 });
  });
});
