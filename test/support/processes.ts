import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set<ChildProcess>();
const folders = new Set<string>();

// 'exit' is the one hook that also runs after a failed test, an uncaught error or process.exit().
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const [signal, code] of [['SIGTERM', 143], ['SIGHUP', 129]] as const) process.once(signal, () => process.exit(code));

/** The full path of a program, null where it is not installed. */
export function which(program: string): string | null {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return places.map((place) => join(place, program)).find(isExecutable) ?? null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A folder that is removed when this process ends; what killed test runs left in `parent` goes first. */
export function tempFolder(name: string, parent = tmpdir()): string {
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) {
    const pid = /^logbook-(\d+)-/.exec(entry)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(parent, entry), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(parent, `logbook-${process.pid}-${name}-`));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Ports below those that the system gives to whoever connects: it would give away one that a halted server comes back to. */
const [FIRST_PORT, PORTS, SHARES] = [10_000, 1_200, 8] as const;
/** Files that one run has beside each other have ports apart; two runs find out by asking. */
const firstPort = FIRST_PORT + (Number(process.env['VITEST_POOL_ID'] ?? 0) % SHARES) * PORTS;
let nextPort = firstPort + ((process.pid * 61) % PORTS);

/** A port that is free now for TCP and UDP alike, on the address that is asked for; no other call of this process answers it soon. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tried = 0; tried < PORTS; tried += 1) {
    const port = nextPort;
    nextPort = firstPort + ((nextPort + 1 - firstPort) % PORTS);
    if ((await isTcpFree(port, host)) && (await isUdpFree(port, host))) return port;
  }
  throw new Error(`none of ${PORTS} ports of ${host} is free`);
}

/** Whatever else is wrong with an address is wrong with each of its ports. */
const isTaken = (error: NodeJS.ErrnoException): boolean => error.code === 'EADDRINUSE';

function isTcpFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (isTaken(error) ? resolve(false) : reject(error)));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function isUdpFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => (isTaken(error) ? resolve(false) : reject(error)));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}

export interface Running {
  readonly pid: number;
  /** Exit code, or the signal's name; null while it runs. */
  ended(): number | string | null;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end (`signal`), and kills it when it has not after half a minute. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  log(): string;
}

/** Starts a program that dies with this process, however this process ends; its output goes to `logFile`. */
export function run(program: string, args: readonly string[], logFile: string, options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Running {
  const setpriv = which('setpriv');
  const [file, argv] = setpriv === null ? [program, args] : [setpriv, ['--pdeathsig', 'KILL', '--', program, ...args]];
  const output = openSync(logFile, 'a');
  const child = spawn(file, argv, { stdio: ['ignore', output, output], env: options.env ?? process.env, cwd: options.cwd });
  closeSync(output);
  running.add(child);
  let ended: number | string | null = null;
  const end = new Promise<void>((resolve) => {
    const finish = (result: number | string): void => {
      ended ??= result;
      running.delete(child);
      resolve();
    };
    child.once('exit', (code, signal) => finish(signal ?? code ?? -1));
    child.once('error', (error) => finish(error.message));
  });
  return {
    pid: child.pid ?? -1,
    ended: () => ended,
    signal: (name) => void child.kill(name),
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const timer = new AbortController();
      await Promise.race([end, sleep(30_000, undefined, { signal: timer.signal }).then(() => child.kill('SIGKILL'), () => undefined)]);
      timer.abort();
      await end;
    },
    log: () => readFileSync(logFile, 'utf8'),
  };
}

/** Waits until `probe` holds; a server that ends meanwhile, or a time-out, fails with the end of its log. */
export async function untilReady(server: Running, what: string, probe: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await probe().catch(() => false))) {
    const failure = server.ended() !== null ? `ended (${server.ended() ?? ''})` : Date.now() > deadline ? `not ready after ${timeoutMs} ms` : null;
    if (failure !== null) throw new Error(`${what}: ${failure}\n${server.log().slice(-2_000)}`);
    await sleep(50);
  }
}
