import { createServer, type Socket } from 'node:net';
import { pino } from 'pino';

/** What the double answers to an action: blocks with `%ID%` for the ActionID; null for silence. */
export type Script = (action: string, header: (name: string) => string, socket: Socket) => string | null;

export interface ScriptedPbx {
  readonly port: number;
  /** Every action received, in order. */
  readonly received: string[];
  connections(): number;
  /** Sends to every connection. */
  say(text: string | Buffer): void;
  drop(): void;
  close(): Promise<void>;
}

export const silent = pino({ level: 'silent' });
export const accepted = 'Response: Success\r\n%ID%Message: Authentication accepted\r\n\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\n\r\n';

/** Answers a PBX without a listing gives: enough for a login to stand. */
export const basic: Script = (action, header) => {
  switch (action) {
    case 'login':
      return accepted;
    case 'ping':
      return `Response: Success\r\n%ID%Ping: Pong\r\nTimestamp: ${(Date.now() / 1000).toFixed(6)}\r\n\r\n`;
    case 'listcommands':
      return 'Response: Success\r\n%ID%Ping: Keepalive command.  (Priv: <none>)\r\n\r\n';
    case 'logoff':
      return 'Response: Goodbye\r\n%ID%Message: Thanks for all the fish.\r\n\r\n';
    default:
      return `Response: Success\r\n%ID%Message: ${header('Action')}\r\n\r\n`;
  }
};

/** A double of Asterisk's AMI that says what a test tells it to. The real ones are tried in test/integration. */
export async function startScriptedPbx(script: Script): Promise<ScriptedPbx> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write('Asterisk Call Manager/11.0.0\r\n');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const action = text.slice(0, end);
        text = text.slice(end + 4);
        received.push(action);
        const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(action)?.[1] ?? '';
        const answer = script(header('Action').toLowerCase(), header, socket);
        if (answer !== null && socket.writable) socket.write(answer.replaceAll('%ID%', `ActionID: ${header('ActionID')}\r\n`));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    received,
    connections: () => connections,
    say: (text) => sockets.forEach((socket) => socket.write(text)),
    drop: () => sockets.forEach((socket) => socket.destroy()),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** How long this process, the double and what is tested alike, stood still at the longest since the start: what an instant may be off by. */
export function haltMeter(): { longestMs(): number; stop(): void } {
  let longest = 0;
  let last = performance.now();
  const look = (): number => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    return longest;
  };
  const timer = setInterval(look, 5);
  return { longestMs: look, stop: () => clearInterval(timer) };
}

/** Waits until the condition holds; rejects, naming it, when it doesn't in time. */
export async function until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
