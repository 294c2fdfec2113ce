import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../src/database/database.js';
import type { PbxInput } from '../../../src/ami/input.js';
import { amiEvent } from '../../../src/ami/event.js';
import type { Output } from '../../../src/logs/output.js';
import { reconcile } from '../../../src/logs/sip-session/reconcile.js';
import { sessionRow, type SessionFacts } from '../../../src/logs/sip-session/rows.js';
import { Translator } from '../../../src/pipeline/translator.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/random.js';

const SECOND = 1_000_000;
const SEEDS = Number(process.env['SEEDS'] ?? 8);
const START = 1_795_369_246 * SECOND;

type SessionOutput = Extract<Output, { kind: 'sip-session' }>;

function boundary(event: 'CONNECT' | 'DISCONNECT', seconds: number, port = 40_000): SessionOutput {
  const at = Math.round(seconds * SECOND);
  const row = sessionRow('lab', { at, event, source: 'CLIENT', details: 'OPENED', remote: { transport: 'TLS', ip: '192.0.2.1', port }, binding: 'pending', evidence: ['socket', at, `${port}`] });
  return { kind: 'sip-session', row, doubt: { kind: 'polled' } };
}

function registration(facts: Partial<SessionFacts> & Pick<SessionFacts, 'at'>): SessionOutput {
  const row = sessionRow('lab', { event: 'REGISTER', source: 'CLIENT', details: '200 OK', peername: '909', binding: 'bound', ...facts, at: facts.at * SECOND });
  return { kind: 'sip-session', row };
}

const inferred = (at: number, since: number, facts: Partial<SessionFacts> = {}, heard: readonly string[] = []): SessionOutput => ({
  ...registration({ event: 'UNREGISTER', source: 'SERVER', details: 'INFERRED', distinction: 'A', ...facts, at }),
  doubt: { kind: 'inferred', since: since * SECOND, heard },
});

