import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { freePort, removeFolder, run, tempFolder, untilReady, which } from './processes.js';

export interface MariaDb {
  /** `mysql://user:password@127.0.0.1:port/`; add a database's name. */
  readonly url: string;
  readonly port: number;
  /** Stops the server in place (SIGSTOP), as a network that swallows everything does; `resume` undoes it. */
  pause(): void;
  resume(): void;
  /** Ends the server (SIGTERM); `start` brings it back on the same port with the same data. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
}

export interface MariaDbOptions {
  /** Where it keeps its data; a temporary folder when not given. */
  readonly data?: string;
  /** A command that runs it, such as `nsenter …`. */
  readonly wrapper?: readonly string[];
  /** Keeps what it has confirmed when it is killed, as every real server does; most tests need no such server. */
  readonly durable?: boolean;
  /** Memory for its pages, in MB: 64 when not given. */
  readonly bufferPoolMb?: number;
}

const USER = 'logbook';
const PASSWORD = 'test-pässwörd';

/** A private MariaDB in a temporary folder, on a free port. */
export async function startMariaDb(options: MariaDbOptions = {}): Promise<MariaDb> {
  const folder = tempFolder('mariadb');
  const data = options.data ?? join(folder, 'data');
  const wrapped = (program: string, args: readonly string[]): [string, string[]] => {
    const [first = '', ...rest] = [...(options.wrapper ?? []), which(program) ?? program, ...args];
    return [first, rest];
  };
  const init = join(folder, 'init.sql');
  const log = join(folder, 'mariadbd.log');
  const port = await freePort();
  const url = `mysql://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/`;
  // Data of an earlier server is taken as it is.
  if (!existsSync(join(data, 'mysql'))) await promisify(execFile)(...wrapped('mariadb-install-db', [
    '--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot(), `--tmpdir=${folder}`, '--innodb-log-file-size=16M',
  ]));
  writeFileSync(init, `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}';\nGRANT ALL ON *.* TO '${USER}'@'%' WITH GRANT OPTION;\n`);
  const launch = async (): Promise<ReturnType<typeof run>> => {
    const server = run(...wrapped('mariadbd', [
      // A server that starts removes temporary tables it finds in its tmpdir, also those of a neighbour.
      '--no-defaults', ...asRoot(), `--datadir=${data}`, `--tmpdir=${folder}`, `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`, `--port=${port}`,
      '--bind-address=127.0.0.1', '--skip-name-resolve', `--init-file=${init}`,
      '--character-set-server=utf8mb4', '--collation-server=utf8mb4_general_ci',
      // Far from UTC, so that code which trusts the server's clock zone fails a test.
      '--default-time-zone=+05:30',
      `--innodb-buffer-pool-size=${options.bufferPoolMb ?? 64}M`, `--innodb-log-file-size=${options.bufferPoolMb === undefined ? 16 : 256}M`, '--performance-schema=OFF', '--local-infile=1',
      ...(options.durable === true ? ['--innodb-flush-log-at-trx-commit=2'] : ['--innodb-flush-log-at-trx-commit=0', '--skip-innodb-doublewrite']),
    ]), log);
    await untilReady(server, 'MariaDB', async () => {
      const connection = await createConnection(url);
      await connection.end();
      return true;
    });
    return server;
  };
  let server = await launch();
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    server.signal('SIGCONT');
    await server.stop(signal);
  };
  return {
    url,
    port,
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    halt: stop,
    async start() {
      server = await launch();
    },
    async stop() {
      await stop();
      removeFolder(folder);
    },
  };
}

// mariadbd refuses to run as root unless it is told that this is meant.
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

let created = 0;

/** An empty database on a server, for one test file; `drop` removes it. */
export async function freshDatabase(serverUrl: string): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  created += 1;
  const name = `test_${process.pid}_${Date.now().toString(36)}_${created}`;
  await execute(serverUrl, `CREATE DATABASE ${name}`);
  return { url: `${serverUrl}${name}`, drop: () => execute(serverUrl, `DROP DATABASE ${name}`) };
}

/** The URL of a database that stays, made when it is not there. */
export async function namedDatabase(serverUrl: string, name: string): Promise<string> {
  await execute(serverUrl, `CREATE DATABASE IF NOT EXISTS ${name}`);
  return `${serverUrl}${name}`;
}

async function execute(serverUrl: string, sql: string): Promise<void> {
  const connection = await createConnection(serverUrl);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
