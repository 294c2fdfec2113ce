import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DownloadState } from '../../../src/web/export-progress.js';
import { PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { at, cdr, insertCdrs } from './samples.js';

const CALLS = 12_000;
/** Together more than sockets keep on their way, whose buffers grow to 36 MB each: nobody has sent a file's end before it is read. */
const LONG = JSON.stringify({ note: 'x'.repeat(10_000) });

onEachDatabase('the progress of a download', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;
  let made = 0;

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url);
    await insertCdrs(console.database.knex, Array.from({ length: CALLS }, (_, i) => cdr({ callDate: at('2026-05-10T12:00:00Z') + i * 1_000_000, extra: LONG })));
    await console.users.addUser('ann', PASSWORD);
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });
  afterAll(async () => {
    await console.stop();
    await database.drop();
  });

  const newId = (): string => `download-of-this-test-${(made += 1)}`;
  const begin = async (id: string, path = '/cdrs.csv'): Promise<IncomingMessage> => {
    const request = httpRequest(`${console.url}${path}${path.includes('?') ? '&' : '?'}download=${id}`, { agent: false, headers: { cookie: visitor.sessionCookie } }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  };
  const read = async (response: IncomingMessage): Promise<number> => {
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
    return bytes;
  };
  const progress = async (id: string): Promise<DownloadState> => (await (await visitor.get(`/export/progress?download=${id}`)).json()) as DownloadState;
  const ended = async (id: string): Promise<DownloadState> => {
    await expect.poll(async () => (await progress(id)).state).not.toBe('running');
    return progress(id);
  };

  it.each(['/cdrs.csv', '/cdrs.xlsx', '/cdrs.csv?calls=folded'])('of %s tells rows, and the end', async (path) => {
    const id = newId();
    const response = await begin(id, path);
    const running = await progress(id);
    expect(running).toMatchObject({ state: 'running', why: null });
    expect(running.rows).toBeLessThan(CALLS);
    await read(response);
    expect(await ended(id)).toEqual({ state: 'done', why: null, rows: CALLS, of: { kind: 'exact', rows: CALLS }, part: 1 });
  });

  it.each(['/cdrs.csv', '/cdrs.xlsx'])('of %s says that it broke off, and the connection says so too', async (path) => {
    const { knex } = console.database;
    const id = newId();
    const response = await begin(id, path);
    await knex.schema.renameTable('cdr', 'cdr_away');
    try {
      await expect(read(response)).rejects.toThrow('aborted');
    } finally {
      await knex.schema.renameTable('cdr_away', 'cdr');
    }
    const state = await ended(id);
    expect(state).toMatchObject({ state: 'broken', why: 'failed' });
    expect(state.rows).toBeLessThan(CALLS);
  });

  it('stands still while the client does not read', async () => {
    const id = newId();
    const response = await begin(id);
    await sleep(1_000);
    const { state, rows } = await progress(id);
    expect(state).toBe('running');
    expect(rows).toBeLessThan(CALLS);
    response.destroy();
    expect(await ended(id)).toMatchObject({ state: 'broken', why: 'gone' });
    await sleep(200);
    expect((await progress(id)).rows).toBeLessThan(CALLS);
  });

  it('is none where more long files are asked for at once than are written, and it is said when to come back', async () => {
    const held = await Promise.all(Array.from({ length: 4 }, () => begin(newId())));
    const refused = await begin(newId());
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '60']);
    refused.destroy();
    // A short one needs no thread.
    expect(await read(await begin(newId(), '/cdrs.csv?src=nobody'))).toBeLessThan(5_000);
    const waiting = begin(newId());
    held[0]?.destroy();
    expect((await waiting).statusCode).toBe(200);
    for (const response of [...held, await waiting]) response.destroy();
  });

  it('knows a client that is gone, and one that cancels', async () => {
    const gone = newId();
    (await begin(gone)).destroy();
    expect(await ended(gone)).toMatchObject({ state: 'broken', why: 'gone' });

    const cancelled = newId();
    const response = await begin(cancelled);
    const answer = await visitor.post('/export/cancel', { download: cancelled }, '/cdrs');
    expect(await answer.json()).toMatchObject({ state: 'broken', why: 'cancelled' });
    await expect(read(response)).rejects.toThrow('aborted');
    expect((await visitor.post('/export/cancel', { download: cancelled, _csrf: 'wrong' }, '/cdrs')).status).toBe(403);
  });

  it('is for whoever began it', async () => {
    const id = newId();
    await read(await begin(id, '/cdrs.csv?src=nobody'));
    expect((await progress(id)).rows).toBe(0);
    const other = new Visitor(console.url);
    await other.signIn('ann');
    expect((await other.get(`/export/progress?download=${id}`)).status).toBe(404);
    expect((await other.post('/export/cancel', { download: id }, '/cdrs')).status).toBe(404);
    expect((await new Visitor(console.url).get(`/export/progress?download=${id}`)).status).toBe(303);
    const refused = await other.get(`/cdrs.csv?download=${id}`);
    expect([refused.status, refused.headers.get('content-disposition')]).toEqual([400, null]);
    // A browser that tries again asks by the same address.
    await read(await begin(id, '/cdrs.csv?src=nobody'));
    expect(await progress(id)).toMatchObject({ state: 'done', rows: 0 });
    expect((await visitor.get('/cdrs.csv?download=1')).status).toBe(400);
  });

  it('goes from the form to the file', async () => {
    const id = newId();
    const answer = await visitor.post('/export', { list: 'cdrs', format: 'csv', column: 'src', download: id, parameters: 'src=nobody' }, '/export?list=cdrs');
    expect(answer.headers.get('location')).toMatch(new RegExp(`^/cdrs\\.csv\\?.*&download=${id}$`));
    const plain = await visitor.post('/export', { list: 'cdrs', format: 'csv', column: 'src' }, '/export?list=cdrs');
    expect(plain.headers.get('location')).not.toContain('download');
  });
});
