import { readFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort, removeFolder, run, tempFolder, untilReady } from '../test/support/processes.js';
import { Visitor } from '../test/integration/web/console.js';
import type { AmiSource } from './ami-source.js';

const ROOT = join(import.meta.dirname, '../..');
const PASSWORD = 'a password for the bench';

export interface Probed {
  readonly peakMb: number;
  /** The last that was seen. */
  readonly nowMb: number;
  readonly latestMs: number;
}

/** The service as users run it, a process of its own. */
export interface BenchService {
  readonly readyMs: number;
  readonly pid: number;
  readonly url: string;
  /** Of a user who is signed in. */
  readonly cookie: string;
  /** Sends a GET on a connection that stays open, reads all of the answer, and says how long that took and how many lines it had. */
  get(path: string): Promise<{ readonly ms: number; readonly bytes: number; readonly lines: number }>;
  /** What the probe saw since an instant of Date.now(). */
  since(at: number): Probed;
  log(): string;
  stop(): Promise<void>;
}

/** What the service's own launcher gives to Node. */
function launchFlags(): string[] {
  return (/^exec node ((?:--\S+ )*)/m.exec(readFileSync(join(ROOT, 'src/launch.sh'), 'utf8'))?.[1] ?? '').trim().split(' ').filter((flag) => flag !== '');
}

export async function startBenchService(databaseUrl: string, pbx: AmiSource): Promise<BenchService> {
  const folder = tempFolder('bench-service');
  const port = await freePort();
  const probe = join(folder, 'probe');
  const began = performance.now();
  const profile = process.env['BENCH_PROFILE'];
  const child = run(process.execPath, [...launchFlags(), ...(profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile]), '--import', join(import.meta.dirname, 'probe.js'), join(ROOT, 'dist/src/main.js'), 'start'], join(folder, 'log'), {
    cwd: folder,
    env: {
      // As the launcher has it.
      MALLOC_ARENA_MAX: '2',
      PATH: process.env['PATH'], HOME: folder, HTTP_PORT: String(port), ADMIN_USERNAME: 'admin', ADMIN_PASSWORD: PASSWORD, DATABASE_URL: databaseUrl, BENCH_PROBE: probe,
      AMI_HOST: '127.0.0.1', AMI_PORT: String(pbx.port), AMI_USERNAME: 'bench', AMI_SECRET: 'bench', PBX_NAME: 'pbx-milan', RECONCILE_EVERY_S: '3600', TIME_ZONE: 'Europe/Rome', LOG_LEVEL: 'warn',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(child, 'the service', async () => (await fetch(`${url}/readyz`)).status === 200, 120_000);
  const readyMs = performance.now() - began;
  const visitor = new Visitor(url);
  await visitor.signIn('admin', PASSWORD);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    readyMs,
    pid: child.pid,
    url,
    cookie: visitor.sessionCookie,
    async get(path) {
      const start = performance.now();
      const asked = request(url + path, { agent, headers: { cookie: visitor.sessionCookie } }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      let bytes = 0;
      let lines = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, end + 1)) lines += 1;
      }
      if (response.statusCode !== 200) throw new Error(`GET ${path}: ${response.statusCode ?? 0}`);
      return { ms: performance.now() - start, bytes, lines };
    },
    since(at) {
      const seen = readFileSync(probe, 'utf8').trim().split('\n').map((line) => line.split(' ').map(Number)).filter(([when = 0]) => when >= at);
      return { peakMb: Math.max(0, ...seen.map(([, mb = 0]) => mb)), nowMb: seen.at(-1)?.[1] ?? 0, latestMs: Math.max(0, ...seen.map(([, , late = 0]) => late)) };
    },
    log: () => child.log(),
    async stop() {
      agent.destroy();
      await child.stop();
      removeFolder(folder);
    },
  };
}
