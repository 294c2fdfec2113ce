import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { follow as followFrom, followable, type Followable, LiveReader } from './live-reader.js';
import { at, cdr, gap, HOSTILE, insertAccount, insertCdrs, insertGaps, insertSipSessions, sipSession } from './samples.js';

const TIMING = { pollMs: 100, soonestMs: 20, changesMs: 100, beatMs: 200, patienceMs: 30_000, streamsAUser: 3 };
const SECOND = 1_000_000;

onEachDatabase('following a list', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;
  const open: LiveReader[] = [];

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { live: TIMING });
  });
  beforeEach(async () => {
    for (const reader of open.splice(0)) reader.close();
    for (const table of ['cdr', 'sip_session', 'capture_gap', 'registered_account']) await console.database.knex(table).delete();
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });
  afterAll(async () => {
    for (const reader of open) reader.close();
    await console.stop();
    await database.drop();
  });

  const pageOf = (path: string): Promise<Followable> => followable(visitor, path);
  const follow = async (href: string, place: string, headers: Record<string, string> = {}): Promise<LiveReader> => {
    const reader = await followFrom(visitor, { href, place }, headers);
    open.push(reader);
    return reader;
  };
  const followPage = async (path: string): Promise<LiveReader> => {
    const { href, place } = await pageOf(path);
    const reader = await follow(href, place);
    await reader.until(({ told }) => told.some(({ event }) => event === 'well'));
    return reader;
  };
  const idsOf = async (table: string): Promise<number[]> => ((await console.database.knex(table).select('id').orderBy('id')) as { id: number }[]).map(({ id }) => id);
  const call = (n: number, changes = {}) => cdr({ callDate: at('2026-05-10T12:00:00Z') + n * SECOND, ...changes });

  it('gives new rows as the list shows them, newest first, also those that came while the page was on its way', async () => {
    const { href, place } = await pageOf('/cdrs');
    await insertCdrs(console.database.knex, [call(1), call(3, { callerId: HOSTILE, src: HOSTILE.slice(0, 80) }), call(2)]);
    const reader = await follow(href, place);
    await reader.until(({ count }) => count === 3);
    const [one, three, two] = await idsOf('cdr');
    expect(reader.ids).toEqual([three, two, one]);
    const { html } = JSON.parse(reader.of('rows')[0]?.data ?? '') as { html: string };
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script');
    const shown = await (await visitor.get('/cdrs')).text();
    for (const row of html.split('</tr>')) expect(shown).toContain(row.trim());
    // A row of long ago is told of like any other: where it belongs is for the page to see.
    await insertCdrs(console.database.knex, [call(-100_000)]);
    await reader.until(({ count }) => count === 4);
    expect(reader.response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no', 'cache-control': 'no-store, no-transform' });
  });

  it('gives what the filter leaves, and asks the table once for all', async () => {
    const all = await followPage('/cdrs');
    const busy = await followPage('/cdrs?disposition=BUSY&from=2026-05-10T12:00:02Z');
    let asked = 0;
    const count = ({ sql }: { sql: string }): void => {
      if (sql.includes('from `cdr`') && sql.includes('`id` > ?')) asked += 1;
    };
    console.database.knex.on('query', count);
    const begun = performance.now();
    await insertCdrs(console.database.knex, [call(1, { disposition: 'BUSY' }), call(2, { disposition: 'BUSY' }), call(3)]);
    await all.until(({ ids }) => ids.length === 3);
    await busy.until(({ ids }) => ids.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.database.knex.off('query', count);
    expect(asked).toBeLessThanOrEqual((performance.now() - begun) / TIMING.pollMs + 1);
    expect(busy.ids).toEqual([(await idsOf('cdr'))[1]]);
    expect(all.count).toBe(3);
  });

  it('goes on where it was cut off: no hole, nothing twice', async () => {
    const reader = await followPage('/cdrs');
    const seen: number[] = [];
    let current = reader;
    let place = reader.place;
    const first = place;
    for (let round = 0; round < 8; round += 1) {
      await insertCdrs(console.database.knex, Array.from({ length: 7 }, (_, i) => call(round * 10 - i)));
      if (round % 3 === 0) await current.until(({ ids }) => ids.length > 0);
      // As a browser, which also remembers it over a connection that said nothing.
      place = current.place || place;
      seen.push(...current.ids);
      current.close();
      // The address still has the first page's place; what the browser says counts.
      await insertCdrs(console.database.knex, [call(round * 10 + 5)]);
      current = await follow('/live/cdrs', first, { 'Last-Event-ID': place });
    }
    await current.until(({ told }) => told.some(({ event }) => event === 'well'));
    seen.push(...current.ids);
    expect(seen.sort((a, b) => a - b)).toEqual(await idsOf('cdr'));
  });

  it('says so when more came than is read one by one', async () => {
    const { href, place } = await pageOf('/cdrs');
    await insertCdrs(console.database.knex, Array.from({ length: 1_001 }, (_, i) => call(i)));
    const reader = await follow(href, place);
    await reader.until(({ told }) => told.some(({ event }) => event === 'behind'));
    expect(reader.ids).toEqual([]);
  });

  it('renders no more rows than a page holds, and counts all', async () => {
    const reader = await followPage('/cdrs?limit=5');
    await insertCdrs(console.database.knex, Array.from({ length: 12 }, (_, i) => call(i)));
    await reader.until(({ count }) => count === 12);
    if (reader.of('rows').length === 1) expect(reader.ids).toEqual((await idsOf('cdr')).slice(-5).reverse());
  });

  it('hears at once of what this process wrote', async () => {
    await console.stop();
    console = await startConsole(database.url, { live: { ...TIMING, pollMs: 60_000 } });
    visitor = new Visitor(console.url);
    await visitor.signIn();
    const reader = await followPage('/cdrs');
    await insertCdrs(console.database.knex, [call(1)]);
    console.news.emit('rows');
    await reader.until(({ count }) => count === 1);
    reader.close();
    await console.stop();
    console = await startConsole(database.url, { live: TIMING });
  });

  it('says when rows that are shown have changed, and gaps between them, but not for new rows', async () => {
    const { knex } = console.database;
    await insertSipSessions(knex, [sipSession({ event: 'CONNECT', peername: null, binding: 'pending', reconciled: false })]);
    const reader = await followPage('/sip-sessions');
    await insertSipSessions(knex, [sipSession()]);
    await reader.until(({ count }) => count === 1);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reader.of('changed')).toEqual([]);
    await knex('sip_session').where({ binding: 'pending' }).update({ binding: 'bound', peername: '909' });
    await reader.until((each) => each.of('changed').length === 1);
    await insertGaps(knex, [gap()]);
    await reader.until((each) => each.of('changed').length === 2);
    const { place } = reader;
    reader.close();
    await knex('capture_gap').delete();
    const again = await follow('/live/sip-sessions', place);
    await again.until((each) => each.of('changed').length === 1);
  });

  it('says when the accounts on line have changed', async () => {
    const id = await insertAccount(console.database.knex);
    const reader = await followPage('/registered-accounts?sort=ipAddress');
    await console.database.knex('registered_account').where({ id }).update({ online: 0, updated_at: at('2026-05-10T18:00:00Z') });
    await reader.until((each) => each.of('changed').length === 1);
  });

  it('goes on with the new day where a list is that of today', async () => {
    await console.stop();
    const clock = { now: at('2026-05-10T21:59:58Z') };
    console = await startConsole(database.url, { live: TIMING, clock: () => clock.now });
    visitor = new Visitor(console.url);
    await visitor.signIn();
    const reader = await followPage('/cdrs?range=today');
    // Midnight in Rome.
    clock.now = at('2026-05-10T22:00:01Z');
    await reader.until((each) => each.of('changed').length === 1);
    await insertCdrs(console.database.knex, [cdr({ callDate: at('2026-05-10T21:59:59Z') }), cdr({ callDate: at('2026-05-10T22:00:00Z') })]);
    await reader.until(({ count }) => count > 0);
    expect(reader.ids).toEqual([(await idsOf('cdr'))[1]]);
    await console.stop();
    console = await startConsole(database.url, { live: TIMING });
  });

  it('gives what a search finds, in the columns that are shown', async () => {
    const reader = await followPage('/cdrs?search=90&columns=dst,src');
    await insertCdrs(console.database.knex, [call(1, { src: '111', dst: '222' }), call(2, { src: '9041', dst: '222' })]);
    await reader.until(({ count }) => count === 1);
    const { html } = JSON.parse(reader.of('rows')[0]?.data ?? '') as { html: string };
    expect([...html.matchAll(/<td class="(\w+)/g)].map(([, name]) => name)).toEqual(['dst', 'src']);
  });

  it('follows no second page and no other order', async () => {
    await insertCdrs(console.database.knex, Array.from({ length: 3 }, (_, i) => call(i)));
    const html = await (await visitor.get('/cdrs?limit=2')).text();
    const next = /href="([^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    for (const path of [next, '/cdrs?sort=src', '/cdrs?sort=callDate&order=asc']) {
      const other = await (await visitor.get(path)).text();
      expect(other).not.toContain('id="live"');
      expect(other).not.toContain('/assets/live');
    }
  });

  it('ends with the session', async () => {
    const reader = await followPage('/cdrs');
    await visitor.post('/sign-out', {}, '/cdrs');
    await reader.until(({ ended }) => ended);
    expect(reader.told.at(-1)).toMatchObject({ event: 'end', data: 'signed-out' });

    await visitor.signIn();
    const other = await followPage('/cdrs');
    await console.users.setPassword('admin', PASSWORD);
    await other.until(({ ended }) => ended);
    expect(other.told.at(-1)).toMatchObject({ event: 'end', data: 'signed-out' });

    const stranger = await LiveReader.open(`${console.url}/live/cdrs`, {});
    await stranger.until(({ ended }) => ended);
    expect(stranger.told).toEqual([{ event: 'end', id: '', data: 'signed-out' }]);
  });

  it('allows a user so many at once', async () => {
    for (let n = 0; n < TIMING.streamsAUser; n += 1) await followPage('/cdrs');
    const refused = await follow('/live/cdrs', '');
    await refused.until(({ ended }) => ended);
    expect(refused.told).toEqual([{ event: 'end', id: '', data: 'too-many' }]);
    open[0]?.close();
    // It is let go when its end is heard.
    await expect.poll(async () => {
      const again = await follow('/live/cdrs', '');
      open.push(again);
      await again.until(({ told }) => told.length > 0);
      return again.told[0]?.event;
    }).not.toBe('end');
  });

  it('refuses what the list refuses', async () => {
    expect((await visitor.get('/live/cdrs?colour=red')).status).toBe(400);
    expect((await visitor.get('/live/nothing')).status).toBe(404);
  });

  it('says when the database is away, and gives all that came meanwhile', async () => {
    const { knex } = console.database;
    const reader = await followPage('/cdrs');
    await knex.schema.renameTable('cdr', 'cdr_away');
    await reader.until((each) => each.of('trouble').length === 1);
    await knex.schema.renameTable('cdr_away', 'cdr');
    await insertCdrs(knex, [call(1)]);
    await reader.until(({ count, told }) => count === 1 && told.filter(({ event }) => event === 'well').length === 2);
  });

  it('asks nothing when nobody reads', async () => {
    const reader = await followPage('/cdrs');
    reader.close();
    let asked = 0;
    const count = (): void => void (asked += 1);
    console.database.knex.on('query', count);
    // From when its end is heard.
    await expect.poll(async () => {
      asked = 0;
      await new Promise((resolve) => setTimeout(resolve, 5 * TIMING.pollMs));
      return asked;
    }).toBe(0);
    console.database.knex.off('query', count);
  });

  it('ends when the service stops, so that the browser comes back', async () => {
    const reader = await followPage('/cdrs');
    console.endStreams();
    await reader.until(({ ended }) => ended);
    expect(reader.told.at(-1)).toMatchObject({ event: 'end', data: 'again' });
  });
});