describeEachDatabase('two listeners', (database, url) => {
  let other: Database | undefined;
  const one = (outputs: readonly Output[]): Promise<number> => writeBatch(database(), outputs, 'one');
  const two = (outputs: readonly Output[]): Promise<number> => writeBatch(other ?? database(), outputs, 'two');
  beforeAll(() => {
    other = openDatabase(url());
  });
  afterAll(() => other?.close());
  afterEach(async () => {
    for (const table of ['sip_session', 'session_doubt', 'socket_use', 'registered_account']) await database().knex(table).del();
  });

  const stored = async (where: Readonly<Record<string, unknown>> = {}): Promise<{ at: number; event: string; details: string; remote_address: string }[]> =>
    (await database().knex('sip_session').where(where).orderBy(['at', 'id'])) as never;
  const told = async (): Promise<string[]> => (await stored()).map(({ at, event, details }) => `${at / SECOND} ${event} ${details}`);

  describe('that poll connections', () => {
    it('write each once, however their transactions meet', async () => {
      const rounds = 30;
      for (let round = 0; round < rounds; round += 1) {
        const at = 1_000 + 100 * round;
        await Promise.all([one([boundary('CONNECT', at)]), two([boundary('CONNECT', at + 1.3)])]);
        await Promise.all([two([boundary('DISCONNECT', at + 50)]), one([boundary('DISCONNECT', at + 51.3)])]);
      }
      expect((await stored()).map(({ event }) => event)).toEqual(Array.from({ length: rounds }, () => ['CONNECT', 'DISCONNECT']).flat());
    });

    it('write many sockets at once, in whatever order', async () => {
      const ports = Array.from({ length: 200 }, (_, n) => 10_000 + n);
      const seen = (offset: number, order: readonly number[]): SessionOutput[] => order.flatMap((port) => [boundary('CONNECT', 1_000 + offset, port), boundary('DISCONNECT', 1_020 + offset, port)]);
      await Promise.all([one(seen(0, ports)), two(seen(1.3, ports.toReversed()))]);
      const rows = await stored();
      expect(rows).toHaveLength(400);
      expect(new Set(rows.map(({ event, remote_address }) => `${event} ${remote_address}`)).size).toBe(400);
    });

    it('may write a batch again', async () => {
      const batch = [boundary('CONNECT', 1_000), boundary('DISCONNECT', 1_004), boundary('CONNECT', 1_006)];
      await one(batch);
      await one(batch);
      await two([boundary('CONNECT', 1_000.9), boundary('DISCONNECT', 1_004.9), boundary('CONNECT', 1_006.9)]);
      await one(batch);
      expect((await stored()).map(({ at }) => at / SECOND)).toEqual([1_000, 1_004, 1_006]);
    });

    it('keep sockets, kinds of transport and PBXs apart', async () => {
      const udp = sessionRow('lab', { at: 1_001 * SECOND, event: 'CONNECT', source: 'CLIENT', details: 'FIRST_SEEN', remote: { transport: 'UDP', ip: '192.0.2.1', port: 40_000 }, binding: 'pending' });
      const elsewhere = boundary('CONNECT', 1_002);
      await one([{ kind: 'sip-session', row: udp }, { ...elsewhere, row: { ...elsewhere.row, pbx: 'other', key: 'other' } }, boundary('CONNECT', 1_002.5, 40_001)]);
      await two([boundary('CONNECT', 1_003)]);
      expect(await stored()).toHaveLength(4);
    });

    it('see a phone on a fixed port again after a gap, and what the other one missed', async () => {
      await one([boundary('CONNECT', 1_000), boundary('CONNECT', 1_031), boundary('DISCONNECT', 1_200)]);
      await two([boundary('DISCONNECT', 1_100), boundary('CONNECT', 1_101)]);
      expect((await stored()).map(({ at, event }) => `${at / SECOND} ${event}`)).toEqual(['1000 CONNECT', '1031 CONNECT', '1100 DISCONNECT', '1101 CONNECT', '1200 DISCONNECT']);
    });

    describe.each([
      ['seconds', 3, 1],
      ['minutes', 600, 0.8],
    ])('one of them ahead by %s', (_, lag, share) => {
      it.each(Array.from({ length: SEEDS }, (__, n) => n + 1))('tell as much together as one of them, and nothing twice (%i)', async (seed) => {
        const random = seeded(seed);
        const { truth, inputs } = connections(random);
        const heard = [heardBy(inputs, random), heardBy(inputs, random)] as const;
        for (const [listener, outputs] of inTurns(heard, lag * SECOND, random)) await (listener === 0 ? one : two)(outputs);
        for (const [port, happened] of truth) {
          const remote = `192.0.2.1:${port}`;
          const rows = (await stored({ remote_address: remote })).map(({ event }) => event);
          const alone = heard.map((batches) => batches.flatMap(({ outputs }) => outputs).filter((output) => output.kind === 'sip-session' && output.row.remoteAddress === remote).length);
          expect(rows, remote).toEqual(rows.map((___, n) => (n % 2 === 0 ? 'CONNECT' : 'DISCONNECT')));
          expect(rows.length, remote).toBeGreaterThanOrEqual(Math.min(...alone) * share);
          expect(rows.length, remote).toBeLessThanOrEqual(happened);
        }
      });
    });

    it('have their proofs bound, whoever wrote which end', async () => {
      const use = (at: number): Output => ({ kind: 'socket-use', key: `use-${at}`, pbx: 'lab', transport: 'TLS', remoteAddress: '192.0.2.1:40000', peername: '909', account: null, at: at * SECOND });
      await one([boundary('CONNECT', 1_000), use(1_002)]);
      await two([boundary('CONNECT', 1_001.3), use(1_050), boundary('DISCONNECT', 1_099)]);
      await one([boundary('DISCONNECT', 1_100.2)]);
      await reconcile(database(), 1_200 * SECOND);
      expect(await database().knex('sip_session').select('event', 'peername').orderBy('at')).toEqual([{ event: 'CONNECT', peername: '909' }, { event: 'DISCONNECT', peername: '909' }]);
    });
  });

  describe('of which one comes back', () => {
    const left = registration({ event: 'UNREGISTER', details: 'EXPIRED', source: 'SERVER', at: 1_150 });

    it('leaves out what the other one heard in its break, or inferred as well', async () => {
      await one([left]);
      await two([inferred(1_201, 1_100)]);
      expect(await told()).toEqual(['1150 UNREGISTER EXPIRED']);
      await one([inferred(1_401, 1_300)]);
      await two([inferred(1_402, 1_301)]);
      expect(await told()).toEqual(['1150 UNREGISTER EXPIRED', '1401 UNREGISTER INFERRED']);
    });

    it.each([
      ['before the break', { at: 1_097 }],
      ['of another account', { peername: '908' }],
      ['of another event', { event: 'REGISTER', details: '200 OK' }],
    ] as const)('writes it when what is there is %s', async (_, facts) => {
      await one([registration({ event: 'UNREGISTER', details: 'EXPIRED', source: 'SERVER', at: 1_150, ...facts })]);
      await two([inferred(1_201, 1_100)]);
      expect((await told()).at(-1)).toBe('1201 UNREGISTER INFERRED');
    });

    it('writes it beside its own rows, also those of the same listing and later ones, and may do so again', async () => {
      const own = registration({ event: 'UNREGISTER', details: '200 OK', at: 1_099 });
      const first = inferred(1_201, 1_100, { distinction: 'A' }, [own.row.key]);
      const second = inferred(1_201, 1_100, { distinction: 'B' }, [own.row.key, first.row.key]);
      const later = registration({ event: 'UNREGISTER', details: '200 OK', at: 1_202 });
      for (let times = 0; times < 2; times += 1) await one([own, first, second, later]);
      expect(await told()).toEqual(['1099 UNREGISTER 200 OK', '1201 UNREGISTER INFERRED', '1201 UNREGISTER INFERRED', '1202 UNREGISTER 200 OK']);
    });

    it('takes no refusal for a registration, and no registration of the PBX itself', async () => {
      await one([registration({ details: 'CHALLENGE_RESPONSE_FAILED', at: 1_150 }), registration({ source: 'SERVER', distinction: 'PJSIP', at: 1_151 })]);
      await two([inferred(1_201, 1_100, { event: 'REGISTER' })]);
      expect((await told()).at(-1)).toBe('1201 REGISTER INFERRED');
      await one([registration({ at: 1_250 })]);
      await two([inferred(1_301, 1_210, { event: 'REGISTER' })]);
      expect((await told()).at(-1)).toBe('1250 REGISTER 200 OK');
    });

    it('infers at the same instant as the other one, and once', async () => {
      for (let round = 0; round < 20; round += 1) {
        const at = 1_000 + 100 * round;
        await Promise.all([one([inferred(at, at - 50)]), two([inferred(at + 1, at - 40)])]);
      }
      expect(await stored()).toHaveLength(20);
    });
  });

  it('wait for each other only where one may tell what the other one tells', async () => {
    await one([boundary('CONNECT', 1_000)]);
    if (database().dialect === 'sqlite') return;
    const order: string[] = [];
    const waiting: Promise<unknown>[] = [];
    const use: Output = { kind: 'socket-use', key: 'use', pbx: 'lab', transport: 'TLS', remoteAddress: '192.0.2.1:40000', peername: '909', account: null, at: 1_051 * SECOND };
    await database().knex.transaction(async (trx) => {
      await trx('setting').where('name', 'turn lab').forUpdate().first();
      for (const output of [boundary('DISCONNECT', 1_050), registration({ at: 1_051 })]) waiting.push(two([output]).then(() => order.push(output.row.event)));
      await two([use]).then(() => order.push('sure'));
      order.push('released');
    });
    await Promise.all(waiting);
    expect(order.slice(0, 2)).toEqual(['sure', 'released']);
    expect(order).toHaveLength(4);
  });
});

