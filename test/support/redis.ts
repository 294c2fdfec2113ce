import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, removeFolder, run, tempFolder, untilReady, which } from './processes.js';

export interface RedisServer {
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  pause(): void;
  resume(): void;
  /** Ends the server; `start` brings it back on the same port, empty. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A private Redis that keeps nothing, on a free port. */
export async function startRedis(): Promise<RedisServer> {
  const folder = tempFolder('redis');
  const port = await freePort();
  const launch = async (): Promise<ReturnType<typeof run>> => {
    const server = run(which('redis-server') ?? 'redis-server', [
      '--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no', '--daemonize', 'no',
    ], join(folder, 'redis.log'));
    await untilReady(server, 'Redis', () => answersPing(port));
    return server;
  };
  let server = await launch();
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    server.signal('SIGCONT');
    await server.stop(signal);
  };
  return {
    url: `redis://127.0.0.1:${port}`,
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

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
