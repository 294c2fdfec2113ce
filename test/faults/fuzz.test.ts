import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { PbxConnection } from '../../src/ami/connection.js';
import type { AmiEvent } from '../../src/ami/event.js';
import { openDatabase } from '../../src/database/database.js';
import { eventually, Logbook } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { runSeed, seeded } from '../support/random.js';
import { basic, silent, startScriptedPbx, until, type Script } from '../unit/ami/scripted-pbx.js';
import { Bench } from './bench.js';
import { good, numberOf, Sender } from './fuzz-sender.js';
import { mutant } from './mutants.js';

const BLOCKS = 1_000_000;
/** One good block after so many mutated ones, on average. */
const GOOD_EVERY = 20;
const LONG_LINES = 20;
const LONG_LINE_BYTES = 10 * 1024 * 1024;
/** What may be left of it all in memory: the reader's buffer, some counters, and names that are logged once. */
const MOST_KEPT_MB = 64;
/** What it may take meanwhile: buffers for an answer of 8 MiB, twice that in this test's sending, and the collector's leisure. */
const MOST_GROWTH_MB = 512;
const BLOCKS_THROUGH = 100_000;
const MB = 1024 * 1024;
const COMMANDS = 'Response: Success\r\n%ID%PJSIPShowContacts: x  (Priv: system,all)\r\nCommand: x  (Priv: command,all)\r\nGetvar: x  (Priv: reporting,all)\r\nPing: x  (Priv: <none>)\r\n\r\n';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are in use, objects and buffers alike. */
function bytesKept(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
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
      if (action === 'listcommands') return COMMANDS;
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
      const number = numberOf(event.get('Peername') || event.get('UniqueID'));
      if (number === null) return;
      const { headers } = good(number);
      if (number !== next) wrong.push(`${number} instead of ${next}`);
      next = number + 1;
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

describeWith(['mariadb'], 'mutated blocks through the whole service into MariaDB', () => {
  it('hold nothing up: the good ones in between are in the tables, each once', async (context) => {
    const seed = runSeed();
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    const { onTestFinished } = context;
    const bench = new Bench(context);
    let socket: Socket | undefined;
    const pbx = await startScriptedPbx((action, header, from) => {
      socket = from;
      return action === 'listcommands' ? COMMANDS : basic(action, header, from);
    });
    onTestFinished(() => pbx.close());
    const url = await bench.database(await bench.mariaDb());
    const logbook = bench.keep(
      await Logbook.start({ AMI_HOST: '127.0.0.1', AMI_PORT: String(pbx.port), AMI_USERNAME: 'u', AMI_SECRET: 's', PBX_NAME: 'fuzz', DATABASE_URL: url, LOG_LEVEL: 'warn' }),
      (service) => service.stop(),
    );
    if (socket === undefined) throw new Error('nobody connected');
    const sender = new Sender(socket, random);
    let sent = 0;
    for (let block = 0; block < BLOCKS_THROUGH; block += 1) {
      await sender.add(mutant({ random, actionId: () => `stranger-${block}` }));
      if (random() < 1 / GOOD_EVERY || block === BLOCKS_THROUGH - 1) {
        await sender.add(Buffer.from(`\r\n\r\n${good(sent).text}`));
        sent += 1;
      }
    }
    await sender.flush();

    const database = openDatabase(url);
    onTestFinished(() => database.close());
    const names = async (table: string, column: string): Promise<string[]> =>
      (await database.knex<Record<string, unknown>>(table).where(column, 'like', 'good-%').select(column)).map((row) => String(row[column]));
    const stored = await eventually(async () => {
      const found = [...(await names('cdr', 'uniqueid')), ...(await names('sip_session', 'peername'))].map(numberOf).sort((a, b) => Number(a) - Number(b));
      const there = new Set(found);
      expect(Array.from({ length: sent }, (_, number) => number).filter((number) => !there.has(number))).toEqual([]);
      return found;
    }, 120_000);
    expect(stored).toEqual(Array.from({ length: sent }, (_, number) => number));
    expect(pbx.connections()).toBe(1);
    expect(await logbook.health()).toMatch(/"database":\{"ok":true/);
    console.log(`${BLOCKS_THROUGH} mutated blocks, ${sent} good ones`, await database.knex('dead_letter').count({ deadLetters: '*' }));
  });
});
