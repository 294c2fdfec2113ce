import type { AddressInfo } from 'node:net';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { pino } from 'pino';
import { expect } from 'vitest';
import { openDatabase, type Database } from '../../../src/database/database.js';
import type { Micros } from '../../../src/time.js';
import { createWebApp } from '../../../src/web/app.js';
import type { LiveTiming } from '../../../src/web/live-streams.js';
import type { Readiness } from '../../../src/web/readiness.js';
import { consoleUsers, type ConsoleUsers } from '../../../src/web/users.js';

export const PASSWORD = 'right horse battery';

export interface TestConsole {
  readonly url: string;
  readonly database: Database;
  readonly users: ConsoleUsers;
  /** What `/readyz` and the notices say; tests change it. */
  readiness: Readiness;
  /** Says `rows` when this process wrote some. */
  readonly news: EventEmitter;
  /** What the service does when it stops. */
  endStreams(): void;
  stop(): Promise<void>;
}

export interface TestConsoleOptions {
  readonly demo?: boolean;
  readonly timeZone?: string;
  readonly trustProxy?: boolean | number | string;
  readonly clock?: () => Micros;
  readonly live?: LiveTiming;
}

export const READY: Readiness = {
  database: { ok: true, message: 'answers' },
  spool: { ok: true, message: '1 of 2048 MB' },
  ami: { ok: true, message: 'connected' },
  jobs: { ok: true, message: 'run' },
};

/** A console on a free port over a database, with the user `admin`. `stop` closes the database too. */
export async function startConsole(databaseUrl = 'sqlite::memory:', options: TestConsoleOptions = {}): Promise<TestConsole> {
  const database = openDatabase(databaseUrl);
  await database.migrate();
  const users = consoleUsers(database.knex, options.clock);
  await users.ensureAdmin('admin', PASSWORD);
  const console: { readiness: Readiness } = { readiness: READY };
  const news = new EventEmitter();
  const stopping = new AbortController();
  const app = createWebApp({
    database,
    config: {
      http: { host: '127.0.0.1', port: 0, trustProxy: options.trustProxy ?? false },
      timeZone: options.timeZone ?? 'Europe/Rome',
      pbxName: 'pbx-milan',
    },
    logger: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
    demo: options.demo ?? false,
    readiness: () => Promise.resolve(console.readiness),
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.live ? { live: options.live } : {}),
    news,
    stopping: stopping.signal,
  });
  // Kept connections stay: one that is closed at its age just as the next request goes out is an error to fetch, which a browser would try again.
  const server = createServer({ keepAliveTimeout: 0 }, app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(console, {
    url: `http://127.0.0.1:${port}`,
    database,
    users,
    news,
    endStreams: () => stopping.abort(),
    async stop() {
      stopping.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  });
}

export const basic = (username: string, password: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
});

/** A visitor with a cookie, as a browser without JavaScript. */
export class Visitor {
  private cookie = '';

  constructor(
    readonly url: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.keep(await fetch(this.url + path, { redirect: 'manual', headers: this.all(headers) }));
  }

  /** The text of a page, which must be there. */
  async page(path: string): Promise<string> {
    const answer = await this.get(path);
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.text();
  }

  /** Sends a form, with the token of the page at `from` unless `fields` has one. */
  async post(path: string, fields: Record<string, string>, from = path): Promise<Response> {
    const body = new URLSearchParams({ _csrf: await this.token(from), ...fields });
    return this.keep(await fetch(this.url + path, { method: 'POST', redirect: 'manual', headers: this.all({}), body }));
  }

  async signIn(username = 'admin', password = PASSWORD): Promise<Response> {
    return this.post('/sign-in', { username, password });
  }

  async token(path: string): Promise<string> {
    const page = await (await this.get(path)).text();
    return /name="_csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  }

  get sessionCookie(): string {
    return this.cookie;
  }

  private all(headers: Record<string, string>): Record<string, string> {
    return { ...this.headers, ...headers, ...(this.cookie === '' ? {} : { cookie: this.cookie }) };
  }

  private keep(response: Response): Response {
    for (const line of response.headers.getSetCookie()) this.cookie = line.split(';')[0] ?? '';
    return response;
  }
}
