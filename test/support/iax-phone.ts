import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface IaxPhoneOptions {
  readonly user: string;
  readonly password: string;
  /** Where chan_iax2 listens, on 127.0.0.1. */
  readonly port: number;
  readonly ip: string;
}

/** Frame type and subclasses of RFC 5456, 8.1 and 8.4. */
const IAX_CONTROL = 6;
const PONG = 3;
const ACK = 4;
const REGREQ = 13;
const REGAUTH = 14;
const REGACK = 15;
const REGREJ = 16;
const REGREL = 17;
const POKE = 30;

/** Information elements of RFC 5456, 8.6. */
const USERNAME = 6;
const CHALLENGE = 15;
const MD5_RESULT = 16;
const REFRESH = 19;

const FULL_FRAME = 0x8000;
const HEADER_BYTES = 12;

interface Frame {
  readonly source: number;
  readonly timestamp: number;
  readonly oseqno: number;
  readonly subclass: number;
  readonly elements: ReadonlyMap<number, Buffer>;
}

/** How the server answered, and when, in ms since 1970. */
export interface IaxSeen {
  readonly accepted: boolean;
  readonly at: number;
  readonly remote: string;
}

/**
 * A phone that speaks as much IAX2 as it takes to register and to unregister, which Asterisk itself never does. It answers
 * POKE, the OPTIONS of IAX2, until it is closed or falls silent.
 */
export class IaxPhone {
  readonly #frames: Frame[] = [];
  readonly #waiting = new Set<() => void>();
  #call = 1;
  #isSilent = false;

  private constructor(
    private readonly options: IaxPhoneOptions,
    private readonly socket: Socket,
  ) {
    socket.on('message', (message) => this.#take(message));
  }

  static async at(options: IaxPhoneOptions): Promise<IaxPhone> {
    const socket = createSocket('udp4');
    socket.bind(0, options.ip);
    await once(socket, 'listening');
    return new IaxPhone(options, socket);
  }

  get localPort(): number {
    return this.socket.address().port;
  }

  /** Registers, or refreshes; `expires` in seconds, to which Asterisk adds ten. */
  register(expires: number, password = this.options.password): Promise<IaxSeen> {
    return this.#ask(REGREQ, password, [element(REFRESH, uint16(expires))]);
  }

  unregister(): Promise<IaxSeen> {
    return this.#ask(REGREL, this.options.password, []);
  }

  /** Answers no more, as behind a broken line. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  answerAgain(): void {
    this.#isSilent = false;
  }

  async close(): Promise<void> {
    this.#isSilent = true;
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  async #ask(subclass: number, password: string, extra: readonly Buffer[]): Promise<IaxSeen> {
    this.#call += 1;
    this.#frames.length = 0;
    const name = element(USERNAME, Buffer.from(this.options.user));
    this.#send({ call: this.#call, to: 0, oseqno: 0, iseqno: 0 }, subclass, [name, ...extra]);
    const asked = await this.#answer(REGAUTH);
    const result = createHash('md5').update(asked.elements.get(CHALLENGE) ?? '').update(password).digest('hex');
    this.#send({ call: this.#call, to: asked.source, oseqno: 1, iseqno: 1 }, subclass, [name, element(MD5_RESULT, Buffer.from(result)), ...extra]);
    const verdict = await this.#answer(REGACK, REGREJ);
    this.#send({ call: this.#call, to: verdict.source, oseqno: 2, iseqno: verdict.oseqno + 1, timestamp: verdict.timestamp }, ACK, []);
    return { accepted: verdict.subclass === REGACK, at: Date.now(), remote: `${this.options.ip}:${this.localPort}` };
  }

  #answer(...subclasses: readonly number[]): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#frames.find(({ subclass }) => subclasses.includes(subclass));
        if (!found) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`IAX2: no answer (${subclasses.join(' or ')}) within 30 s`));
      }, 30_000);
      this.#waiting.add(look);
      look();
    });
  }

  #send(place: { call: number; to: number; oseqno: number; iseqno: number; timestamp?: number }, subclass: number, elements: readonly Buffer[]): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(FULL_FRAME | place.call, 0);
    header.writeUInt16BE(place.to, 2);
    header.writeUInt32BE(place.timestamp ?? place.oseqno * 20 + 3, 4);
    header.writeUInt8(place.oseqno, 8);
    header.writeUInt8(place.iseqno, 9);
    header.writeUInt8(IAX_CONTROL, 10);
    header.writeUInt8(subclass, 11);
    this.socket.send(Buffer.concat([header, ...elements]), this.options.port, '127.0.0.1');
  }

  #take(message: Buffer): void {
    if (this.#isSilent || message.length < HEADER_BYTES || (message.readUInt16BE(0) & FULL_FRAME) === 0 || message.readUInt8(10) !== IAX_CONTROL) return;
    const frame: Frame = {
      source: message.readUInt16BE(0) & ~FULL_FRAME,
      timestamp: message.readUInt32BE(4),
      oseqno: message.readUInt8(8),
      subclass: message.readUInt8(11),
      elements: elementsOf(message.subarray(HEADER_BYTES)),
    };
    if (frame.subclass === POKE) {
      this.#send({ call: 0x4000 + (frame.source % 0x3000), to: frame.source, oseqno: 0, iseqno: 1, timestamp: frame.timestamp }, PONG, []);
      return;
    }
    this.#frames.push(frame);
    for (const look of [...this.#waiting]) look();
  }
}

function element(kind: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([kind, value.length]), value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function elementsOf(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const elements = new Map<number, Buffer>();
  for (let at = 0; at + 2 <= bytes.length; at += 2 + bytes.readUInt8(at + 1)) {
    elements.set(bytes.readUInt8(at), bytes.subarray(at + 2, at + 2 + bytes.readUInt8(at + 1)));
  }
  return elements;
}
