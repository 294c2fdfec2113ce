import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { answer } from './answers.js';
import { Playback } from './playback.js';
import { headerOf, readRecording, type Recording } from './recording.js';

export interface DemoPbxOptions {
  /** How much faster than life the first pass goes; the recorded day takes 142 s. */
  readonly speedup?: number;
  readonly logger: Logger;
}

/** A PBX that plays a recorded day over AMI, on loopback. */
export interface DemoPbx {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly secret: string;
  /** How often to look, in keeping with the fast first pass; to be spread into the connection's options. */
  readonly pace: {
    readonly pollIntervalMs: number;
    readonly pingIntervalMs: number;
    readonly snapshotDelayMs: number;
    readonly snapshotSpacingMs: number;
  };
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const USERNAME = 'demo';
const SPEEDUP = 20;
const LONGEST_ACTION = 64 * 1024;
const PACE = { pollIntervalMs: 100, pingIntervalMs: 250, snapshotDelayMs: 20, snapshotSpacingMs: 100 };

/** Listens on a free port; the day begins with the first login. Rejects when no port can be had. */
export async function startDemoPbx({ speedup = SPEEDUP, logger }: DemoPbxOptions): Promise<DemoPbx> {
  const recording = readRecording();
  const secret = randomBytes(12).toString('hex');
  const listeners = new Set<Socket>();
  const playback = new Playback(recording, speedup, (block) => {
    for (const listener of listeners) listener.write(`${block}\r\n`);
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'the demo PBX lost a connection'));
    socket.on('close', () => {
      sockets.delete(socket);
      listeners.delete(socket);
    });
    serve(socket, { secret, recording, playback, listeners });
  });
  const port = await listen(server);
  logger.debug({ port }, 'the demo PBX listens');
  return {
    host: HOST,
    port,
    username: USERNAME,
    secret,
    pace: PACE,
    async close() {
      playback.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
      else reject(new Error('the demo PBX has no port'));
    });
  });
}

interface Served {
  readonly secret: string;
  readonly recording: Recording;
  readonly playback: Playback;
  readonly listeners: Set<Socket>;
}

function serve(socket: Socket, served: Served): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.write('Asterisk Call Manager/11.0.0\r\n');
  socket.on('data', (chunk) => {
    text += String(chunk);
    if (text.length > LONGEST_ACTION) socket.destroy();
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const action = text.slice(0, end);
      text = text.slice(end + 4);
      act(socket, action, served);
    }
  });
}

function act(socket: Socket, action: string, { secret, recording, playback, listeners }: Served): void {
  const id = `ActionID: ${headerOf(action, 'ActionID')}\r\n`;
  const name = headerOf(action, 'Action').toLowerCase();
  if (name === 'login') {
    if (headerOf(action, 'Username') !== USERNAME || headerOf(action, 'Secret') !== secret) {
      socket.end(`Response: Error\r\n${id}Message: Authentication failed\r\n\r\n`);
      return;
    }
    listeners.add(socket);
    socket.write(`Response: Success\r\n${id}Message: Authentication accepted\r\n\r\nEvent: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n`);
    playback.start();
    return;
  }
  if (!listeners.has(socket)) {
    socket.end(`Response: Error\r\n${id}Message: Permission denied\r\n\r\n`);
    return;
  }
  for (const block of answer(action, playback, recording)) {
    const end = block.indexOf('\r\n') + 2;
    socket.write(`${block.slice(0, end)}${id}${block.slice(end)}\r\n`);
  }
  if (name === 'logoff') socket.end();
}
