import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshDatabase, startMariaDb, type MariaDb } from '../../support/mariadb.js';
import { describeWith } from '../../support/needs.js';
import { basic, PASSWORD, startConsole, Visitor, type TestConsole } from './console.js';
import { cdr, insertCdrs } from './samples.js';

describeWith(['mariadb'], 'while the database is away', () => {
  let server: MariaDb;
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    server = await startMariaDb();
    const { url } = await freshDatabase(server.url);
    console = await startConsole(url, { demo: true });
    await insertCdrs(console.database.knex, [cdr()]);
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    server.resume();
    await console.stop();
    await server.stop();
  });

  const status = async (path: string, headers: Record<string, string> = {}): Promise<number> => (await visitor.get(path, headers)).status;

  it('says so, keeps running, and goes on by itself', async () => {
    await server.halt();
    for (const path of ['/cdrs', '/sign-in', '/cdrs.csv', '/registered-accounts/1']) {
      const answer = await visitor.get(path);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '5']);
      expect(await answer.text()).toContain('The database is away');
    }
    const json = await fetch(`${console.url}/api/v1/cdrs`, { headers: basic('admin', PASSWORD) });
    expect(json.status).toBe(503);
    expect(await json.json()).toMatchObject({ error: { parameter: null } });
    expect(await status('/healthz')).toBe(200);
    await server.start();
    expect(await status('/cdrs')).toBe(200);
  });

  it('does not keep a reader waiting for a database that swallows everything', async () => {
    server.pause();
    expect(await status('/cdrs')).toBe(503);
    expect(await status('/healthz')).toBe(200);
    server.resume();
    await expect.poll(() => status('/cdrs')).toBe(200);
  });
});
