import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { PbxConnection } from '../../src/ami/connection.js';
import type { AmiEvent } from '../../src/ami/event.js';
import { runSeed, seeded } from '../support/random.js';
import { basic, silent, startScriptedPbx, until, type Script } from '../unit/ami/scripted-pbx.js';
import { mutant } from './mutants.js';

const BLOCKS = 1_000_000;
/** One good block after so many mutated ones, on average. */
const GOOD_EVERY = 20;
const LONG_LINES = 20;
const LONG_LINE_BYTES = 10 * 1024 * 1024;
/** What may be left of it all in memory: the reader's buffer, some counters, and names that are logged once. */
const MOST_KEPT_MB = 24;
/** What it may take meanwhile: buffers for an answer of 8 MiB, twice that in this test's sending, and the collector's leisure. */
const MOST_GROWTH_MB = 512;
const MB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are in use, objects and buffers alike. */
function bytesKept(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A good block, and what must arrive of it. */
function good(number: number): { readonly text: string; readonly headers: readonly (readonly [string, string])[] } {
  const headers: readonly (readonly [string, string])[] =
    number % 2 === 0
      ? [['timestamp', '1795369894.104048'], ['source', '909'], ['destination', '600'], ['uniqueid', `good-${number}`], ['userfield', `Grüße; "${number}" 100 %, a=b\u2028`], ['disposition', 'NO ANSWER']]
      : [['timestamp', '1795369894.104048'], ['userevent', 'SipSession'], ['sipevent', 'REGISTER'], ['peername', `good-${number}`], ['details', '200 OK'], ['remoteaddr', `203.0.113.1:${number % 65_536}`]];
  const name = number % 2 === 0 ? 'Cdr' : 'UserEvent';
  return { text: `Event: ${name}\r\nPrivilege: any,all\r\n${headers.map(([header, value]) => `${header}: ${value}\r\n`).join('')}\r\n`, headers };
}

/** Collects blocks and sends them in chunks that know nothing of where a block ends. */
class Sender {
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
    for (let start = 0; start < all.length; ) {
      const size = this.random() < 0.02 ? 1 + Math.floor(this.random() * 20) : 1 + Math.floor(this.random() * 65_536);
      if (!this.socket.write(all.subarray(start, start + size))) await once(this.socket, 'drain');
      start += size;
    }
    // The reader is in this process too.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a million mutated blocks', () => {
  it('break nothing, fill no memory, and lose none of the good blocks in between', async ({ onTestFinished }) => {
    const seed = runSeed();
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    const ids = ['none-yet'];
    let socket: Socket | undefined;
    const script: Script = (action, header, from) => {
      socket = from;
      ids.push(header('ActionID'));
      if (ids.length > 50) ids.shift();
      if (action === 'listcommands') return 'Response: Success\r\n%ID%PJSIPShowContacts: x  (Priv: system,all)\r\nCommand: x  (Priv: command,all)\r\nGetvar: x  (Priv: reporting,all)\r\nPing: x  (Priv: <none>)\r\n\r\n';
      return basic(action, header, from);
    };
    const pbx = await startScriptedPbx(script);
    onTestFinished(() => pbx.close());
    const arrived: AmiEvent[] = [];
    let heard = 0;
    const wrong: string[] = [];
    let next = 0;
    const onEvent = (event: AmiEvent): void => {
      heard += 1;
      const number = /^good-(\d+)$/.exec(event.get('Peername') || event.get('UniqueID'))?.[1];
      if (number === undefined) return;
      const { headers } = good(Number(number));
      if (Number(number) !== next) wrong.push(`${number} instead of ${next}`);
      next = Number(number) + 1;
      for (const [header, value] of headers) if (event.get(header) !== value) wrong.push(`${number}: ${header} is ${JSON.stringify(event.get(header))}`);
      if (wrong.length < 20 && [...event.headers()].length !== headers.length) arrived.push(event);
    };
    const connection = new PbxConnection({
      host: '127.0.0.1', port: pbx.port, username: 'u', secret: 's', tls: false, logger: silent, pollIntervalMs: 500,
      onInput: (input) => {
        if (input.kind === 'event') onEvent(input.event);
      },
    });
    onTestFinished(() => connection.stop());
    connection.start();
    await until(() => connection.status().state === 'up', 'up');

    if (socket === undefined) throw new Error('nobody connected');
    const sender = new Sender(socket, random);
    const longLine = Buffer.alloc(LONG_LINE_BYTES, 'x');
    const keptBefore = bytesKept();
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
    onTestFinished(() => clearInterval(timer));
    let sent = 0;
    for (let block = 0; block < BLOCKS; block += 1) {
      await sender.add(mutant({ random, actionId: () => ids[Math.floor(random() * ids.length)] ?? '' }));
      if (block % Math.floor(BLOCKS / LONG_LINES) === 0) {
        await sender.add(Buffer.from(random() < 0.5 ? 'Event: Cdr\r\nUserField: ' : `Response: Success\r\nActionID: ${ids.at(-1) ?? ''}\r\nOutput: `));
        await sender.add(longLine);
      }
      if (random() < 1 / GOOD_EVERY || block === BLOCKS - 1) {
        await sender.add(Buffer.from(`\r\n\r\n${good(sent).text}`));
        sent += 1;
      }
    }
    await sender.flush();
    await until(() => next >= sent, 'the last good block', 60_000);

    const growth = (peak - before) / MB;
    const kept = (bytesKept() - keptBefore) / MB;
    console.log(`${BLOCKS} mutated blocks, ${sent} good ones, ${heard} events heard, ${Math.round(growth)} MB more at most, ${kept.toFixed(1)} MB kept`, connection.counts());
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(next).toBe(sent);
    expect(arrived.map((event) => [...event.headers()])).toEqual([]);
    expect(pbx.connections()).toBe(1);
    expect(connection.status().state).toBe('up');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(kept).toBeLessThan(MOST_KEPT_MB);
    expect(growth).toBeLessThan(MOST_GROWTH_MB);
  });
});
