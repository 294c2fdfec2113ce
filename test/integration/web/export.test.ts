import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { readXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALL_LOGS } from '../../../src/web/menu.js';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { BEGIN, recorded, type Recorded } from '../../unit/logs/recorded-calls.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { cdr, insertAccount, insertCdrs, insertSipSessions, sipSession } from './samples.js';

const NUMBER = '00390612345678';
const KINDS: readonly Recorded[] = ['ring group', 'queue, nobody', 'blind transfer', 'attended transfer', 'voicemail'];
/** Calls of several legs, a minute apart, and after them calls of one. */
const GROUPS = 200;
const SINGLES = 700;
const LONG_ROWS = 4_000;
const noise = (length: number): string => randomBytes(length).toString('base64').slice(0, length);

onEachDatabase('exports', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url);
    const { knex } = console.database;
    const groups = Array.from({ length: GROUPS }, (_, n) => recorded(KINDS[n % KINDS.length] ?? 'plain', BEGIN + n * 60 * MICROS_PER_SECOND)).flat();
    await insertCdrs(knex, groups.map((leg) => Object.fromEntries(Object.entries(leg).filter(([name]) => name !== 'id')) as Omit<typeof leg, 'id'>));
    await insertCdrs(knex, Array.from({ length: SINGLES }, (_, n) => cdr({ callDate: BEGIN + (100_000 + n) * MICROS_PER_SECOND, endDate: null, src: NUMBER, dst: '+390298765432', callerId: `"Marco ${NUMBER}" <${NUMBER}>`, channel: `PJSIP/${NUMBER}-0000001a`, dstchannel: 'PJSIP/trunk-0000001b', lastdata: `PJSIP/${NUMBER}@trunk,30`, userfield: `out-${NUMBER}.wav`, accountcode: NUMBER, peeraccount: NUMBER, extra: JSON.stringify({ did: NUMBER, note: '06 1234 5678' }), duration: 90_061 })));
    await insertSipSessions(knex, [sipSession(), sipSession({ peername: '904', reconciled: false })]);
    await insertAccount(knex);
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const lines = async (path: string): Promise<string[]> => {
    const answer = await visitor.get(path);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.text()).trimEnd().split('\r\n');
  };
  const workbook = async (path: string): Promise<{ name: string; rows: readonly (readonly unknown[])[] }[]> => {
    const answer = await visitor.get(path);
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']);
    return (await readXlsx(Buffer.from(await answer.arrayBuffer()))).sheets;
  };

  it('are there for every list, with its filters, as CSV and as a workbook', async () => {
    for (const [list, rows] of [['sip-sessions?peername=904', 1], ['registered-accounts', 1], ['web-sessions?eventType=SUCCESS_INTERACTIVE', 1], [`cdrs?src=${NUMBER}`, SINGLES]] as const) {
      const [path = '', query = ''] = list.split('?');
      expect(await lines(`/${path}.csv?${query}`)).toHaveLength(rows + 1);
      const [sheet] = await workbook(`/${path}.xlsx?${query}`);
      expect(sheet?.rows).toHaveLength(rows + 1);
      expect((await fetch(`${console.url}/${path}.xlsx`, { redirect: 'manual' })).status).toBe(303);
      expect((await fetch(`${console.url}/${path}.csv?${query}`, { headers: basic('admin', PASSWORD) })).status).toBe(200);
    }
    expect((await workbook('/cdrs.csv?format=xlsx&src=nobody'))[0]?.rows).toHaveLength(1);
  });

  it('have the columns, times and separators that were chosen', async () => {
    expect(await lines('/sip-sessions.csv?columns=peername,timestamp,reconciled&dates=local&delimiter=semicolon&bom=no&tz=Asia/Tokyo&peername=904')).toEqual([
      'Peername;Timestamp (Asia/Tokyo);Reconciled',
      '904;2026-05-11 00:12:24;false',
    ]);
    const [, row] = await lines(`/cdrs.csv?src=${NUMBER}&columns=duration,billsec&durations=minutes&decimal=comma&delimiter=tab`);
    expect(row).toBe('1501,0167\t1,3333');
  });

  it('keep phone numbers and durations in a workbook', async () => {
    const [sheet] = await workbook(`/cdrs.xlsx?src=${NUMBER}&columns=src,dst,duration,callDate&dates=iso`);
    expect(sheet?.name).toBe('Call Detailed Record');
    expect(sheet?.rows[1]?.slice(0, 2)).toEqual([NUMBER, '+390298765432']);
    expect(sheet?.rows[1]?.[3]).toEqual(new Date((BEGIN + (100_000 + SINGLES - 1) * MICROS_PER_SECOND) / 1_000));
  });

  it('fold legs into calls', async () => {
    // An attended transfer is two calls.
    const calls = GROUPS + GROUPS / KINDS.length;
    const rows = await lines('/cdrs.csv?calls=folded&columns=from,to,answeredBy,disposition,duration,billsec,talk,legs&to=2026-05-11');
    expect(rows).toHaveLength(calls + 1);
    expect(rows.slice(0, 3)).toEqual(['From,To,Answered By,Disposition,Duration,Billsec,Talk,Legs', '909,640,,NO_ANSWER,2,0,0,2', '904,908,908,ANSWERED,2,2,2,1']);
    expect((await lines('/cdrs.csv?calls=folded&disposition=NO_ANSWER&dst=620')).length).toBe(GROUPS / KINDS.length + 1);
    const answer = await visitor.get('/cdrs.xlsx?calls=folded&src=nobody');
    expect(answer.headers.get('content-disposition')).toMatch(/filename="calls-\d{4}-\d\d-\d\d\.xlsx"/);
  });

  it('hide digits in every column', async () => {
    for (const path of ['/cdrs.csv?mask=outside', '/cdrs.csv?mask=all', '/cdrs.csv?calls=folded&mask=outside']) {
      const text = (await lines(path)).join('\n');
      expect(text).toContain('00390612345xxx');
      expect(text).not.toContain('45678');
      expect(text).not.toContain('5432');
      expect(text).not.toMatch(/1234 ?5678/);
    }
    const cells = (await workbook('/cdrs.xlsx?mask=all')).flatMap(({ rows }) => rows.flat()).join('\n');
    expect(cells).not.toMatch(/45678|65432|PJSIP\/9/);
    expect((await lines('/cdrs.csv?mask=outside&columns=src,dst')).at(-1)).toMatch(/^90[49],\d{3}$/);
  });

  it.each([
    ['/cdrs.csv?columns=colour', 'columns'],
    ['/cdrs.csv?delimiter=pipe', 'delimiter'],
    ['/cdrs.xlsx?durations=hours', 'durations'],
    ['/sip-sessions.csv?calls=folded', 'calls'],
    ['/cdrs.csv?calls=folded&sort=duration', 'sort'],
    ['/cdrs.csv?mask=yes', 'mask'],
    ['/web-sessions.csv?tz=Mars', 'tz'],
    ['/export?list=phones', 'list'],
    ['/export', 'list'],
  ])('answer %s with 400 and name %s', async (path, parameter) => {
    const answer = await visitor.get(path);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(`<p>${parameter} `);
  });

  it('say beforehand about how many rows there will be', async () => {
    const estimate = async (path: string, method = 'HEAD'): Promise<string | null> =>
      (await fetch(console.url + path, { method, headers: { cookie: visitor.sessionCookie } })).headers.get('x-estimated-rows');
    const legs = GROUPS / KINDS.length * (3 + 4 + 2 + 4 + 2);
    expect(await estimate('/cdrs.csv')).toBe(String(legs + SINGLES));
    expect(await estimate('/cdrs.csv?src=nobody', 'GET')).toBe('0');
    expect(await estimate(`/cdrs.xlsx?src=${NUMBER}`)).toBe(String(SINGLES));
    expect(await estimate(`/cdrs.csv?calls=folded&src=${NUMBER}`)).toBe(String(SINGLES));
    const [, about] = /^~(\d+)$/.exec((await estimate('/cdrs.csv?calls=folded')) ?? '') ?? [];
    expect(Number(about)).toBeGreaterThan(SINGLES);
    expect(Number(about)).toBeLessThan(legs + SINGLES);
  });

  it('are cut off when they fail midway, a workbook too', async () => {
    const { knex } = console.database;
    // What cannot be compressed, and more of it than sockets hold: short files are whole before anybody could take the table away.
    const notes = Array.from({ length: LONG_ROWS }, (_, n) => cdr({ callDate: BEGIN - n * MICROS_PER_SECOND, src: 'long', userfield: noise(512), lastdata: noise(512), extra: noise(4_000) }));
    await insertCdrs(knex, notes);
    const request = httpRequest(`${console.url}/cdrs.xlsx`, { headers: { cookie: visitor.sessionCookie } }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await knex.schema.renameTable('cdr', 'cdr_away');
    try {
      await expect(
        (async () => {
          for await (const chunk of response) expect(chunk).toBeTruthy();
        })(),
      ).rejects.toThrow('aborted');
    } finally {
      await knex.schema.renameTable('cdr_away', 'cdr');
    }
    expect((await workbook('/cdrs.xlsx'))[0]?.rows.length).toBeGreaterThan(1_000);
    await knex('cdr').where({ src: 'long' }).delete();
  });

  const page = (path: string): Promise<string> => visitor.page(path);
  const choose = async (from: string, fields: [string, string][]): Promise<Response> => {
    const html = await page(from);
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].filter(([, name]) => ['_csrf', 'list', 'calls', 'parameters'].includes(name ?? ''));
    // The layout's own forms have the token, too.
    const all = [...new Map(hidden.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')])), ...fields];
    return fetch(`${console.url}/export`, { method: 'POST', redirect: 'manual', headers: { cookie: visitor.sessionCookie }, body: new URLSearchParams(all) });
  };
  const CHOSEN: [string, string][] = [
    ['format', 'csv'], ['tz', 'Asia/Tokyo'], ['dates', 'local'], ['durations', ''], ['delimiter', 'semicolon'], ['decimal', 'comma'], ['mask', 'outside'],
    ['column', 'src'], ['place.src', '9'], ['column', 'dst'], ['place.dst', '2'], ['place.callDate', '1'],
  ];

  it('are chosen on a page that every list links to', async () => {
    expect(await page('/cdrs?src=904&limit=10')).toContain('<a class="download" href="/export?list=cdrs&amp;src=904">Export…</a>');
    expect(await page('/sip-sessions')).toContain('href="/export?list=sip-sessions">Export…</a>');
    const html = await page('/export?list=cdrs&from=2026-05-10T12:00&src=909');
    expect(html).toContain('<strong>520 rows</strong> · Call Date from <bdi>2026-05-10 12:00</bdi> · Src <bdi>909</bdi>');
    expect(html).toContain('drops its zeros');
    expect(html).not.toContain('<script>');
    expect(await page('/export?list=cdrs&calls=folded')).toMatch(/<strong>about [\d,]+ calls<\/strong>/);
    for (const log of ALL_LOGS) if (log.name !== 'cdrs') expect(await page(`/export?list=${log.name}`)).not.toContain('Each whole call a row');
  });

  it('lead from the page to the file, and are remembered for that user and list', async () => {
    const answer = await choose('/export?list=cdrs&src=904&sort=duration&order=desc', CHOSEN);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/cdrs.csv?src=904&sort=duration&order=desc&tz=Asia%2FTokyo&dates=local&delimiter=semicolon&decimal=comma&mask=outside&columns=dst%2Csrc&bom=no');
    expect((await lines(answer.headers.get('location') ?? ''))[0]).toBe('Dst;Src');

    const again = await page('/export?list=cdrs');
    expect(again).toContain('<option value="semicolon" selected>');
    expect(again).toContain('value="Asia/Tokyo"');
    expect(again).toMatch(/value="outside" checked/);
    expect(again).not.toMatch(/name="bom" value="yes" checked/);
    expect([...again.matchAll(/name="column" value="(\w+)"( checked)?/g)].slice(0, 3).map(([, name, chosen]) => [name, chosen])).toEqual([['dst', ' checked'], ['src', ' checked'], ['id', undefined]]);

    // Whole calls have columns of their own; another list, another user and an address that chooses itself begin anew.
    expect(await page('/export?list=cdrs&calls=folded')).toMatch(/value="begin" checked/);
    expect(await page('/export?list=sip-sessions')).toContain('<option value="comma" selected>');
    expect(await page('/export?list=cdrs&format=csv')).toContain('<option value="comma" selected>');
    await console.users.addUser('ann', 'long enough');
    const ann = new Visitor(console.url);
    await ann.signIn('ann', 'long enough');
    expect(await (await ann.get('/export?list=cdrs')).text()).toContain('<option value="comma" selected>');
  });

  it('of whole calls work from a list that is sorted by anything', async () => {
    const html = await page('/export?list=cdrs&calls=folded&sort=duration&order=desc&src=904');
    expect(html).toContain('name="calls" value="folded"');
    const answer = await choose('/export?list=cdrs&calls=folded&sort=duration&src=904', [['format', 'xlsx'], ['column', 'from'], ['bom', 'yes']]);
    expect(answer.headers.get('location')).toBe('/cdrs.xlsx?src=904&tz=Asia%2FTokyo&calls=folded&columns=from');
    expect(await page('/export?list=cdrs')).toContain('name="calls" value="folded"');
  });

  it('say on the page what cannot be, and keep the rest', async () => {
    const answer = await choose('/export?list=cdrs&calls=legs&src=904', [['format', 'csv'], ['tz', 'Mars'], ['delimiter', 'tab']]);
    const html = await answer.text();
    expect(answer.status).toBe(400);
    expect(html).toMatch(/role="alert">(columns must name at least one column|tz must be a time zone)/);
    expect(html).toContain('<option value="tab" selected>');
    expect(html).toContain('Src <bdi>904</bdi>');
    expect((await fetch(`${console.url}/export`, { method: 'POST', headers: { cookie: visitor.sessionCookie }, body: new URLSearchParams({ list: 'cdrs' }) })).status).toBe(403);
  });

  it('forget what a user chose when the user is removed', async () => {
    const { knex } = console.database;
    await knex('console_preference').insert({ user_id: (await console.users.find('ann'))?.id ?? 0, name: 'export.cdrs', value: 'mask=all' });
    await console.users.removeUser('ann');
    expect(await knex('console_preference').where({ value: 'mask=all' })).toEqual([]);
  });
});
