import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertOnce } from '../../../src/database/database.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { toRow } from '../../../src/logs/columns.js';
import { removeFolder, tempFolder } from '../../support/processes.js';
import { startConsole, Visitor, type TestConsole } from './console.js';
import { at, cdr } from './samples.js';

const CALLS = 200_000;
// With these a file is far larger than what may be held of it.
const LONG = 'lorem ipsum dolor sit amet '.repeat(14);
const MOST_MB = 150;

// On SQLite, whose driver keeps its rows in this process; what a server keeps is not ours.
describe('a file of 200,000 calls', () => {
  const folder = tempFolder('big');
  let console: TestConsole;
  let visitor: Visitor;

  beforeAll(async () => {
    console = await startConsole(`sqlite:${join(folder, 'logbook.sqlite')}`);
    const begin = at('2026-05-10T12:00:00Z');
    for (let start = 0; start < CALLS; start += 5_000) {
      const rows = Array.from({ length: 5_000 }, (_, i) => ({ event_key: `big ${start + i}`, ...toRow(cdrs.columns, cdr({ callDate: begin + (start + i) * 1_000_000, lastdata: LONG, userfield: LONG })) }));
      await insertOnce(console.database.knex, cdrs.table, rows);
    }
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });

  afterAll(async () => {
    await console.stop();
    removeFolder(folder);
  });

  /** Reads a file to its end without keeping it; answers its size and by how much the process grew meanwhile. */
  async function read(path: string): Promise<{ mb: number; grewMb: number; estimate: string | undefined; lines: number }> {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let peak = before;
    let bytes = 0;
    let lines = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const request = httpRequest(console.url + path, { headers: { cookie: visitor.sessionCookie } }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, end + 1)) lines += 1;
    }
    clearInterval(timer);
    return { mb: bytes / 1e6, grewMb: (peak - before) / 1e6, estimate: response.headers['x-estimated-rows'] as string | undefined, lines };
  }

  it.each([
    ['/cdrs.csv', CALLS + 1],
    ['/cdrs.csv?calls=folded', CALLS + 1],
    ['/cdrs.xlsx', null],
  ])('%s takes no more memory than a short one', async (path, lines) => {
    // A tenth of them first: code, and the heap of the thread that writes, are there for any file.
    const short = await read(`${path}${path.includes('?') ? '&' : '?'}from=2026-05-12T14:00:00Z`);
    const file = await read(path);
    expect(file.mb).toBeGreaterThan(5 * short.mb);
    if (lines !== null) expect(file.lines).toBe(lines);
    expect(file.mb).toBeGreaterThan(10);
    expect(file.grewMb, `grew by ${file.grewMb} MB for ${file.mb} MB`).toBeLessThan(MOST_MB);
    expect(file.estimate).toMatch(/^>\d+$/);
  }, 240_000);
});
