import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import { BEGIN, recorded, type Recorded } from '../../unit/logs/recorded-calls.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { cdr, gap, HOSTILE, insertAccount, insertCdrs, insertGaps, insertSipSessions, sipSession } from './samples.js';

const HOUR = 3_600_000_000;
/** What real PBXs told, each an hour after the other. */
const RECORDED: readonly Recorded[] = ['plain', 'ring group', 'ring group of Local channels', 'queue', 'queue of Local channels', 'blind transfer', 'voicemail', 'pickup', 'click to call through Local', 'queue without members'];
const CALLS: readonly Cdr[] = RECORDED.flatMap((name, index) => recorded(name, BEGIN + index * HOUR, 1_000 + index * 100));

onEachDatabase('the calls of an account', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { clock: () => BEGIN + 20 * HOUR });
    const { knex } = console.database;
    await insertCdrs(knex, CALLS);
    // Goes out with the company's number, and another PBX has phones of the same names.
    await insertCdrs(knex, [cdr({ callDate: BEGIN - HOUR, src: '+390245678900', dst: '0039347', callerId: '"Azienda" <+390245678900>', channel: 'PJSIP/904-0000aaaa', dstchannel: 'PJSIP/fastline-0000aaab', uniqueid: 'ddi', linkedid: 'ddi' })]);
    await insertCdrs(knex, CALLS.map((call) => ({ ...call, id: call.id + 100_000, pbx: 'pbx-rome' })));
    await insertSipSessions(knex, ['pbx-milan', 'pbx-rome'].map((pbx) => sipSession({ pbx, peername: '908', account: pbx })));
    await insertGaps(knex, ['pbx-milan', 'pbx-rome'].map((pbx, index) => gap({ pbx, from: BEGIN + (index + 1) * HOUR + 60_000_000, to: BEGIN + (index + 1) * HOUR + 120_000_000, reason: `gap of ${pbx}` })));
    await insertAccount(knex, { username: '904', description: 'Marco Bianchi' });
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const page = (path: string): Promise<string> => visitor.page(path);
  const list = async (query: string): Promise<readonly Cdr[]> => ((await (await fetch(`${console.url}/api/v1/cdrs?limit=1000&${query}`, { headers: basic('admin', PASSWORD) })).json()) as { data: Cdr[] }).data;
  const linksOf = (html: string): string[] => [...html.matchAll(/<a href="(\/cdrs\?(?:channel|dstchannel|src|dst)=[^"]+)">/g)].map(([, href]) => (href ?? '').replaceAll('&amp;', '&'));
  const channelOf = (name: string): string => name.slice(0, name.lastIndexOf('-'));

  it.each(['904', '908'])('%s: are those of its phone, whatever they were dialled as, and those of its number', async (username) => {
    const html = await page(`/accounts/pbx-milan/${username}`);
    const section = html.slice(html.indexOf('<h2>Calls</h2>'), html.indexOf('<h2>Session history</h2>'));
    const shown = [...section.matchAll(/<td class="callDate[^>]*><a href="\/calls\/([^?"]+)\?pbx=([^"]+)"/g)].map(([, linkedid, pbx]) => [linkedid, pbx]);
    const device = `PJSIP/${username}`;
    const own = [...CALLS, ...(username === '904' ? [{ callDate: BEGIN - HOUR, id: 0, src: '', dst: '', channel: 'PJSIP/904-1', dstchannel: '', linkedid: 'ddi' }] : [])].filter(
      ({ src, dst, channel, dstchannel }) => [src, dst].includes(username) || [channel, dstchannel].some((name) => channelOf(name) === device),
    );
    const expected = [...own].sort((a, b) => b.callDate - a.callDate || b.id - a.id).map(({ linkedid }) => [linkedid, 'pbx-milan']);
    expect(shown).toEqual(expected);
    // Its number does not tell of all of them.
    expect(own.filter(({ src, dst }) => ![src, dst].includes(username)).length).toBeGreaterThan(1);
    // The links beside them lead to all of these, and to no other PBX's.
    const links = linksOf(section);
    expect(links).toEqual(['channel', 'dstchannel', 'src', 'dst'].map((name) => `/cdrs?${new URLSearchParams({ [name]: name.endsWith('channel') ? device : username, pbx: 'pbx-milan' }).toString()}`));
    const lists = await Promise.all(links.map((link) => list(link.slice('/cdrs?'.length))));
    expect(new Set(lists.flat().map(({ id }) => id)).size).toBe(expected.length);
    expect(lists.flat().every(({ pbx }) => pbx === 'pbx-milan')).toBe(true);
  });

  it('are found as whole calls, too, and exported', async () => {
    expect((await page('/calls?dstchannel=PJSIP/908&pbx=pbx-milan')).match(/<td class="begin /g)).toHaveLength(new Set(CALLS.filter(({ dstchannel }) => channelOf(dstchannel) === 'PJSIP/908').map(({ linkedid }) => linkedid)).size);
    const csv = await (await visitor.get('/cdrs.csv?channel=PJSIP/908&pbx=pbx-milan')).text();
    expect(csv.trim().split('\n')).toHaveLength(1 + CALLS.filter(({ channel }) => channelOf(channel) === 'PJSIP/908').length);
  });

  it('of a stranger with a hostile name, or of nobody, are no other’s', async () => {
    expect((await visitor.get('/accounts/pbx-turin/904')).status).toBe(404);
    expect((await visitor.get(`/accounts/pbx-milan/${encodeURIComponent(HOSTILE)}`)).status).toBe(404);
    // Known by its channels alone.
    const trunk = await page('/accounts/pbx-milan/fastline');
    expect(linksOf(trunk).slice(0, 2)).toEqual(['/cdrs?channel=PJSIP%2Ffastline&pbx=pbx-milan', '/cdrs?dstchannel=PJSIP%2Ffastline&pbx=pbx-milan']);
  });

  it('a list of one PBX has its rows and its gaps alone, and a chip that says so', async () => {
    const html = await page('/sip-sessions?peername=908&pbx=pbx-rome');
    expect(html).toMatch(/<li class="chip"><span>PBX <strong><bdi>pbx-rome<\/bdi>/);
    expect(html.match(/<td class="account /g)).toHaveLength(1);
    expect(html).toContain('<a href="/accounts/pbx-rome/908">');
    expect(html).toContain('<bdi>908</bdi></a>');
    const calls = await page('/cdrs?pbx=pbx-rome&limit=1000');
    expect([calls.includes('gap of pbx-rome'), calls.includes('gap of pbx-milan')]).toEqual([true, false]);
    expect((await page('/web-sessions?pbx=nowhere')).match(/<td class="dateCreated/g)).toBeNull();
    expect((await list('pbx=pbx-rome')).length).toBe(CALLS.length);
  });

  it('what cannot be answered in that order or by that name is told, with a way on', async () => {
    const { knex } = console.database;
    await insertCdrs(knex, Array.from({ length: 6_000 }, (_, i) => cdr({ callDate: BEGIN - 3 * HOUR - i, pbx: 'pbx-large', disposition: 'NO_ANSWER', duration: 1, callerId: `"Nome${i % 1_100} Cognome" <1>` })));
    await insertCdrs(knex, Array.from({ length: 6_000 }, (_, i) => cdr({ callDate: BEGIN - 3 * HOUR - i, pbx: 'pbx-larger', duration: 2, callerId: '' })));
    const sorted = await visitor.get('/cdrs?disposition=NO_ANSWER&sort=duration&order=desc');
    expect(sorted.status).toBe(400);
    const html = await sorted.text();
    expect(html).toContain('Order “Duration” is an order for up to 5000 rows, and more fit: choose a shorter range of time, another filter, or the order of time.');
    expect(html).toMatch(/<a href="\/cdrs\?disposition=NO_ANSWER">Leave it out</);
    const named = await visitor.get('/cdrs?search=cognome');
    expect(named.status).toBe(400);
    expect(await named.text()).toContain('Search “cognome” begins a word of more than 1000 names; give more of the name.');
    const api = async (query: string): Promise<unknown[]> => {
      const answer = await fetch(`${console.url}/api/v1/cdrs?${query}`, { headers: basic('admin', PASSWORD) });
      return [answer.status, JSON.stringify(await answer.json())];
    };
    expect(await api('disposition=NO_ANSWER&sort=duration&order=desc')).toEqual([400, expect.stringContaining('sort')]);
    expect(await api('search=cognome')).toEqual([400, expect.stringContaining('search')]);
    // A file of them has its order, however many they are; by a name that means too many it is none.
    const file = await (await visitor.get('/cdrs.csv?disposition=NO_ANSWER&sort=duration&order=desc&columns=duration')).text();
    expect(file.trim().split('\n').length).toBeGreaterThan(6_000);
    expect((await visitor.get('/cdrs.csv?search=cognome')).status).toBe(400);
    expect(await page('/cdrs?search=Nome77')).toContain('<td class="callDate');
  });
});
