import { afterAll, beforeAll, expect, it } from 'vitest';
import { MICROS_PER_SECOND, toIso } from '../../../src/time.js';
import { BEGIN } from '../../unit/logs/recorded-calls.js';
import { FAILED_AT, insertCallDay, NOW } from '../browser/call-day.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { HOSTILE, insertCdrs, insertSipSessions, cdr, sipSession } from './samples.js';

const FAILED = `${FAILED_AT / MICROS_PER_SECOND}.201`;

onEachDatabase('whole calls and accounts in the console', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { clock: () => NOW });
    await insertCallDay(console.database.knex);
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const page = (path: string): Promise<string> => visitor.page(path);
  const json = async (path: string): Promise<Record<string, unknown>> => (await fetch(`${console.url}/api/v1${path}`, { headers: basic('admin', PASSWORD) })).json() as Promise<Record<string, unknown>>;
  /** The calls of a page, by where they lead. */
  const callsOf = (html: string): string[] => [...html.matchAll(/<td class="begin [^>]*><a href="([^"]+)">/g)].map(([, href]) => href ?? '');
  const nextOf = (html: string): string | undefined => /<a href="([^"]+)" rel="next">/.exec(html)?.[1]?.replaceAll('&amp;', '&');

  it('are paged through once each, with each gap once, and lead to their pages', async () => {
    for (const filter of ['', '&src=909']) {
      const hrefs: string[] = [];
      let gaps = 0;
      for (let path: string | undefined = `/calls?limit=3${filter}`; path !== undefined; ) {
        const html: string = await page(path);
        hrefs.push(...callsOf(html));
        gaps += html.match(/<tr class="gap"/g)?.length ?? 0;
        path = nextOf(html);
      }
      const all = await page(`/calls?limit=1000${filter}`);
      expect(hrefs).toEqual(callsOf(all));
      expect(new Set(hrefs).size).toBe(filter === '' ? 13 : 11);
      expect(gaps).toBe(3);
      const { data } = (await json(`/calls?limit=1000${filter}`)) as { data: { legs: unknown[] }[] };
      expect(data).toHaveLength(hrefs.length);
      expect(all.match(/<details class="legs">/g)).toHaveLength(data.filter(({ legs }) => legs.length > 1).length);
    }
    const html = await page('/calls');
    for (const href of callsOf(html)) expect(await page(href.replaceAll('&amp;', '&'))).toContain('<h2>Legs</h2>');
  });

  it('stand one click from what is pure and unfiltered, with the same filters, and that is what is exported unless asked otherwise', async () => {
    const range = 'from=2026-05-10T12%3A00%3A00.000000Z&amp;to=2026-05-10T13%3A00%3A00.000000Z&amp;src=909';
    const whole = await page('/calls?from=2026-05-10T12:00:00Z&to=2026-05-10T13:00:00Z&src=909');
    expect(whole).toContain(`<a href="/cdrs?${range}">Pure and unfiltered</a><a href="/calls?${range}" aria-current="page">Whole Calls</a>`);
    expect(whole).toContain(`href="/export?list=cdrs&amp;calls=folded&amp;${range}"`);
    expect(whole).toMatch(/aria-current="page">Call Detailed Record</);
    const pure = await page('/cdrs?from=2026-05-10T12:00:00Z&to=2026-05-10T13:00:00Z&src=909&sort=duration');
    expect(pure).toContain(`<a href="/calls?${range}">Whole Calls</a>`);
    expect(pure).toMatch(/href="\/export\?list=cdrs&amp;from=/);
    expect(pure.match(/<td class="callDate[^>]*><a href="\/calls\/1778414400\.36\?pbx=pbx-milan"/g)).toHaveLength(2);
    const lines = (text: string): number => text.trim().split('\n').length - 1;
    const csv = async (query: string): Promise<string> => (await visitor.get(`/cdrs.csv?from=2026-05-10T12:00:00Z&to=2026-05-10T13:00:00Z${query}`)).text();
    expect([lines(await csv('')), lines(await csv('&calls=folded'))]).toEqual([8, 3]);
  });

  it('name what cannot be asked', async () => {
    for (const path of ['/calls?sort=duration', '/calls?cursor=x', '/calls?from=2026-02-30', `/calls/${FAILED}?around=2m`, '/accounts/pbx-milan/904?range=1y']) expect([path, (await visitor.get(path)).status]).toEqual([path, 400]);
    for (const path of ['/calls/1.2', '/calls/leg-7', `/calls/${FAILED}?pbx=other`, '/accounts/other/904', '/accounts/pbx-milan/nobody']) expect([path, (await visitor.get(path)).status]).toEqual([path, 404]);
  });

  it('tell what the phone’s registration did before the call failed', async () => {
    const call = await json(`/calls/${FAILED}`);
    expect(call).toMatchObject({
      disposition: 'FAILED',
      around: '1m',
      window: { from: toIso(FAILED_AT - 60 * MICROS_PER_SECOND), to: toIso(FAILED_AT + 60_212_000) },
      accounts: [
        { username: '909', by: 'channel', before: { online: true, heardSince: false } },
        { username: '904', by: 'dialled', before: { online: false, event: { details: 'TRANSPORT_CLOSED' } }, online: [{ to: toIso(FAILED_AT - 41 * MICROS_PER_SECOND) }], offline: [{ from: toIso(FAILED_AT - 41 * MICROS_PER_SECOND) }] },
      ],
      events: [{ event: 'DISCONNECT' }, { event: 'UNREGISTER' }, { event: 'CONNECT', candidates: ['904', '908'] }, { details: 'CHALLENGE_RESPONSE_FAILED' }, { peername: '909' }],
      gaps: [{ reason: 'the PBX did not answer a Ping within 5000 ms' }],
      complete: true,
    });
    const html = await page(`/calls/${FAILED}`);
    for (const text of ['Off line for 41 s as the call began', 'hangupcause', 'Asterisk says CONGESTION', 'ambiguous:', 'Not listening']) expect(html).toContain(text);
    const hour = await json(`/calls/${FAILED}?around=1h`);
    expect((hour['events'] as unknown[]).length).toBeGreaterThan(5);
  });

  it('are of one PBX, also where two have the same linkedid', async () => {
    const { knex } = console.database;
    const linkedid = '1778000000.1';
    await insertCdrs(knex, ['pbx-milan', 'pbx-rome'].map((pbx, index) => cdr({ pbx, linkedid, uniqueid: linkedid, callDate: BEGIN - (index + 100) * 3_600 * MICROS_PER_SECOND, src: pbx })));
    for (const pbx of ['pbx-milan', 'pbx-rome']) expect(await json(`/calls/${linkedid}?pbx=${pbx}`)).toMatchObject({ pbx, legs: [{ src: pbx }] });
    expect(await json(`/calls/${linkedid}`)).toMatchObject({ pbx: 'pbx-milan' });
    await knex('cdr').where({ linkedid }).delete();
  });

  it('an account has its page by its name, whether it is on line or not, and also where only rows are left of it', async () => {
    const { knex } = console.database;
    const off = await page('/accounts/pbx-milan/904');
    for (const text of ['Off line', '5 flaps', 'lost and back within 5 min; lost 10 times in all', 'TRANSPORT_CLOSED', 'snomD785/10.1.159.12', '203.0.113.21', 'Attempts: 61. Addresses: 4.', 'Marco Bianchi']) expect(off).toContain(text);
    expect(await page('/sip-sessions?peername=904')).toContain('<a href="/accounts/pbx-milan/904">');
    await insertSipSessions(knex, [sipSession({ timestamp: NOW - 3_600 * MICROS_PER_SECOND, peername: HOSTILE, account: HOSTILE, details: 'INVALID_ACCOUNT_ID', userAgent: HOSTILE, binding: 'unknown' })]);
    const hostile = await page(`/accounts/pbx-milan/${encodeURIComponent(HOSTILE)}`);
    expect(hostile).toContain('No state is kept of it');
    expect(hostile).not.toContain('<script>document');
    expect(await page(`/sip-sessions?peername=${encodeURIComponent(HOSTILE)}`)).not.toContain('<script>document');
    expect(await page(`/calls?src=${encodeURIComponent(HOSTILE.slice(0, 80))}`)).not.toContain('<script>document');
    await knex('sip_session').where('peername', HOSTILE).delete();
    expect(await json('/accounts/pbx-milan/908?range=7d')).toMatchObject({
      online: true,
      figures: { last24h: { lost: 0, flaps: 0 }, last7d: { lost: 1, flaps: 0 } },
      losses: [{ details: '200 OK', heard: true }],
      userAgents: [{ value: 'LinphoneAndroid/5.2.3 (Pixel 8) LinphoneSDK/5.3.28' }, { value: 'LinphoneAndroid/5.2.1 (Pixel 6) LinphoneSDK/5.3.10' }],
      refused: [],
    });
  });
});
