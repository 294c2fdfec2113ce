import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asterisk } from './asterisk.js';

/** `Useragent` of every numbered event: by it their rows are found again. */
export const STORM_AGENT = 'storm/1';

const AT_ONCE = 50;
const BLOCK_END = '\r\n\r\n';

/**
 * Numbered `UserEvent: SipSession` events, raised in a real Asterisk through one AMI session and heard by another: so
 * the test knows for each number that Asterisk said it, and when, by Asterisk's own `Timestamp`.
 */
export class Storm {
  /** What Asterisk said: number to microseconds since 1970. */
  readonly said = new Map<number, number>();
  #raised = 0;
  #rest = '';

  private constructor(
    private readonly sender: Socket,
    private readonly witness: Socket,
  ) {
    sender.resume();
    witness.setEncoding('latin1');
    witness.on('data', (text: string) => this.#hear(text));
  }

  static async start(pbx: Asterisk): Promise<Storm> {
    return new Storm(await login(pbx, 'off'), await login(pbx, 'user'));
  }

  /** The last number that was raised; the first is 1. */
  get raised(): number {
    return this.#raised;
  }

  /**
   * Raises so many more, as fast as Asterisk takes them, or `perSecond`. Before each few it waits until `mayGoOn` says so.
   */
  async raise(count: number, options: { readonly perSecond?: number; readonly mayGoOn?: () => boolean } = {}): Promise<void> {
    const { perSecond, mayGoOn } = options;
    let dueAt = performance.now();
    for (let sent = 0; sent < count; ) {
      while (mayGoOn?.() === false) await sleep(2);
      const some = Math.min(AT_ONCE, count - sent);
      if (perSecond !== undefined) {
        await sleep(Math.max(0, dueAt - performance.now()));
        // What waited is not made up for: that would be a storm after every pause.
        dueAt = Math.max(dueAt, performance.now() - 100) + (some / perSecond) * 1_000;
      }
      let text = '';
      for (let n = 0; n < some; n += 1) text += userEvent((this.#raised += 1));
      sent += some;
      if (!this.sender.write(text)) await once(this.sender, 'drain');
      // The witness and the proxy live in this process too.
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Waits until Asterisk has said all that was raised. */
  async settled(timeoutMs = 180_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.said.size < this.#raised) {
      if (Date.now() > deadline) throw new Error(`Asterisk said ${this.said.size} of ${this.#raised} numbered events`);
      await sleep(20);
    }
  }

  close(): void {
    this.sender.destroy();
    this.witness.destroy();
  }

  #hear(text: string): void {
    const all = this.#rest + text;
    let start = 0;
    for (let end = all.indexOf(BLOCK_END); end !== -1; end = all.indexOf(BLOCK_END, start)) {
      const block = all.slice(start, end);
      start = end + BLOCK_END.length;
      const [, number] = /^Peername: (\d+)$/m.exec(block.replaceAll('\r', '')) ?? [];
      const [, seconds, micros] = /^Timestamp: (\d+)\.(\d{6})/m.exec(block) ?? [];
      if (number !== undefined && seconds !== undefined && micros !== undefined) this.said.set(Number(number), Number(seconds) * 1_000_000 + Number(micros));
    }
    this.#rest = all.slice(start);
  }
}

function userEvent(number: number): string {
  return [
    'Action: UserEvent', 'UserEvent: SipSession', 'SipEvent: REGISTER', `Peername: ${number}`, 'Details: 200 OK', `Useragent: ${STORM_AGENT}`,
    `Remoteaddr: 203.0.113.${number % 250}:${1_024 + (number % 60_000)}`, '', '',
  ].join('\r\n');
}

async function login(pbx: Asterisk, eventMask: string): Promise<Socket> {
  const socket = connect(pbx.amiPort, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`Action: Login\r\nUsername: storm\r\nSecret: storm-secret\r\n\r\nAction: Events\r\nEventMask: ${eventMask}\r\nActionID: mask\r\n\r\n`);
  for (let text = ''; !text.includes('ActionID: mask'); ) {
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(60_000) })) as [Buffer];
    text += chunk.toString('latin1');
  }
  return socket;
}
