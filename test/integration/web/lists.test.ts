import { afterAll, beforeAll, expect, it } from 'vitest';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { at, cdr, insertCdrs } from './samples.js';

onEachDatabase('lists', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;
  const now = { at: at('2026-10-26T10:00:00Z') };

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { clock: () => now.at });
    await insertCdrs(console.database.knex, [
      // The last moment of the 24th in Rome, the first of the 25th, its 25th hour, and the first of the 26th.
      ...['2026-10-24T21:59:59.999999Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59.999999Z', '2026-10-25T23:00:00Z'].map((time) => cdr({ callDate: at(time) })),
      ...Array.from({ length: 60 }, (_, i) => cdr({ callDate: at('2026-09-10T12:00:00Z') + i * 60_000_000, src: i % 2 ? '+39065551234' : '904', disposition: i % 3 ? 'ANSWERED' : 'BUSY' })),
    ]);
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const page = (path: string, reader = visitor): Promise<string> => reader.page(path);
  interface Listed { data: { callDate: string; id: number }[]; next: string | null; previous: string | null; count: { kind: string; rows: number } | null }
  const json = async (path: string): Promise<Listed> => (await fetch(`${console.url}/api/v1${path}`, { headers: basic('admin', PASSWORD) })).json() as Promise<Listed>;
  const times = (html: string): string[] => [...html.matchAll(/<time datetime="(\d[^"]+)"/g)].map((match) => match[1] ?? '');
  const heads = (html: string): string[] => [...html.matchAll(/<th scope="col" class="(\w+)/g)].map((match) => match[1] ?? '');

  it('know a day by the reader’s calendar, the same in page, CSV, export and JSON', async () => {
    const day = ['2026-10-25T22:59:59.999999Z', '2026-10-24T22:00:00.000000Z'];
    expect(times(await page('/cdrs?range=yesterday'))).toEqual(day);
    const csv = await page('/cdrs.csv?range=yesterday&columns=callDate&dates=iso');
    expect(csv.trim().split('\r\n').slice(1)).toEqual(day);
    expect(await page('/export?list=cdrs&range=yesterday')).toContain('<strong>2 rows</strong> · Call Date <bdi>Yesterday, 2026-10-25</bdi>');
    expect((await json('/cdrs?range=yesterday&tz=Europe/Rome')).data.map(({ callDate }) => callDate)).toEqual(day);
    // A script has no calendar unless it says which.
    expect((await json('/cdrs?range=yesterday')).data.map(({ callDate }) => callDate)).toEqual(['2026-10-25T23:00:00.000000Z', day[0]]);
    expect((await json('/cdrs?from=2026-10-25T00:00&to=2026-10-26&tz=Europe/Rome')).data.map(({ callDate }) => callDate)).toEqual(day);
  });

  it('keep a range relative: tomorrow the same address is another day', async () => {
    const html = await page('/cdrs?range=yesterday');
    expect(html).toMatch(/href="\/cdrs\?range=yesterday" aria-current="true" title="2026-10-25">Yesterday</);
    expect(html).toContain('href="/cdrs.csv?range=yesterday&amp;tz=Europe%2FRome"');
    now.at += 86_400_000_000;
    expect(times(await page('/cdrs?range=yesterday'))).toEqual(['2026-10-25T23:00:00.000000Z']);
    now.at -= 86_400_000_000;
  });

  it('turn what a form sends into an address that says no more than what was asked', async () => {
    const sent = async (query: string): Promise<string | null> => (await visitor.get(`/cdrs?${query}`)).headers.get('location');
    expect(await sent('search=&from=&to=&src=904&dst=&disposition=&rangeKept=today')).toBe('/cdrs?range=today&src=904');
    // Times that are filled in count instead of the range.
    expect(await sent('from=2026-10-25T00:00&to=&rangeKept=today')).toBe('/cdrs?from=2026-10-24T22%3A00%3A00.000000Z');
    expect(await sent('search=904&sort=duration&order=asc&columns=src,dst')).toBeNull();
  });

  it('show the columns that the address names, else those that the user chose', async () => {
    expect(heads(await page('/cdrs?columns=dst,src,billsec'))).toEqual(['dst', 'src', 'billsec']);
    const usual = heads(await page('/cdrs'));
    const list = { list: 'cdrs', parameters: 'src=904' };
    const chosen = await visitor.post('/lists/columns', { ...list, column: 'uniqueid' }, '/cdrs');
    expect([chosen.status, chosen.headers.get('location')]).toEqual([303, '/cdrs?src=904&columns=uniqueid']);
    expect(heads(await page('/cdrs'))).toEqual(['uniqueid']);
    // Links say it, so that whoever gets one sees the same.
    expect(await page('/cdrs?limit=10')).toMatch(/href="\/cdrs\?limit=10&amp;columns=uniqueid&amp;cursor=\w+" rel="next"/);
    await console.users.addUser('guest', PASSWORD);
    const guest = new Visitor(console.url);
    await guest.signIn('guest');
    expect(heads(await page('/cdrs', guest))).toEqual(usual);
    expect((await visitor.post('/lists/columns', { ...list, reset: 'yes' }, '/cdrs')).headers.get('location')).toBe('/cdrs?src=904');
    expect(heads(await page('/cdrs'))).toEqual(usual);
    expect((await visitor.post('/lists/columns', list, '/cdrs')).status).toBe(400);
    expect((await visitor.get('/cdrs?columns=nonsense')).status).toBe(400);
  });

  it('are kept as views, for one user alone', async () => {
    const list = { list: 'cdrs', parameters: 'range=today&src=904&limit=10' };
    const saved = await visitor.post('/lists/views', { ...list, action: 'save', name: '"><b>Mine</b>' }, '/cdrs');
    expect(saved.headers.get('location')).toBe('/cdrs?range=today&src=904&limit=10&columns=callDate,src,dst,duration,disposition');
    expect(await page('/cdrs')).toContain('<a href="/cdrs?range=today&amp;src=904&amp;limit=10&amp;columns=callDate,src,dst,duration,disposition"><bdi>&quot;&gt;&lt;b&gt;Mine&lt;/b&gt;</bdi></a>');
    expect(await page('/sip-sessions')).not.toContain('Mine');
    const guest = new Visitor(console.url);
    await guest.signIn('guest');
    expect(await page('/cdrs', guest)).not.toContain('Mine');
    expect((await visitor.post('/lists/views', { ...list, action: 'save', name: ' ' }, '/cdrs')).status).toBe(400);
    expect((await visitor.post('/lists/views', { ...list, list: 'elsewhere', action: 'save', name: 'x' }, '/cdrs')).status).toBe(400);
    // Nobody can be made to do it by a page elsewhere.
    expect((await visitor.post('/lists/views', { ...list, action: 'delete', view: '"><b>Mine</b>', _csrf: '' })).status).toBe(403);
    await visitor.post('/lists/views', { ...list, action: 'delete', view: '"><b>Mine</b>' }, '/cdrs');
    expect(await page('/cdrs')).not.toContain('Mine');
    expect((await new Visitor(console.url).post('/lists/views', { ...list, action: 'save', name: 'x' }, '/sign-in')).headers.get('location')).toContain('/sign-in');
  });

  it('lead back in JSON, and say how many rows there are on the first page', async () => {
    const first = await json('/cdrs?limit=25&count=true');
    expect([first.previous, first.count]).toEqual([null, { kind: 'exact', rows: 64 }]);
    // Counting is asked for, but for a page that is all there is.
    expect((await json('/cdrs?limit=25')).count).toBeNull();
    expect((await json('/cdrs?limit=100')).count).toEqual({ kind: 'exact', rows: 64 });
    const second = await json(`/cdrs?limit=25&cursor=${first.next ?? ''}`);
    expect(second.count).toBeNull();
    const third = await json(`/cdrs?limit=25&cursor=${second.next ?? ''}`);
    expect(third.next).toBeNull();
    expect((await json(`/cdrs?limit=25&cursor=${third.previous ?? ''}`)).data).toEqual(second.data);
    expect(await json(`/cdrs?limit=25&cursor=${second.previous ?? ''}`)).toEqual({ ...first, count: null });
  });

  it('are whole again at their beginning, also when the way back ends amid a page', async () => {
    const { next } = await json('/cdrs?limit=10');
    const html = await page(`/cdrs?limit=25&cursor=${next ?? ''}`);
    const back = /<a href="([^"]+)" rel="prev">/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const first = await page(back);
    expect(times(first)).toHaveLength(25);
    expect(first).not.toContain('rel="first"');
    expect(first).toMatch(/<p class="size"[^>]*>64 rows<\/p>/);
  });

  it('say whether there is nothing yet, or nothing that fits', async () => {
    const html = await page('/cdrs?src=000&disposition=BUSY');
    expect(html).toContain('Nothing here fits the filter.');
    expect(html).toContain('<li><a href="/cdrs?src=000">Disposition <bdi>BUSY</bdi></a></li>');
    // Whatever one asks of an empty log, the filter is not to blame.
    const none = await page('/dead-letters?name=Cdr');
    expect(none).toContain('No dead letters.');
    expect(none).not.toContain('Nothing here fits');
  });

  it('name what cannot be asked and keep the rest', async () => {
    const answer = await visitor.get('/cdrs?src=904&from=2026-10-26&to=2026-10-25&colour=red&sort=extra');
    const html = await answer.text();
    expect(answer.status).toBe(400);
    expect(html).toMatch(/colour “red” is no parameter of cdrs/);
    expect(html).toMatch(/Call Date from “2026-10-26” must not be later than to/);
    expect(html).toMatch(/Order “extra” must be one of/);
    expect(html).toMatch(/id="filter-src" name="src" value="904"/);
    expect(html).not.toContain('<tbody>');
    expect(html).toContain('<a href="/cdrs?to=2026-10-24T22%3A00%3A00.000000Z&amp;src=904">Leave them out</a>');
  });

  it('write a number as it is, and a duration in seconds for who points at it', async () => {
    const html = await page('/cdrs?src=%2B39065551234&limit=1');
    expect(html).toMatch(/<td class="src text number" data-title="Src"><bdi>\+39065551234<\/bdi>/);
    expect(html).toMatch(/<time datetime="PT\d+S" title="\d+ seconds">\d+:\d\d:\d\d<\/time>/);
  });
});
