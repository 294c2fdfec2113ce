import { once } from 'node:events';
import type { Socket } from 'node:net';

/** A good block, and what must arrive of it. */
export function good(number: number): { readonly text: string; readonly headers: readonly (readonly [string, string])[] } {
  const headers: readonly (readonly [string, string])[] =
    number % 2 === 0
      ? [['timestamp', '1795369894.104048'], ['source', '909'], ['destination', '600'], ['uniqueid', `good-${number}`], ['userfield', `Grüße; "${number}" 100 %, a=b\u2028`], ['disposition', 'NO ANSWER']]
      : [['timestamp', '1795369894.104048'], ['userevent', 'SipSession'], ['sipevent', 'REGISTER'], ['peername', `good-${number}`], ['details', '200 OK'], ['remoteaddr', `203.0.113.1:${number % 65_536}`]];
  const name = number % 2 === 0 ? 'Cdr' : 'UserEvent';
  return { text: `Event: ${name}\r\nPrivilege: any,all\r\n${headers.map(([header, value]) => `${header}: ${value}\r\n`).join('')}\r\n`, headers };
}

/** The number of a good block, by its `Peername` or `UniqueID`. */
export function numberOf(name: string): number | null {
  const number = /^good-(\d+)$/.exec(name)?.[1];
  return number === undefined ? null : Number(number);
}

/** Collects blocks and sends them in chunks that know nothing of where a block ends. */
export class Sender {
  #parts: Buffer[] = [];
  #length = 0;

  constructor(
    private readonly socket: Socket,
    private readonly random: () => number,
  ) {}

  async add(bytes: Buffer): Promise<void> {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length >= 256 * 1024) await this.flush();
  }

  async flush(): Promise<void> {
    const all = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    let taken = true;
    // All in one go: the PBX's answers go to the same socket, and one in the middle of a good block would be this test's own fault.
    for (let start = 0; start < all.length; ) {
      const size = this.random() < 0.02 ? 1 + Math.floor(this.random() * 20) : 1 + Math.floor(this.random() * 65_536);
      taken = this.socket.write(all.subarray(start, start + size));
      start += size;
    }
    if (!taken) await once(this.socket, 'drain');
    // The reader is in this process too.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
