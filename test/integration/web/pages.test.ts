import { afterAll, beforeAll, expect, it } from 'vitest';
import { LOGS } from '../../../src/web/menu.js';
import { basic, PASSWORD, READY, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { at, cdr, contact, HOSTILE, insertAccount, insertCdrs, insertSipSessions, sipSession } from './samples.js';

onEachDatabase('pages and JSON', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;
  let accountId = 0;
  const idle = { id: 0 };

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { demo: true });
    const { knex } = console.database;
    const minute = 60_000_000;
    await insertSipSessions(knex, [
      ...Array.from({ length: 120 }, (_, i) => sipSession({ timestamp: at('2026-05-10T12:00:00Z') + i * minute, peername: i % 2 ? '909' : '904' })),
      sipSession({ event: 'CONNECT', peername: null, account: null, reconciled: false, binding: 'ambiguous', candidates: '904,908', timestamp: at('2026-05-10T16:00:00Z') }),
    ]);
    await insertCdrs(knex, [
      ...Array.from({ length: 60 }, (_, i) => cdr({ callDate: at('2026-05-10T12:00:00.000001Z') + i * minute, duration: i })),
      cdr({ callDate: at('2026-05-11T12:00:00Z'), src: '909', dst: '907', disposition: 'BUSY' }),
      cdr({ callDate: at('2026-05-11T12:01:00Z'), src: HOSTILE.slice(0, 80), dst: '904', callerId: HOSTILE }),
    ]);
    accountId = await insertAccount(knex, { contacts: [contact(), contact({ remoteAddress: null, uri: 'sip:909@10.0.0.9:5062;transport=tls', transport: 'TLS', userAgent: HOSTILE })] });
    idle.id = await insertAccount(knex, { username: '904', description: 'Marco', contacts: [], ipAddress: null });
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const page = (path: string): Promise<string> => visitor.page(path);
  const json = async (path: string): Promise<{ status: number; body: Record<string, unknown> & { data: Record<string, unknown>[] } }> => {
    const answer = await fetch(`${console.url}/api/v1${path}`, { headers: basic('admin', PASSWORD) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> & { data: Record<string, unknown>[] } };
  };
  const shownTimes = (html: string): string[] => [...html.matchAll(/<time datetime="(\d[^"]+)"/g)].map((match) => match[1] ?? '');

  it('opens with the first log', async () => {
    expect((await visitor.get('/')).headers.get('location')).toBe('/sip-sessions');
  });

  it('has menu, banner and zone on every page', async () => {
    for (const log of LOGS) {
      const html = await page(`/${log.name}`);
      expect(html).toContain(`<h1>${log.title}</h1>`);
      expect(html).toMatch(new RegExp(`aria-current="page">${log.title}<`));
      expect(html).toContain('<strong>Demo</strong>');
      expect(html).toContain('Europe/Rome');
      // Its own alone.
      expect(html.match(/<script[^>]*>/g)?.every((script) => /^<script src="\/assets\/(?:live(?:-table)?|export(?:-dialog)?)\.js\?v=\w{12}" defer>$/.test(script))).toBe(true);
    }
    expect(await (await new Visitor(console.url).get('/sign-in')).text()).toContain('<strong>Demo</strong>');
  });

  it('sends headers that let nothing foreign in', async () => {
    const { headers } = await visitor.get('/cdrs');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none';script-src 'self';connect-src 'self';style-src 'self';img-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('pages through everything once, newest first', async () => {
    const seen: string[] = [];
    let path: string | undefined = '/sip-sessions?peername=909&limit=25';
    for (let pages = 0; path !== undefined && pages < 5; pages += 1) {
      const html: string = await page(path);
      seen.push(...shownTimes(html));
      path = /<a href="([^"]+)" rel="next">Older</.exec(html)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(seen).toHaveLength(60);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
  });

  it('filters on the reader’s clock, half-open', async () => {
    const html = await page('/cdrs?from=2026-05-10T14:10&to=2026-05-10T14:12');
    expect(shownTimes(html)).toEqual(['2026-05-10T12:11:00.000001Z', '2026-05-10T12:10:00.000001Z']);
    expect(html).toContain('value="2026-05-10T14:10:00"');
    expect(shownTimes(await page('/cdrs?from=2026-05-10T12:10&to=2026-05-10T12:12&tz=UTC'))).toHaveLength(2);
  });

  it('sorts, and says by what', async () => {
    const html = await page('/cdrs?sort=duration&order=desc');
    expect(html).toMatch(/class="duration seconds" aria-sort="descending"><a href="\/cdrs\?sort=duration&amp;order=asc">/);
  });

  it('links a peername to its events and an id to its account', async () => {
    expect(await page('/sip-sessions')).toContain('<a href="/sip-sessions?peername=909&amp;pbx=pbx-milan"><bdi>909</bdi></a>');
    const html = await page('/registered-accounts');
    expect(html).toContain(`<a href="/registered-accounts/${accountId}">`);
    expect(html).toContain('<span class="note">+1</span>');
    expect(html).not.toContain('Marco');
  });

  it('says of whom nobody is on line where to go on', async () => {
    const offline = await page('/registered-accounts?search=marc');
    expect(offline).toContain('No account that fits is on line now. Off line:');
    expect(offline).toContain(`<a href="/accounts/pbx-milan/904"><bdi>904</bdi></a> <bdi>Marco</bdi>`);
    expect(offline).toContain(`<a href="/sip-sessions?peername=904&amp;pbx=pbx-milan">its sessions</a>`);
    expect(await page('/registered-accounts?username=904&from=2026-05-10')).toContain(`/accounts/pbx-milan/904`);
    const unknown = await page('/registered-accounts?username=77');
    expect(unknown).toContain('nor known from before.');
    expect(unknown).toContain('<a href="/sip-sessions?peername=77">');
    for (const other of ['/registered-accounts?search=909', '/registered-accounts?search=909&to=2020-01-01', '/registered-accounts?username=909&ipAddress=192.0.2.250', '/registered-accounts?ipAddress=192.0.2.250', '/cdrs?src=000']) expect(await page(other)).not.toContain('is on line now');
  });

  it('says who an ambiguous event may belong to', async () => {
    const html = await page('/sip-sessions?binding=ambiguous');
    expect(html).toMatch(/ambiguous: <a href="\/sip-sessions\?peername=904&amp;pbx=pbx-milan"><bdi>904<\/bdi><\/a>, <a [^>]+><bdi>908</);
  });

  it('shows all that is known of an account', async () => {
    const html = await page(`/registered-accounts/${accountId}`);
    for (const text of ['On line', 'Sara', '203.0.113.37:28224', 'as claimed by the phone', 'sip:909@10.0.0.9:5062;transport=tls', 'Session history', 'Calls']) {
      expect(html).toContain(text);
    }
    expect(html).toContain('/cdrs?src=909');
    expect(await page(`/registered-accounts/${idle.id}`)).toContain('Off line');
    expect((await visitor.get('/registered-accounts/99999')).status).toBe(404);
    expect((await visitor.get('/registered-accounts/abc')).status).toBe(404);
  });

  it('escapes what strangers say', async () => {
    for (const path of ['/cdrs', `/registered-accounts/${accountId}`, `/cdrs?src=${encodeURIComponent(HOSTILE)}`]) {
      const html = await page(path);
      expect(html).toContain('&lt;script&gt;');
      expect(html).not.toContain('<script>');
      expect(html.replaceAll(/value="[^"]*"/g, '')).not.toContain('\u202e');
    }
  });

  it('says what to do when a list is empty', async () => {
    const html = await page('/cdrs?src=000');
    expect(html).toContain('Nothing here fits the filter.');
    const none = await startConsole();
    const other = new Visitor(none.url);
    await other.signIn();
    expect(await (await other.get('/cdrs')).text()).toContain('Place a call between two accounts and look again.');
    await none.stop();
  });

  it('has a page about the API, for those who are signed in', async () => {
    const html = await page('/api');
    for (const log of LOGS) expect(html).toContain(`<code>GET /api/v1/${log.name}</code>`);
    expect(html).toContain(`curl -u admin &#39;${console.url}/api/v1/cdrs?from=2026-05-01&amp;to=2026-06-01&amp;limit=1000&#39;`);
    expect(html).toContain('href="/api/v1/openapi.json"');
    expect(html).not.toContain('<script>');
    expect(await page('/cdrs')).toContain('<a href="/api">');
    expect((await fetch(`${console.url}/api`, { redirect: 'manual' })).headers.get('location')).toBe('/sign-in?next=%2Fapi');
    expect((await fetch(`${console.url}/api/v1/openapi.json`)).status).toBe(401);
  });

  it('names the parameter at fault', async () => {
    const answer = await visitor.get('/cdrs?from=soon');
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('Call Date from “soon” must be an instant');
    expect((await visitor.get('/nowhere')).status).toBe(404);
    expect((await visitor.get('/cdrs?src=a&src=b')).status).toBe(400);
    expect((await visitor.get('/registered-accounts/%E0%A4%A')).status).toBe(400);
  });

  it('shows when the PBX is away', async () => {
    console.readiness = { ...READY, ami: { ok: false, message: 'login refused: Authentication failed' } };
    await expect.poll(() => page('/cdrs')).toContain('login refused: Authentication failed');
    const ready = await fetch(`${console.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'unavailable', ...console.readiness }]);
    console.readiness = READY;
    expect((await fetch(`${console.url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${console.url}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  // The contract of docs and scripts, written out: what the definitions give must be this.
  const FIELDS = {
    'sip-sessions': 'id timestamp event source peername account details userAgent remoteAddress transport tlsCipher reconciled pbx',
    'registered-accounts': 'id username ipAddress port description registrationExpires userAgent transport status pbx',
    'web-sessions': 'id dateCreated eventType principal ipAddress service',
    cdrs: 'id callDate answerDate endDate src dst callerId duration billsec disposition asteriskDisposition channel dstchannel dcontext lastapp lastdata accountcode amaflags userfield uniqueid linkedid pbx',
  };

  it.each(Object.entries(FIELDS))('answers %s with the fields that scripts rely on', async (name, fields) => {
    const { status, body } = await json(`/${name}?limit=1`);
    expect(status).toBe(200);
    const names = Object.keys(body.data[0] ?? {});
    expect(names.slice(0, fields.split(' ').length)).toEqual(fields.split(' '));
  });

  it('answers instants in UTC and what is absent as null', async () => {
    const [call] = (await json('/cdrs?sort=duration&limit=1')).body.data;
    expect(call).toMatchObject({ callDate: '2026-05-10T12:00:00.000001Z', duration: 0, extra: null });
    const [event] = (await json('/sip-sessions?reconciled=false')).body.data;
    expect(event).toMatchObject({ timestamp: '2026-05-10T16:00:00.000Z', reconciled: false, peername: null, candidates: ['904', '908'] });
    const { body } = await json(`/registered-accounts/${accountId}`);
    expect(body).toMatchObject({ id: accountId, online: true, contactCount: 2, contacts: [{ remoteAddress: '203.0.113.37:28224' }, { remoteAddress: null }] });
  });

  it('goes on from its cursor to the end', async () => {
    const ids: unknown[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { body } = await json(`/cdrs?limit=25${next === '' ? '' : `&cursor=${next}`}`);
      ids.push(...body.data.map((call) => call['id']));
      next = body['next'] as string | null;
    }
    expect(new Set(ids).size).toBe(62);
    expect(ids).toHaveLength(62);
  });

  it.each([
    ['/cdrs?from=soon', 400, 'from'],
    ['/cdrs?limit=0', 400, 'limit'],
    ['/sip-sessions?event=RING', 400, 'event'],
    ['/web-sessions?tz=Mars', 400, 'tz'],
    ['/web-sessions?columns=principal', 400, 'columns'],
    ['/cdrs?range=today&from=2026-05-10', 400, 'range'],
    ['/registered-accounts/99999', 404, null],
    ['/nowhere', 404, null],
  ])('answers %s with %i as JSON', async (path, status, parameter) => {
    const answer = await json(path);
    expect(answer.status).toBe(status);
    expect(answer.body['error']).toMatchObject({ parameter });
  });

  it('asks scripts, and only them, for Basic', async () => {
    const answer = await fetch(`${console.url}/api/v1/cdrs`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Logbook", charset="UTF-8"']);
    expect((await visitor.get('/api/v1/cdrs')).status).toBe(200);
    expect((await fetch(`${console.url}/cdrs`, { redirect: 'manual' })).headers.get('www-authenticate')).toBeNull();
  });
});