/** Connections that come and go, as each of two listeners hears of them: its own polls, and the same events. */
function connections(random: () => number): { truth: Map<number, number>; inputs: PbxInput[] } {
  const truth = new Map<number, number>();
  const open = new Set<number>();
  const inputs: PbxInput[] = [];
  const end = START + 600 * SECOND;
  for (let at = START; at < end; at += Math.round(random() ** 3 * 20 * SECOND)) {
    const port = 40_000 + Math.floor(random() * 4);
    truth.set(port, (truth.get(port) ?? 0) + 1);
    if (!open.delete(port)) open.add(port);
    if (open.has(port) && random() < 0.3) inputs.push(security(at, port));
    inputs.push(monitors(at, open));
  }
  inputs.push(monitors(end, open));
  return { truth, inputs };
}

function security(at: number, port: number): PbxInput {
  const headers = { service: 'PJSIP', accountid: '909', sessionid: `c${at}`, remoteaddress: `IPV4/TLS/192.0.2.1/${port}` };
  return { kind: 'event', event: amiEvent('ChallengeSent', at, new Map(Object.entries(headers))) };
}

const monitors = (at: number, open: ReadonlySet<number>): Extract<PbxInput, { kind: 'transport-monitors' }> => ({
  kind: 'transport-monitors',
  connections: [...open].map((port) => ({ remote: { transport: 'TLS', ip: '192.0.2.1', port }, objectName: 'tls' })),
  requestedAt: at,
  at,
  baseline: false,
});

interface Batch {
  readonly at: number;
  readonly outputs: readonly Output[];
}

/** What one listener makes of it: it polls every two seconds, and sees what is open just then. */
function heardBy(inputs: readonly PbxInput[], random: () => number): Batch[] {
  const translator = new Translator('lab');
  const batches: Batch[] = [];
  const give = (input: PbxInput, at: number): void => void batches.push({ at, outputs: translator.handle(input) });
  let pollAt = START + Math.round(random() * 2 * SECOND);
  let state = monitors(START, new Set());
  give({ ...state, baseline: true }, START);
  for (const input of inputs) {
    const at = input.kind === 'event' ? input.event.at : input.at;
    for (; pollAt < at; pollAt += 2 * SECOND) give({ ...state, requestedAt: pollAt, at: pollAt }, pollAt);
    if (input.kind === 'transport-monitors') state = input;
    else give(input, at);
  }
  give({ ...state, requestedAt: pollAt, at: pollAt }, pollAt);
  return batches;
}

/** Both write what they heard in order, now one and now the other ahead by up to `lag`. */
function* inTurns(heard: readonly [Batch[], Batch[]], lag: number, random: () => number): Generator<readonly [listener: 0 | 1, outputs: readonly Output[]]> {
  const rests = heard.map((batches) => [...batches]);
  for (;;) {
    const [first, second] = rests.map((rest) => rest[0]?.at ?? Number.POSITIVE_INFINITY) as [number, number];
    if (first === second && first === Number.POSITIVE_INFINITY) return;
    const isFar = Math.abs(first - second) > lag;
    const listener = (isFar ? first < second : random() < 0.5) ? 0 : 1;
    for (let left = random() < 0.9 ? 1 : 40; left > 0; left -= 1) {
      const batch = rests[listener]?.[0];
      if (!batch || batch.at - Math.min(first, second) > lag) break;
      rests[listener]?.shift();
      yield [listener, batch.outputs];
    }
  }
}
