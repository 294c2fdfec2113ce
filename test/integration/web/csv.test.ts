import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isSqlite, openDatabase } from '../../../src/database/database.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { listAll } from '../../../src/logs/listing.js';
import { csvWriter } from '../../../src/web/csv.js';
import { parseExportRequest, type ExportRequest } from '../../../src/web/export-choices.js';
import { fieldsOf } from '../../../src/web/export-fields.js';
import { blocks } from '../../../src/web/export-lines.js';
import { openExport } from '../../../src/web/export-rows.js';
import { taskOf, wholeFile } from '../../../src/web/export-send.js';
import { ExportThreads } from '../../../src/web/export-thread.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { at, cdr, insertCdrs } from './samples.js';

const CALLS = 12_345;
// Together more than a thread reads ahead.
const LONG = 'x'.repeat(500);

onEachDatabase('the download', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url);
    const begin = at('2026-05-10T12:00:00Z');
    await insertCdrs(
      console.database.knex,
      Array.from({ length: CALLS }, (_, i) => cdr({ callDate: begin + i * 1_000_000, src: i % 5 === 0 ? '=1+1' : '+39061234', duration: i % 7, lastdata: LONG, userfield: LONG })),
    );
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  // A connection of its own: one that was kept may be closed by now where the machine is slow.
  const open = async (path: string): Promise<IncomingMessage> => {
    const request = httpRequest(`${console.url}${path}`, { agent: false, headers: { cookie: visitor.sessionCookie } }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  };
  const download = async (path: string): Promise<string[]> => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await open(path)) as AsyncIterable<Buffer>) chunks.push(chunk);
    return new TextDecoder().decode(Buffer.concat(chunks)).split('\r\n');
  };

  it('is linked from the page, with its filters and zone', async () => {
    const html = await (await visitor.get('/cdrs?src=%3D1%2B1&limit=10')).text();
    expect(html).toContain('href="/cdrs.csv?src=%3D1%2B1&amp;tz=Europe%2FRome" download>Download report - CSV</a>');
  });

  it('has every row of the list, in its order', async () => {
    const lines = await download('/cdrs.csv');
    expect(lines).toHaveLength(CALLS + 2);
    expect(lines[0]).toContain('Call Date (Europe/Rome),Call Date UTC (ISO)');
    const dates = lines.slice(1, -1).map((line) => line.split(',')[2] ?? '');
    expect(dates[0]).toBe(`2026-05-10T15:25:44.000000Z`);
    expect(dates).toEqual([...dates].sort().reverse());
  });

  it('is the whole list from wherever in it one asks', async () => {
    const page = async (path: string): Promise<{ next: string; previous: string }> => (await (await visitor.get(path)).json()) as { next: string; previous: string };
    const { next } = await page('/api/v1/cdrs?limit=1000');
    const { next: third, previous } = await page(`/api/v1/cdrs?limit=1000&cursor=${(await page(`/api/v1/cdrs?limit=1000&cursor=${next}`)).next}`);
    const whole = await download('/cdrs.csv');
    expect(whole).toHaveLength(CALLS + 2);
    for (const cursor of [third, previous]) expect(await download(`/cdrs.csv?cursor=${cursor}`)).toEqual(whole);
  });

  it('has exactly what the filter leaves', async () => {
    const lines = await download('/cdrs.csv?src=%3D1%2B1&from=2026-05-10T14:00&to=2026-05-10T14:01&tz=Europe/Rome&sort=callDate&order=asc');
    expect(lines).toHaveLength(12 + 2);
    expect(lines[1]).toContain(",2026-05-10 14:00:00,2026-05-10T12:00:00.000000Z,");
    expect(lines[1]).toContain(",'=1+1,");
    expect((await download('/cdrs.csv?src=%2B39061234&limit=3'))[1]).toContain(',+39061234,');
  });

  it('has a header when there are no rows, and a dated name', async () => {
    const answer = await visitor.get('/cdrs.csv?src=nobody&tz=UTC');
    expect(answer.headers.get('content-type')).toContain('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="cdrs-\d{4}-\d\d-\d\d\.csv"$/);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(bytes.toString().split('\r\n')).toHaveLength(2);
  });

  it('is for those who are signed in, also by Basic', async () => {
    expect((await fetch(`${console.url}/cdrs.csv`, { redirect: 'manual' })).status).toBe(303);
    expect((await fetch(`${console.url}/cdrs.csv?src=nobody`, { headers: basic('admin', PASSWORD) })).status).toBe(200);
    expect((await fetch(`${console.url}/cdrs.csv?src=nobody`, { headers: basic('admin', 'wrong') })).status).toBe(401);
    expect((await visitor.get('/cdrs.csv?tz=Mars')).status).toBe(400);
    expect((await visitor.get('/cdrs.csv?colour=red')).status).toBe(400);
  });

  const whole = async ({ listing, choices }: ExportRequest): Promise<string> => {
    const write = csvWriter(fieldsOf(cdrs, choices, listing.zone), listing.zone, choices);
    let text = '';
    for await (const records of listAll(console.database.knex, cdrs, listing.query)) text += write(records);
    return text;
  };

  it('is the same whether a thread writes it, page after page, or not', async () => {
    expect((await download('/cdrs.csv')).join('\r\n')).toBe((await whole(parseExportRequest(cdrs, {}, 'Europe/Rome'))).slice(1));
  });

  it('misses nothing of what a thread writes before anybody reads, and holds no connection as long', async () => {
    const { knex } = console.database;
    const connections = async (): Promise<number> => (isSqlite(knex) ? 0 : ((await knex.raw('select id from information_schema.processlist where db = database()')) as [unknown[]])[0].length);
    const asked = parseExportRequest(cdrs, {}, 'Europe/Rome');
    const { rest } = await openExport(console.database.knex, asked);
    const task = taskOf(console.database, asked, rest);
    if (!rest || !task) throw new Error('a thread was to write this');
    const before = await connections();
    const thread = await new ExportThreads().start(task, new AbortController().signal);
    await sleep(1_500);
    if (!isSqlite(knex)) await expect.poll(connections).toBeGreaterThan(before);
    await expect.poll(connections).toBeLessThanOrEqual(before);
    const chunks: Buffer[] = [];
    for await (const { bytes } of wholeFile(asked, rest, thread)) chunks.push(Buffer.from(bytes));
    thread.close();
    expect(Buffer.concat(chunks).toString()).toBe(await whole(asked));
  });

  it('loses nothing where a reader takes a block late, with odd values behind it', async () => {
    const { knex } = console.database;
    const odd = Array.from({ length: 40 }, (_, n) => cdr({ callDate: at('2026-05-10T12:30:00.5Z') + n * 100_000_000, src: 'odd', userfield: 'a\u001fb' }));
    await insertCdrs(knex, odd);
    try {
      const asked = parseExportRequest(cdrs, {}, 'Europe/Rome');
      const { rest } = await openExport(knex, asked);
      const task = taskOf(console.database, asked, rest);
      if (rest?.kind !== 'rows' || task?.kind !== 'rows') throw new Error('a thread was to write this');
      const texts: string[] = [];
      for await (const { bytes } of blocks(task, () => null, 10)) {
        texts.push(Buffer.from(bytes).toString());
        await sleep(40);
      }
      const written = (await whole(asked)).split('\r\n');
      expect(texts.join('').split('\r\n')).toEqual(written.slice(1 + rest.first.length));
    } finally {
      await knex('cdr').where({ src: 'odd' }).delete();
    }
  });

  it('tells a value with the characters that part cells and rows', async () => {
    const { knex } = console.database;
    await insertCdrs(knex, [cdr({ callDate: at('2026-05-10T12:30:00.5Z'), src: 'odd', callerId: 'a\u001fb\u001ec', userfield: 'd\u001e' })]);
    try {
      const lines = await download('/cdrs.csv');
      expect(lines).toHaveLength(CALLS + 3);
      expect(lines.filter((line) => line.includes(',a\u001fb\u001ec,') && line.includes(',d\u001e,'))).toHaveLength(1);
    } finally {
      await knex('cdr').where({ src: 'odd' }).delete();
    }
  });

  it('keeps no thread for those who went away before it began', async () => {
    const other = openDatabase(database.url);
    // SQLite has one connection, which waits for nobody's lock; MariaDB's table can be locked.
    const holding = await (isSqlite(console.database.knex) ? console.database : other).knex.transaction();
    if (!isSqlite(other.knex)) await holding.raw('lock tables cdr write');
    const requests = Array.from({ length: 5 }, () => httpRequest(`${console.url}/cdrs.csv`, { agent: false, headers: { cookie: visitor.sessionCookie } }).on('error', () => undefined).end());
    await sleep(500);
    for (const request of requests) request.destroy();
    await sleep(200);
    if (!isSqlite(other.knex)) await holding.raw('unlock tables');
    await holding.rollback();
    await other.close();
    const held = await Promise.all(Array.from({ length: 4 }, () => open('/cdrs.csv')));
    for (const response of held) response.destroy();
    expect(held.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
  });
});
