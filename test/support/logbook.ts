import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Asterisk } from './asterisk.js';
import { freePort, removeFolder, run, tempFolder, untilReady, type Running } from './processes.js';

export type Row = Readonly<Record<string, unknown>>;

const ADMIN = { username: 'admin', password: 'a password for tests' };
const ROOT = join(import.meta.dirname, '../..');

let build: Promise<void> | undefined;

/** Builds what stands in src, where that is not what the last build of a test was of; any other build takes its mark away. */
export function built(): Promise<void> {
  return (build ??= buildOnce());
}

async function buildOnce(): Promise<void> {
  const mark = join(ROOT, 'dist/.built');
  const content = hashOfSources();
  if (existsSync(mark) && readFileSync(mark, 'utf8') === content) return;
  // What an earlier build left may be missing in a clone.
  for (const left of ['src', 'migrations', '.tsbuildinfo', '.built']) rmSync(join(ROOT, 'dist', left), { recursive: true, force: true });
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: ROOT }).catch((error: unknown) => {
    throw new Error(`npm run build failed: ${error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)}`);
  });
  if (hashOfSources() === content) writeFileSync(mark, content);
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  const files = ['src', 'migrations'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)));
  for (const file of [...files.sort(), ...['package-lock.json', 'package.json', 'knexfile.ts', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(ROOT, name))]) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** The settings that connect the service to a test's Asterisk. */
export function amiSettings(pbx: Asterisk, options: { tls?: boolean } = {}): Record<string, string> {
  return {
    AMI_HOST: '127.0.0.1', AMI_PORT: String(options.tls === true ? pbx.amiTlsPort : pbx.amiPort), AMI_TLS: options.tls === true ? '1' : '0',
    ...(options.tls === true ? { AMI_TLS_CA: join(pbx.dir, 'keys/asterisk.crt') } : {}),
    AMI_USERNAME: pbx.ami.username, AMI_SECRET: pbx.ami.secret, PBX_NAME: `asterisk-${pbx.version}`,
  };
}

/** The service as users run it: a process of its own, spoken to over HTTP alone. */
export class Logbook {
  private constructor(
    readonly url: string,
    readonly folder: string,
    private readonly settings: NodeJS.ProcessEnv,
    private readonly wrapper: readonly string[],
    private process_: Running,
  ) {}

  /**
   * Starts it with settings of the environment; SQLite in a temporary folder unless `DATABASE_URL` says otherwise.
   * `wrapper` is a command that runs it, such as `nsenter …`.
   */
  static async start(settings: Readonly<Record<string, string>>, wrapper: readonly string[] = []): Promise<Logbook> {
    await built();
    const folder = tempFolder('service');
    const port = await freePort();
    const environment = {
      PATH: process.env['PATH'], HOME: folder, HTTP_PORT: String(port), ADMIN_USERNAME: ADMIN.username, ADMIN_PASSWORD: ADMIN.password,
      DATABASE_URL: `sqlite:${join(folder, 'logbook.sqlite')}`, RECONCILE_EVERY_S: '1', TIME_ZONE: 'Europe/Rome', LOG_LEVEL: 'debug', ...settings,
    };
    const url = `http://127.0.0.1:${port}`;
    const logbook = new Logbook(url, folder, environment, wrapper, launch(folder, environment, wrapper));
    await logbook.ready();
    return logbook;
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.process_.pid;
  }

  /** Where it keeps its logs, for a command that is run beside it. */
  get databaseUrl(): string {
    return this.settings['DATABASE_URL'] ?? '';
  }

  /** Answers once database, AMI and jobs are up. */
  async ready(timeoutMs = 90_000): Promise<void> {
    await untilReady(this.process_, 'the service', async () => (await fetch(`${this.url}/readyz`)).status === 200, timeoutMs);
  }

  async readiness(): Promise<number> {
    return (await asked(`${this.url}/readyz`)).status;
  }

  /** What `/readyz` says, as text; its status first. */
  async health(): Promise<string> {
    const response = await asked(`${this.url}/readyz`);
    return `${response.status} ${await response.text()}`;
  }

  async get(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${ADMIN.username}:${ADMIN.password}`).toString('base64')}`;
    return asked(`${this.url}${path}?${new URLSearchParams(parameters).toString()}`, { authorization });
  }

  /** The newest 1,000 rows of a listing, newest first. */
  async rows(listing: 'sip-sessions' | 'registered-accounts' | 'web-sessions' | 'cdrs', parameters: Readonly<Record<string, string>> = {}): Promise<Row[]> {
    const response = await this.get(`/api/v1/${listing}`, { limit: '1000', ...parameters });
    const body: unknown = await response.json();
    if (!response.ok || typeof body !== 'object' || body === null || !('data' in body) || !Array.isArray(body.data)) {
      throw new Error(`GET /api/v1/${listing}: ${response.status} ${JSON.stringify(body)}`);
    }
    return body.data as Row[];
  }

  log(): string {
    return this.process_.log();
  }

  /** Ends it as `systemctl stop` does; `start` brings it back with the same settings and database. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.process_.stop(signal);
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Starts it again without waiting until it is ready. */
  launch(): void {
    this.process_ = launch(this.folder, this.settings, this.wrapper);
  }

  async stop(): Promise<void> {
    await this.halt();
    removeFolder(this.folder);
  }
}

function launch(folder: string, environment: NodeJS.ProcessEnv, wrapper: readonly string[]): Running {
  const [program = process.execPath, ...args] = [...wrapper, process.execPath, join(ROOT, 'dist/src/main.js'), 'start'] as readonly string[];
  return run(program, args, join(folder, 'service.log'), { cwd: folder, env: environment });
}

/** A GET on a connection of its own: one that is kept may be closed at its age just as the request goes out. */
const asked = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> => fetch(url, { headers: { ...headers, connection: 'close' } });

/** Tries until the assertion holds; then what it gives, and else its last failure. */
export async function eventually<T>(assertion: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(150);
    }
  }
}
