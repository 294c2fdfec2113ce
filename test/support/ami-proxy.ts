import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A numbered event on its way to the service: where its last byte stands in the stream. */
interface Mark {
  readonly number: number;
  readonly end: number;
}

/** How far into a stream the service had certainly read at some moment. */
interface Sample {
  /** `performance.now()` */
  readonly at: number;
  readonly position: number;
}

const SAMPLE_EVERY_MS = 10;
const BLOCK_END = Buffer.from('\r\n\r\n');

/** One connection of the service to the PBX. */
class Link {
  readonly marks: Mark[] = [];
  readonly samples: Sample[] = [];
  loggedIn = false;
  open = true;
  #rest: Buffer = Buffer.alloc(0);
  #passed = 0;
  #read = 0;

  constructor(
    readonly service: Socket,
    /** Null on a connection that was made while nothing passed. */
    readonly pbx: Socket | null,
  ) {}

  end(): void {
    this.open = false;
    this.service.destroy();
    this.pbx?.destroy();
  }

  note(chunk: Buffer): void {
    const text = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = text.indexOf(BLOCK_END); end !== -1; end = text.indexOf(BLOCK_END, start)) {
      this.#block(text.toString('latin1', start, end), this.#passed + end + BLOCK_END.length);
      start = end + BLOCK_END.length;
    }
    this.#passed += start;
    this.#rest = text.subarray(start);
  }

  /** The bytes that left this process and no longer wait in any buffer of the system: the service has them. */
  sample(): void {
    if (!this.open) return;
    const near = this.service.localPort;
    const far = this.service.remotePort;
    if (near === undefined || far === undefined) return;
    const waiting = queued(near, far);
    if (waiting === null) return;
    const position = this.service.bytesWritten - this.service.writableLength - waiting;
    this.samples.push({ at: performance.now(), position });
    for (let mark = this.marks[this.#read]; mark !== undefined && mark.end <= position; mark = this.marks[this.#read]) this.#read += 1;
  }

  get lastRead(): number {
    return this.marks[this.#read - 1]?.number ?? 0;
  }

  #block(text: string, end: number): void {
    if (!this.loggedIn && text.includes('Authentication accepted')) this.loggedIn = true;
    const number = /^Peername: (\d+)\r?$/m.exec(text)?.[1];
    if (number !== undefined && text.includes('UserEvent: SipSession')) this.marks.push({ number: Number(number), end });
  }
}

/**
 * Stands between the service and its PBX on loopback. It knows which numbered events the service had read at which
 * moment, and it can fall silent as a network does that swallows everything.
 */
export class AmiProxy {
  readonly #links: Link[] = [];
  readonly #timer = setInterval(() => this.#links.at(-1)?.sample(), SAMPLE_EVERY_MS);
  #frozen = false;
  #pings = 0;

  private constructor(
    private readonly server: Server,
    private readonly pbxPort: number,
  ) {
    server.on('connection', (service) => this.#connected(service));
  }

  static async start(pbxPort: number): Promise<AmiProxy> {
    const server = createServer();
    const proxy = new AmiProxy(server, pbxPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** How often the service has been logged in so far. */
  get logins(): number {
    return this.#links.filter((link) => link.loggedIn).length;
  }

  /** How often the service has asked for a word. */
  get pings(): number {
    return this.#pings;
  }

  /** Whether a login of the service stands, as far as this side of it knows. */
  get isHeard(): boolean {
    const link = this.#links.at(-1);
    return link?.open === true && link.loggedIn;
  }

  /** The last number that the service has certainly read, 0 before the first. */
  get lastRead(): number {
    return this.#links.findLast((link) => link.lastRead > 0)?.lastRead ?? 0;
  }

  /** When the service had certainly read each number that passed on its present connection, by `performance.now()`. */
  readTimes(): Map<number, number> {
    const times = new Map<number, number>();
    const { marks, samples } = this.#links.at(-1) ?? { marks: [], samples: [] };
    let next = 0;
    for (const { at, position } of samples) {
      for (let mark = marks[next]; mark !== undefined && mark.end <= position; mark = marks[next]) {
        times.set(mark.number, at);
        next += 1;
      }
    }
    return times;
  }

  /** From now on nothing passes, in either direction, and nothing is closed. */
  freeze(): void {
    this.#frozen = true;
    for (const { service, pbx } of this.#links) {
      service.pause();
      pbx?.pause();
    }
  }

  /** New connections pass again; what stood before is dead, as after a router forgot it. */
  thaw(): void {
    this.#frozen = false;
    for (const link of this.#links) link.end();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const link of this.#links) link.end();
    this.server.close();
    await once(this.server, 'close');
  }

  #connected(service: Socket): void {
    service.on('error', () => undefined);
    service.setNoDelay(true);
    if (this.#frozen) {
      this.#links.push(new Link(service, null));
      return;
    }
    const pbx = connect(this.pbxPort, '127.0.0.1');
    const link = new Link(service, pbx);
    this.#links.push(link);
    pbx.setNoDelay(true);
    pbx.on('error', () => undefined);
    pbx.on('data', (chunk: Buffer) => {
      link.note(chunk);
      if (!service.write(chunk)) pbx.pause();
    });
    service.on('drain', () => {
      if (!this.#frozen) pbx.resume();
    });
    service.on('data', (chunk: Buffer) => {
      if (/^action: ping$/im.test(chunk.toString('latin1'))) this.#pings += 1;
      pbx.write(chunk);
    });
    for (const socket of [service, pbx]) {
      socket.on('close', () => {
        link.open = false;
        // What ends one side of a dead network, the other side does not hear.
        if (!this.#frozen) link.end();
      });
    }
  }
}

/**
 * Bytes between two ports of loopback that were sent and not read yet; null while the connection is not there. What is
 * not acknowledged may have been read already, so that the sum can be too high and never too low.
 */
function queued(near: number, far: number): number | null {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let sum = 0;
  let found = 0;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
    if (local.endsWith(hex(near)) && remote.endsWith(hex(far))) sum += Number.parseInt(queues.split(':')[0] ?? '', 16);
    else if (local.endsWith(hex(far)) && remote.endsWith(hex(near))) sum += Number.parseInt(queues.split(':')[1] ?? '', 16);
    else continue;
    found += 1;
  }
  return found === 2 ? sum : null;
}
