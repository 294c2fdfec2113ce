import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** How much goes through one connection before it is slowed down, and how much at a time then. */
const QUICK_BYTES = 1_000_000;
const SLOW_MS = 20;

/** A way to the console that can be cut, and made slow for what is large. */
export class Line {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  slow = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(port: number): Promise<Line> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = new Line(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (socket) => line.join(socket, connectTcp(port, '127.0.0.1')));
    return line;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private join(near: Socket, far: Socket): void {
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    if (this.isCut) near.destroy();
    else near.pipe(far);
    let passed = 0;
    far.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      const takes = near.write(chunk);
      if (takes && !(this.slow && passed > QUICK_BYTES)) return;
      far.pause();
      if (takes) setTimeout(() => far.resume(), SLOW_MS);
      else near.once('drain', () => setTimeout(() => far.resume(), this.slow ? SLOW_MS : 0));
    });
  }
}
