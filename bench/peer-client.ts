import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { createConnection } from 'mysql2/promise';
import { which } from '../test/support/processes.js';

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
  close(): void;
}

export function startPeerClient(databaseUrl: string): PeerClient {
  const php = which('php');
  return php === null ? mysql2Client(databaseUrl) : phpClient(php, databaseUrl);
}

function phpClient(php: string, databaseUrl: string): PeerClient {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const dsn = `mysql:host=${hostname};port=${port};dbname=${pathname.slice(1)};charset=utf8mb4`;
  // An export of a million rows does not fit into the 128 MB that PHP allows by default: the tool would end there.
  const child = spawn(php, ['-d', 'memory_limit=-1', join(import.meta.dirname, '../../bench/peer.php'), dsn, username, decodeURIComponent(password)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name: 'PDO',
    async ask(asked) {
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('PHP ended; has it pdo_mysql (Debian: php-cli, php-mysql)?');
      return JSON.parse(line.value) as Answered;
    },
    close: () => void child.stdin.end(),
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
    close: () => undefined,
  };
}

function* linesOf(rows: readonly Readonly<Record<string, unknown>>[]): Generator<string> {
  for (const row of rows) yield `${Object.values(row).map((cell) => (/[,"\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell))).join(',')}\n`;
}
