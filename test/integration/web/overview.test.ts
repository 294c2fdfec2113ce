import { afterAll, beforeAll, expect, it } from 'vitest';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { overviewSchema, type OverviewJson } from '../../../src/web/overview-json.js';
import { basic, PASSWORD, READY, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { at, cdr, HOSTILE, insertAccount, insertCdrs, insertSipSessions, sipSession } from './samples.js';

/** Noon in Rome, on the day on which its clocks went back. */
const NOW = at('2026-10-25T11:30:00Z');
const SECOND = MICROS_PER_SECOND;
const HOUR = 3_600 * SECOND;

onEachDatabase('the overview', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { clock: () => NOW });
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const page = (path = '/overview'): Promise<string> => visitor.page(path);
  const json = async (query = ''): Promise<OverviewJson> => {
    const answer = await fetch(`${console.url}/api/v1/overview${query}`, { headers: basic('admin', PASSWORD) });
    expect(answer.status).toBe(200);
    return overviewSchema.parse(await answer.json());
  };

  it('is for those who signed in', async () => {
    const stranger = await new Visitor(console.url).get('/overview?range=7d');
    expect(stranger.status).toBe(303);
    expect(stranger.headers.get('location')).toBe('/sign-in?next=%2Foverview%3Frange%3D7d');
    expect((await fetch(`${console.url}/api/v1/overview`)).status).toBe(401);
  });

  it('says what to do next while nothing is recorded', async () => {
    const html = await page();
    expect(html).toContain('All is well: connected, 0 accounts on line');
    expect(html).toContain('Register a phone with the PBX, place a call between two accounts and look again.');
    expect(html).not.toContain('data-chart');
    expect(await json()).toMatchObject({ calls: { total: 0, answerSeizureRatio: null, averageDuration: null, busiestHour: null }, accounts: { known: 0 }, verdict: { state: 'well' } });
  });

  it('stands in the header, before the main menu and its four names', async () => {
    const html = await page('/cdrs');
    expect(html).toMatch(/<a href="\/overview">Overview<\/a>[^]*<nav class="menu" aria-label="Main menu">/);
    const menu = /<nav class="menu"[^]*?<\/nav>/.exec(html)?.[0] ?? '';
    expect([...menu.matchAll(/>([^<]+)<\/a>/g)].map(([, name]) => name)).toEqual(['SIP Sessions', 'Registered Accounts', 'Web Sessions', 'Call Detailed Record']);
    expect(await page()).toContain('<a href="/overview" aria-current="page">Overview</a>');
  });

  it('refuses parameters that there are not', async () => {
    for (const [query, parameter] of [['range=1h', 'range'], ['tz=Mars', 'tz'], ['from=2026-01-01', 'from'], ['range=24h&range=7d', 'range']] as const) {
      const answer = await fetch(`${console.url}/api/v1/overview?${query}`, { headers: basic('admin', PASSWORD) });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { parameter } });
    }
  });

  it('serves its script and the library from here', async () => {
    const html = await page();
    const scripts = [...html.matchAll(/<script src="([^"]+)" defer><\/script>/g)].map(([, src]) => src ?? '');
    expect(scripts).toEqual([expect.stringMatching(/^\/assets\/chart\.js\?v=\w{12}$/), expect.stringMatching(/^\/assets\/overview\.js\?v=\w{12}$/)]);
    expect(html.match(/<script/g)).toHaveLength(2);
    for (const path of [...scripts, ...[...html.matchAll(/<link rel="stylesheet" href="([^"]+)">/g)].map(([, href]) => href ?? '')]) {
      const answer = await fetch(console.url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toContain('immutable');
      expect(answer.headers.get('content-type')).toMatch(path.includes('.css') ? /css/ : /javascript/);
    }
  });

  it('counts what happened, by the hours of the reader', async () => {
    const { knex } = console.database;
    const answered = { disposition: 'ANSWERED', billsec: 60 };
    await insertCdrs(knex, [
      // Half past two came twice.
      cdr({ callDate: at('2026-10-25T00:30:00Z'), ...answered }),
      cdr({ callDate: at('2026-10-25T00:59:59.999999Z'), disposition: 'BUSY', billsec: 0 }),
      cdr({ callDate: at('2026-10-25T01:00:00Z'), ...answered, billsec: 31 }),
      cdr({ callDate: NOW - SECOND, disposition: 'FAILED', billsec: 0 }),
      // Out of it, by a microsecond.
      cdr({ callDate: at('2026-10-24T10:59:59.999999Z') }),
      cdr({ callDate: at('2026-10-24T11:00:00Z'), disposition: 'NO_ANSWER', billsec: 0 }),
    ]);
    const { range, calls } = await json();
    expect(range).toEqual({ name: '24h', from: '2026-10-24T11:00:00.000Z', to: '2026-10-25T12:00:00.000Z', asOf: '2026-10-25T11:30:00.000Z', timeZone: 'Europe/Rome' });
    expect(calls).toMatchObject({ total: 5, byDisposition: { ANSWERED: 2, NO_ANSWER: 1, BUSY: 1, FAILED: 1, UNKNOWN: 0 }, answerSeizureRatio: 0.4, averageDuration: 45.5, busiestHour: { from: '2026-10-25T00:00:00.000Z', total: 2 } });
    expect(calls.hours).toHaveLength(25);
    expect(calls.hours.filter(({ total }) => total > 0).map(({ from, total, running }) => [from.slice(5, 16), total, running])).toEqual([
      ['10-24T11:00', 1, false],
      ['10-25T00:00', 2, false],
      ['10-25T01:00', 1, false],
      ['10-25T11:00', 1, true],
    ]);
    const html = await page();
    expect(html).toContain('02:00–03:00 UTC+02:00');
    expect(html).toContain('02:00–03:00 UTC+01:00');
    expect(html).toContain('40.0\u00a0%');
    expect((await json('?tz=Asia/Kathmandu')).range).toMatchObject({ from: '2026-10-24T11:15:00.000Z', to: '2026-10-25T12:15:00.000Z' });
    expect((await json('?range=7d')).calls.hours).toHaveLength(169);
    expect((await json('?range=7d')).calls.total).toBe(6);
  });

  it('links each hour and each disposition to its calls', async () => {
    const html = await page();
    const hrefs = [...html.matchAll(/href="(\/cdrs\?[^"]+)"/g)].map(([, href]) => (href ?? '').replaceAll('&amp;', '&'));
    const hour = hrefs.find((href) => href.includes('from=2026-10-25T00%3A00') && href.includes('to=2026-10-25T01%3A00')) ?? '';
    expect((await page(hour)).match(/<td class="callDate/g)).toHaveLength(2);
    const busy = hrefs.find((href) => href.includes('disposition=BUSY')) ?? '';
    expect((await page(busy)).match(/<td class="callDate/g)).toHaveLength(1);
  });

  it('tells who was on line, and where that is not known', async () => {
    const { knex } = console.database;
    await insertAccount(knex, { username: '909' });
    await insertAccount(knex, { username: '904', contacts: [] });
    await knex('registered_account').where('username', '909').update({ since: NOW - 100 * HOUR });
    await knex('registered_account').where('username', '904').update({ since: NOW - 2 * HOUR });
    await insertSipSessions(knex, [
      sipSession({ timestamp: NOW - 10 * HOUR, peername: '904' }),
      sipSession({ timestamp: NOW - 2 * HOUR, peername: '904', event: 'UNREGISTER', details: 'EXPIRED', source: 'SERVER' }),
    ]);
    await knex('listening').insert({ listener: 'one', pbx: 'pbx-milan', from_at: NOW - 90 * HOUR, until_at: NOW - 6 * HOUR, reason: 'reset' });
    await knex('listening').insert({ listener: 'one', pbx: 'pbx-milan', from_at: NOW - 4 * HOUR, until_at: NOW - SECOND, reason: '' });
    const { accounts } = await json();
    expect(accounts).toMatchObject({ onLineNow: 1, known: 2 });
    const hours = accounts.hours.map(({ fewest, most, last, unknownSeconds }) => [fewest, most, last, unknownSeconds]);
    expect(hours.slice(0, 14)).toEqual(Array.from({ length: 14 }, () => [1, 1, 1, 0]));
    expect(hours.slice(14)).toEqual([
      [1, 2, 2, 0], [2, 2, 2, 0], [2, 2, 2, 0], [2, 2, 2, 0],
      // Not heard from half past to half past.
      [2, 2, 2, 1_800], [null, null, null, 3_600], [2, 2, 2, 1_800],
      [2, 2, 2, 0], [1, 2, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0],
    ]);
    expect(await page()).toContain('The PBX was heard but for 2 h.');
    expect(await page('/overview?range=7d')).toContain('The PBX was heard from 21 Oct 19:30 on, but for 2 h.');
    expect(await page()).toContain(`data-unknown="[[${(NOW - 6 * HOUR) / 1_000},${(NOW - 4 * HOUR) / 1_000}]]"`);
  });

  it('names what is not right, and what to do about it', async () => {
    const { knex } = console.database;
    await insertSipSessions(knex, [
      sipSession({ timestamp: NOW - 30 * HOUR, source: 'SERVER', peername: 'milan', account: 'gw.example', remoteAddress: null }),
      sipSession({ timestamp: NOW - 3 * HOUR, source: 'SERVER', peername: 'milan', account: 'gw.example', details: 'REJECTED 403', remoteAddress: null }),
      ...Array.from({ length: 7 }, (_, i) => sipSession({ timestamp: NOW - i * HOUR, peername: i < 5 ? '909' : HOSTILE, details: 'CHALLENGE_RESPONSE_FAILED', remoteAddress: '198.51.100.66:5077' })),
    ]);
    await knex('capture_gap').insert({ event_key: 'gap', kind: 'GAP', pbx: 'pbx-milan', from_at: NOW - 6 * HOUR, to_at: NOW - 4 * HOUR, reason: 'reset', lost: 0, recovery: 'none', recovered_calls: 0, recovery_note: '', recovered_at: 0, recovery_due: 0, recovery_tries: 0 });
    await knex('dead_letter').insert({ event_key: 'dead', at: NOW, pbx: 'pbx-milan', stage: 'event', name: 'Cdr', reason: 'no', content: '{}', tries: 0, tried_at: 0 });
    await knex('job_run').insert({ job: 'reconcile', started_at: NOW - 60 * SECOND, finished_at: NOW - 59.5 * SECOND, result: 'looked at 3' });
    console.readiness = {
      ...READY,
      spool: { ok: false, message: 'cannot be written: ENOSPC' },
      ami: { ok: true, message: 'connected to Asterisk 22.10.0', warnings: ['cdr_manager.conf has no mappings.'] },
    };
    // The console asks for readiness every two seconds at most.
    await expect.poll(async () => (await json()).verdict.concerns.map(({ what }) => what), { interval: 300 }).toContain('The spool cannot be written: ENOSPC.');
    const { verdict, trunks, refused, gaps, jobs, deadLetters, readiness } = await json();
    expect(verdict.state).toBe('trouble');
    expect(verdict.concerns.map(({ severity, what }) => `${severity}: ${what}`)).toEqual([
      'trouble: The spool cannot be written: ENOSPC.',
      'trouble: A trunk is not registered: milan at gw.example (REJECTED 403).',
      'attention: cdr_manager.conf has no mappings.',
      'attention: The PBX was not heard for 2 h of this time (1 gap).',
      'attention: 1 event could not be translated or written.',
    ]);
    expect(verdict.concerns.map(({ todo }) => todo !== '')).toEqual([true, true, false, true, true]);
    expect(trunks).toEqual([{ pbx: 'pbx-milan', provider: 'gw.example', username: 'milan', registered: false, details: 'REJECTED 403', since: '2026-10-25T08:30:00.000Z', sinceBefore: false, heardAt: '2026-10-25T08:30:00.000Z' }]);
    expect(refused).toMatchObject({ attempts: 7, addressCount: 1, nameCount: 2, addresses: [{ address: '198.51.100.66', attempts: 7, lastAt: '2026-10-25T11:30:00.000Z' }], names: [{ name: '909', attempts: 5, exists: true }, { name: HOSTILE, attempts: 2, exists: false }] });
    expect(gaps).toMatchObject({ silentSeconds: 7_200, complete: true, list: [{ kind: 'GAP', recovery: 'none' }] });
    expect(jobs).toMatchObject([{ job: 'reconcile', result: 'looked at 3' }]);
    expect(deadLetters).toEqual({ count: 1, exact: true });
    expect(readiness?.ami).toEqual({ ok: true, message: 'connected to Asterisk 22.10.0', warnings: ['cdr_manager.conf has no mappings.'] });

    const html = await page();
    expect(html).toContain('See that the disk of SPOOL_DIR has room and may be written.');
    expect(html).toContain('Set CDR_CSV or CDR_SQL_URL');
    // What is down stands here once, and in the frame of all other pages.
    expect(html).not.toContain('class="notice"');
    expect(await page('/cdrs')).toContain('<p class="notice" role="status">The spool cannot be written: ENOSPC</p>');
    expect(html).not.toContain('<script>document');
    const href = /href="(\/sip-sessions\?event=REGISTER&amp;remoteAddress=[^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect((await page(href)).match(/<td class="event/g)).toHaveLength(7);
    console.readiness = READY;
  });

  it('says of each PBX whether it is heard, whichever process listens', async () => {
    const { knex } = console.database;
    const login = (pbx: string, until: number) => ({ listener: `listener of ${pbx}`.slice(0, 36), pbx, from_at: NOW - 50 * HOUR, until_at: until });
    await knex('listening').insert([login('pbx-milan', NOW - SECOND), login('pbx-rome', NOW - 5 * SECOND), login('pbx-oslo', NOW - 3 * HOUR), login('pbx-of-old', NOW - 40 * HOUR)]);
    expect((await json()).pbxs).toEqual([
      { pbx: 'pbx-milan', heardAt: '2026-10-25T11:29:59.000Z', heardNow: true },
      { pbx: 'pbx-oslo', heardAt: '2026-10-25T08:30:00.000Z', heardNow: false },
      { pbx: 'pbx-rome', heardAt: '2026-10-25T11:29:55.000Z', heardNow: true },
    ]);
    const html = await page();
    const states = [...html.matchAll(/<dt>PBX ([^<]+)<\/dt><dd><span class="tone (\w+)">([^<]+)<\/span> <span class="note">· ([^<]+)</g)].map(([, ...words]) => words.join(', '));
    expect(states).toEqual([expect.stringMatching(/^pbx-milan, \w+, Works/), 'pbx-oslo, bad, Not heard, since 25 Oct 09:30', 'pbx-rome, good, Heard, by another process']);
  });
});
