import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createConnection } from 'mysql2/promise';
import { freePort, removeFolder, run, tempFolder, untilReady, which } from '../test/support/processes.js';

/** What the other tool is asked for; `csv` is the file that it writes, null for a page. */
export interface Asked {
  readonly where: string;
  readonly limit: number;
  readonly csv: string | null;
}

export interface Answered {
  readonly ms: number;
  readonly rows: number;
  /** Of PHP's own memory; null where the client has none to tell. */
  readonly peakMb: number | null;
}

/** Sends what the other tool sends, as it does. */
export interface PeerClient {
  /** Through what. */
  readonly name: string;
  ask(asked: Asked): Promise<Answered>;
  close(): Promise<void>;
}

export async function startPeerClient(databaseUrl: string): Promise<PeerClient> {
  const php = which('php');
  return php === null ? mysql2Client(databaseUrl) : phpClient(php, databaseUrl);
}

async function phpClient(php: string, databaseUrl: string): Promise<PeerClient> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = tempFolder('bench-php');
  const http = await freePort();
  const url = `http://127.0.0.1:${http}/`;
  // An export of a million rows does not fit into the 128 MB that PHP allows by default: the tool would end there.
  const child = run(php, ['-d', 'memory_limit=-1', '-d', 'max_execution_time=0', '-q', '-S', `127.0.0.1:${http}`, join(import.meta.dirname, '../../bench/peer.php')], join(folder, 'log'), {
    cwd: folder,
    env: { PATH: process.env['PATH'], PEER_DSN: `mysql:host=${hostname};port=${port};dbname=${pathname.slice(1)};charset=utf8mb4`, PEER_USER: username, PEER_PASSWORD: decodeURIComponent(password) },
  });
  const ask = async ({ where, limit, csv }: Asked): Promise<Answered> => {
    const start = performance.now();
    const answer = await fetch(`${url}?${new URLSearchParams({ where, limit: String(limit), ...(csv === null ? {} : { csv }) }).toString()}`);
    await answer.arrayBuffer();
    if (answer.status !== 200 || !answer.headers.has('x-rows')) throw new Error(`PHP answers ${answer.status}; has it pdo_mysql (Debian: php-cli, php-mysql)?\n${child.log()}`);
    return { ms: performance.now() - start, rows: Number(answer.headers.get('x-rows')), peakMb: Number(answer.headers.get('x-peak-mb')) };
  };
  await untilReady(child, 'PHP', async () => (await fetch(url)).status > 0);
  return {
    name: 'PHP with PDO',
    ask,
    async close() {
      await child.stop();
      removeFolder(folder);
    },
  };
}

/** Where there is no PHP: the same SQL, but not what PHP makes of it. */
function mysql2Client(databaseUrl: string): PeerClient {
  return {
    name: 'mysql2, there is no PHP',
    async ask({ where, limit, csv }) {
      const start = performance.now();
      const connection = await createConnection({ uri: databaseUrl, dateStrings: true });
      let rows = 0;
      await connection.query(`SET time_zone = '+00:00'`);
      if (csv === null) await connection.query(`SELECT count(*) FROM asterisk_cdr WHERE ${where} LIMIT ${limit}`);
      const [found] = (await connection.query(`SELECT *, unix_timestamp(calldate) AS call_timestamp FROM asterisk_cdr WHERE ${where} ORDER BY calldate DESC LIMIT ${limit}`)) as unknown as [Readonly<Record<string, unknown>>[]];
      rows = found.length;
      if (csv !== null) await pipeline(linesOf(found), createWriteStream(csv));
      await connection.end();
      return { ms: performance.now() - start, rows, peakMb: null };
    },
    close: () => Promise.resolve(),
  };
}

function* linesOf(rows: readonly Readonly<Record<string, unknown>>[]): Generator<string> {
  for (const row of rows) yield `${Object.values(row).map((cell) => (/[,"\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell))).join(',')}\n`;
}
