import { afterAll, beforeAll, expect, it } from 'vitest';
import { basic, PASSWORD, READY, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { at, cdr, gap, HOSTILE, insertCdrs, insertGaps, insertLetters, insertSipSessions, sipSession } from './samples.js';

const MINUTE = 60_000_000;
const noon = at('2026-05-10T12:00:00Z');

onEachDatabase('gaps and dead letters in the console', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url);
    const { knex } = console.database;
    await insertSipSessions(knex, Array.from({ length: 60 }, (_, i) => sipSession({ timestamp: noon + i * MINUTE, peername: i % 2 ? '909' : '904' })));
    await insertCdrs(knex, Array.from({ length: 20 }, (_, i) => cdr({ callDate: noon + i * MINUTE })));
    await insertGaps(knex, [
      gap({ from: noon + 9.5 * MINUTE, to: noon + 9.7 * MINUTE, reason: HOSTILE, recovery: 'done', recoveredCalls: 5, recoveryNote: '5 calls from Master.csv' }),
      gap({ from: noon + 39.5 * MINUTE, to: noon + 39.9 * MINUTE, reason: 'on the border of two pages' }),
      gap({ from: noon + 70 * MINUTE, to: noon + 71 * MINUTE, reason: 'newer than all', pbx: 'other' }),
      gap({ kind: 'LOSS', from: noon + 5.2 * MINUTE, to: noon + 5.4 * MINUTE, reason: 'the spool was full', lost: 3_120 }),
      gap({ from: noon - 90 * MINUTE, to: noon - 89 * MINUTE, reason: 'older than all', recovery: 'failed', recoveryNote: 'CDR_CSV: there is no Master.csv' }),
      ...Array.from({ length: 4 }, (_, i) => gap({ from: noon - (200 + i) * MINUTE, to: noon - (200 + i) * MINUTE + 500_000, reason: `flap ${i}` })),
    ]);
    await insertLetters(knex, [
      { key: '1', at: noon, pbx: 'pbx-milan', stage: 'event', name: 'UserEvent', reason: HOSTILE, content: JSON.stringify({ kind: 'event', name: 'UserEvent', at: noon, headers: [['peername', HOSTILE]] }) },
      { key: '2', at: 0, pbx: 'pbx-milan', stage: 'event', name: 'unreadable', reason: 'the line of the spool is damaged', content: `{"kind${'x'.repeat(300_000)}` },
    ]);
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });
  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const page = (path: string): Promise<string> => visitor.page(path);
  const json = async (path: string) => {
    const answer = await fetch(`${console.url}/api/v1${path}`, { headers: basic('admin', PASSWORD) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> & { data: Record<string, unknown>[] } };
  };
  /** The gaps of a page, as text, each with the time of the row above it. */
  const drawn = (html: string): string[] => {
    const lines = [...html.matchAll(/<tr class="gap"[^>]*><td colspan="\d+">(.*?)<\/td><\/tr>|<tr[^>]*>\s*<td class="(?:timestamp|callDate)[^>]*>(?:<a [^>]*>)?<time datetime="[^"]*T([\d:]{5})/gs)];
    let above = 'top';
    return lines.flatMap(([, gapHtml, time]) => {
      if (gapHtml === undefined) above = time ?? above;
      return gapHtml === undefined ? [] : [`${above} ${gapHtml.replaceAll(/<[^>]+>/g, '').replaceAll(/\s+/g, ' ').trim()}`];
    });
  };
  const nextOf = (html: string): string | undefined => /<a href="([^"]+)" rel="next">/.exec(html)?.[1]?.replaceAll('&amp;', '&');

  const previousOf = (html: string): string | undefined => /<a href="([^"]+)" rel="prev">/.exec(html)?.[1]?.replaceAll('&amp;', '&');

  it('draws those of the PBX that a list is of', async () => {
    const other = (line: string): boolean => line.includes('newer than all');
    expect(drawn(await page('/sip-sessions?limit=20')).filter(other)).toHaveLength(1);
    const own = drawn(await page('/sip-sessions?limit=30&pbx=pbx-milan'));
    expect(own.filter(other)).toEqual([]);
    expect(own.filter((line) => line.includes('on the border of two pages'))).toHaveLength(1);
  });

  it.each(['', '&peername=909'])('draws each gap once, where it lies, on whatever page%s', async (filter) => {
    const pages: string[] = [];
    for (let path: string | undefined = `/sip-sessions?limit=${filter === '' ? 20 : 10}${filter}`; path !== undefined; path = nextOf(pages.at(-1) ?? '')) pages.push(await page(path));
    const seen = pages.flatMap(drawn);
    expect(seen).toHaveLength(5);
    // On the way back each stands where it stood.
    for (let html = pages.at(-1) ?? '', at = pages.length - 2; at >= 0; at -= 1) {
      html = await page(previousOf(html) ?? '');
      expect(drawn(html)).toEqual(drawn(pages[at] ?? ''));
    }
    const place = (text: string): string => seen.find((line) => line.includes(text))?.slice(0, 5) ?? '';
    expect(place('newer than all')).toBe('top N');
    expect(place('Not listening to other 2026-05-10 15:10:00')).toBe('top N');
    expect(place('3,120 events were left out')).toBe(filter === '' ? '12:06' : '12:07');
    expect(place('on the border of two pages')).toBe('top N');
    expect(place('Not listening 5 times')).toBe(filter === '' ? '12:00' : '12:01');
    expect(seen.join()).not.toContain('Master.csv');
  });

  it('draws them in a list that begins with the oldest, and of a part of the time', async () => {
    expect(drawn(await page('/sip-sessions?sort=timestamp&order=asc&from=2026-05-10T14:05&to=2026-05-10T14:12')).map((line) => line.slice(0, 30).trim())).toEqual(['12:05 3,120 events were left o', '12:09 Not listening 2026-05-10']);
    expect(drawn(await page('/sip-sessions?sort=event'))).toEqual([]);
  });

  it('says of calls what became of them, and nothing of what is never left out', async () => {
    const html = await page('/cdrs');
    expect(drawn(html).map((line) => line.slice(0, 60))).toEqual([
      expect.stringContaining('top Not listening to other 2026-05-10 15:10:00'),
      expect.stringContaining('top Not listening 2026-05-10 14:39:30'),
      expect.stringContaining('12:10 Not listening 2026-05-10 14:09:30'),
      expect.stringContaining('12:00 Not listening 2026-05-10 12:30:00'),
      expect.stringContaining('12:00 Not listening 4 times'),
    ]);
    expect(html).toContain('Recovered: 5 calls from Master.csv.');
    expect(html).toMatch(/<span class="calls bad">Calls could not all be recovered: CDR_CSV: there is no Master.csv<\/span>/);
    expect(html).not.toContain('<script>');
    expect((await (await visitor.get('/cdrs.csv')).text()).trim().split('\n')).toHaveLength(21);
  });

  it('draws them also where no row fits', async () => {
    const html = await page('/cdrs?src=000&from=2026-05-10T14:00&to=2026-05-10T14:30');
    expect(html).toContain('Nothing here fits the filter.');
    expect([...html.matchAll(/<ul class="gaps">(.*?)<\/ul>/gs)].map(([, list = '']) => list.replaceAll(/<[^>]+>/g, '').trim())).toEqual([expect.stringMatching(/^Not listening 2026-05-10 14:09:30/) as string]);
  });

  it('lists gaps, with filters, as a page and as JSON', async () => {
    const html = await page('/capture-gaps');
    expect(html).toContain('<h1>Gaps</h1>');
    expect(html).toMatch(/<a href="\/capture-gaps" aria-current="page">Gaps<\/a>/);
    expect(html).toContain('(12 s)');
    expect(html).not.toContain('<script>');
    const { body } = await json('/capture-gaps?recovery=failed');
    expect(body.data).toEqual([
      { id: expect.any(Number) as number, from: '2026-05-10T10:30:00.000Z', to: '2026-05-10T10:31:00.000Z', kind: 'GAP', pbx: 'pbx-milan', reason: 'older than all', lost: null, recovery: 'failed', recoveredCalls: null, recoveryNote: 'CDR_CSV: there is no Master.csv', recoveredAt: null },
    ]);
    expect((await json('/capture-gaps?kind=LOSS')).body.data).toMatchObject([{ lost: 3_120, recovery: 'none' }]);
    expect((await json('/capture-gaps?limit=2')).body['next']).not.toBeNull();
    expect((await json('/capture-gaps?kind=odd')).status).toBe(400);
  });

  it('lists dead letters, shows each with its content, and how to try it again', async () => {
    const html = await page('/dead-letters');
    expect(html).toContain('run logbook retry');
    expect(html).toMatch(/Dead Letters <span class="count">\(2\)<\/span>/);
    expect(html).not.toContain('<script>');
    const { data } = (await json('/dead-letters')).body;
    expect(data.map((letter) => Object.keys(letter))).toEqual(Array(2).fill(['id', 'at', 'name', 'stage', 'reason', 'tries', 'triedAt', 'pbx']));
    const id = Number(data.find((letter) => letter['name'] === 'UserEvent')?.['id']);
    expect(html).toContain(`<a href="/dead-letters/${id}">`);
    const letter = await page(`/dead-letters/${id}`);
    expect(letter).toContain(`npm run logbook -- retry --id ${id}`);
    expect(letter).toContain('&lt;script&gt;');
    expect(letter).not.toContain('<script>');
    expect(letter).not.toContain('\u202e');
    const torn = Number(data.find((other) => other['name'] === 'unreadable')?.['id']);
    expect(await page(`/dead-letters/${torn}`)).toContain(`/api/v1/dead-letters/${torn}`);
    expect((await json(`/dead-letters/${id}`)).body).toMatchObject({ id, content: expect.stringContaining('"headers":[["peername"') as string });
    expect((await visitor.get('/dead-letters/99999')).status).toBe(404);
    expect((await visitor.get('/dead-letters/abc')).status).toBe(404);
  });

  it('leads from a notice to what it is about', async () => {
    console.readiness = { ...READY, database: { ok: true, message: 'takes rows', warnings: ['The calls of a gap could not be recovered. See /capture-gaps?recovery=failed for why, and what to do.'] } };
    await expect.poll(() => page('/cdrs')).toContain('See <a href="/capture-gaps?recovery=failed">/capture-gaps?recovery=failed</a> for why');
    expect(((await (await fetch(`${console.url}/readyz`)).json()) as { database: { warnings: string[] } }).database.warnings).toHaveLength(1);
    console.readiness = READY;
  });

  it('says in an empty list what that means', async () => {
    const none = await startConsole();
    const other = new Visitor(none.url);
    await other.signIn();
    expect(await (await other.get('/capture-gaps')).text()).toMatch(/No gaps\.[\s\S]*listened without a break/);
    const letters = await (await other.get('/dead-letters')).text();
    expect(letters).toMatch(/No dead letters\.[\s\S]*translated and written/);
    expect(letters).not.toContain('class="count"');
    await none.stop();
  });
});
