import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../src/database/database.js';
import type { Output } from '../../../src/logs/output.js';
import { sessionRow } from '../../../src/logs/sip-session/rows.js';
import { Translator } from '../../../src/pipeline/translator.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { broken, RandomPbx, whole } from '../../scenarios/random-pbx.js';
import { ofAccounts, type SessionOutput } from '../../scenarios/told.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/random.js';

const SECOND = 1_000_000;
const MARGIN = 2;
const SEEDS = Array.from({ length: Number(process.env['SEEDS'] ?? 6) }, (_, n) => n + 1);

interface Facts {
  readonly event?: 'REGISTER' | 'UNREGISTER';
  readonly peername?: string;
  /** What its key is made of. */
  readonly which?: string;
}

function heard(at: number, { event = 'UNREGISTER', peername = '909', which = '' }: Facts = {}): SessionOutput {
  const row = sessionRow('lab', { at: at * SECOND, event, source: 'CLIENT', details: '200 OK', peername, binding: 'bound', distinction: which });
  return { kind: 'sip-session', row };
}

function inferred(at: number, since: number, heardKeys: readonly string[] = [], { event = 'UNREGISTER', peername = '909', which = '' }: Facts = {}): SessionOutput {
  const row = sessionRow('lab', { at: at * SECOND, event, source: 'SERVER', details: 'INFERRED', peername, binding: 'bound', distinction: which });
  return { kind: 'sip-session', row, doubt: { kind: 'inferred', since: since * SECOND, heard: heardKeys } };
}

describeEachDatabase('rows that another listener may tell with another key', (database, url) => {
  const others: Database[] = [];
  beforeAll(() => {
    for (let n = 0; n < 2; n += 1) others.push(openDatabase(url()));
  });
  afterAll(() => Promise.all(others.map((other) => other.close())));
  afterEach(async () => {
    for (const table of ['sip_session', 'session_doubt']) await database().knex(table).del();
  });
  const write = (listener: number, outputs: readonly Output[]): Promise<number> => writeBatch([database(), ...others][listener] ?? database(), outputs, `listener ${listener}`);
  const stored = async (): Promise<{ event_key: string; at: number | string; event: string; details: string; peername: string }[]> => (await database().knex('sip_session').orderBy(['at', 'id'])) as never;
  const told = async (): Promise<string[]> => (await stored()).map(({ at, event, details }) => `${Number(at) / SECOND} ${event} ${details}`);

  it('go when the other one, whose database lagged, writes what it heard', async () => {
    await write(0, [inferred(201, 100)]);
    expect(await told()).toEqual(['201 UNREGISTER INFERRED']);
    await write(1, [heard(150)]);
    expect(await told()).toEqual(['150 UNREGISTER 200 OK']);
    // After a crash both write again.
    await write(0, [inferred(201, 100)]);
    await write(1, [heard(150)]);
    expect(await told()).toEqual(['150 UNREGISTER 200 OK']);
  });

  it('go only for what says the same', async () => {
    await write(0, [inferred(201, 100)]);
    await write(1, [heard(97), heard(204), heard(150, { peername: '908' }), heard(150, { event: 'REGISTER' })]);
    expect(await told()).toContain('201 UNREGISTER INFERRED');
  });

  it('stay beside what their own listener tells, though the other one writes that first', async () => {
    const own = heard(202);
    await write(0, [inferred(201, 100)]);
    await write(1, [own]);
    await write(0, [own]);
    expect(await told()).toEqual(['201 UNREGISTER INFERRED', '202 UNREGISTER 200 OK']);
  });

  it('come back when what hid them goes', async () => {
    const own = heard(60);
    // The first listener heard that, and that the phone came back; both were away when it left again.
    await write(1, [inferred(105, 50, [], { which: 'other' })]);
    await write(0, [inferred(107, 70)]);
    expect(await told()).toEqual(['105 UNREGISTER INFERRED']);
    await write(0, [own]);
    expect(await told()).toEqual(['60 UNREGISTER 200 OK', '107 UNREGISTER INFERRED']);
  });

  it('stand where one who doubts them too tells what would hide them', async () => {
    const half: SessionOutput = { ...heard(150), doubt: { kind: 'inferred', since: 150 * SECOND, heard: [] } };
    const next = heard(150.5, { which: 'a second time' });
    for (const order of [[[0, half], [1, half], [1, next]], [[1, half], [1, next], [0, half]]] as const) {
      for (const [listener, output] of order) await write(listener, [output]);
      expect(await told()).toEqual(['150 UNREGISTER 200 OK', '150.5 UNREGISTER 200 OK']);
      for (const table of ['sip_session', 'session_doubt']) await database().knex(table).del();
    }
  });

  it('are one row where the attempt that they cut off was refused within a moment', async () => {
    const refused = (which: string): SessionOutput => {
      const row = sessionRow('lab', { at: 150 * SECOND, event: 'REGISTER', source: 'CLIENT', details: 'INVALID_ACCOUNT_ID', peername: '7777', binding: 'unknown', distinction: which });
      return { kind: 'sip-session', row };
    };
    await write(0, [{ ...refused('begun'), doubt: { kind: 'inferred', since: 152 * SECOND, heard: [] } }]);
    await write(0, [refused('ended')]);
    await write(1, [refused('ended')]);
    expect(await told()).toEqual(['150 REGISTER INVALID_ACCOUNT_ID']);
  });

  it('are in doubt no more when somebody heard them whole', async () => {
    const sure = heard(150);
    const half: SessionOutput = { ...sure, doubt: { kind: 'inferred', since: 150 * SECOND, heard: [] } };
    const alike = heard(150.5, { which: 'of another contact' });
    for (const batches of [[half, alike, sure], [half, sure, alike], [alike, half, sure], [sure, alike, half]]) {
      for (const output of batches) await write(output === half ? 0 : 1, [output]);
      expect(await told()).toEqual(['150 UNREGISTER 200 OK', '150.5 UNREGISTER 200 OK']);
      for (const table of ['sip_session', 'session_doubt']) await database().knex(table).del();
    }
  });

  it('take no more queries where many phones register again than where one does', async () => {
    const rows = (phones: number, round: number): SessionOutput[] => Array.from({ length: phones }, (_, n) => heard(150 + round, { event: 'REGISTER', peername: `${phones} ${n}`, which: `${round}` }));
    const again = (phones: number, round: number): SessionOutput[] => {
      const before = rows(phones, round - 1);
      return rows(phones, round).map((output, n) => ({ ...output, doubt: { kind: 'inferred', since: (150 + round) * SECOND, heard: before.slice(n, n + 1).map(({ row }) => row.key) } }));
    };
    const queries = async (phones: number): Promise<number> => {
      let count = 0;
      const counts = (): void => void (count += 1);
      await write(0, again(phones, 0));
      database().knex.on('query', counts);
      await write(0, again(phones, 1));
      database().knex.off('query', counts);
      return count;
    };
    const one = await queries(1);
    expect(await queries(300)).toBe(one);
    expect(await stored()).toHaveLength(602);
  });

  it('are settled alike beside an account that is attacked', async () => {
    const attack = Array.from({ length: 5_500 }, (_, n): SessionOutput => {
      const row = sessionRow('lab', { at: 150 * SECOND + n, event: 'REGISTER', source: 'CLIENT', details: 'INVALID_PASSWORD', peername: '909', binding: 'unknown', distinction: `${n}` });
      return { kind: 'sip-session', row };
    });
    for (let start = 0; start < attack.length; start += 500) await write(1, attack.slice(start, start + 500));
    await write(1, [heard(151, { peername: '908', which: 'heard' })]);
    const half = (peername: string): SessionOutput => ({ ...heard(150, { event: peername === '909' ? 'REGISTER' : 'UNREGISTER', peername, which: 'half' }), doubt: { kind: 'inferred', since: 150 * SECOND, heard: [] } });
    await write(0, [half('907'), half('908'), half('909')]);
    const standing = (await stored()).filter(({ details }) => details === '200 OK').map(({ peername, event }) => `${peername} ${event}`);
    expect(standing.sort()).toEqual(['907 UNREGISTER', '908 UNREGISTER', '909 REGISTER']);
  });

  it.each(SEEDS)('are the same in the end, in whatever order and however often three listeners write (%i)', async (seed) => {
    const random = seeded(seed);
    const listeners = threeListeners(random);
    const expected = naive(listeners);
    for (const manner of ['in turns', 'in turns', 'at once'] as const) {
      if (manner === 'at once') await Promise.all(listeners.map((outputs, listener) => inPieces(outputs, random, (piece) => write(listener, piece))));
      else await mixed(listeners, random, write);
      expect((await stored()).map(({ event_key: key }) => key).sort(), manner).toEqual(expected);
      for (const table of ['sip_session', 'session_doubt']) await database().knex(table).del();
    }
  });

  it.each(SEEDS)('leave what one listener heard whole as it told it, with one beside it that breaks off and is ahead or behind by minutes (%i)', async (seed) => {
    const random = seeded(seed);
    const { moments } = new RandomPbx(seeded(seed), 60, seed % 2 === 0);
    const listeners = [whole(moments, random), broken(moments, random)].map((inputs) => {
      const translator = new Translator('lab');
      return ofAccounts(inputs.flatMap((input) => translator.handle(input)));
    });
    // One who heard a half only has its time, milliseconds off.
    const show = (rows: readonly { readonly event: string; readonly peername: string | null; readonly at: number }[]): string[] => rows.map(({ event, peername, at }) => `${Math.round(at / (SECOND / 20))} ${event} ${peername ?? ''}`).sort();
    await mixed(listeners, random, write);
    const alone = new Map((listeners[0] ?? []).map(({ row }) => [row.key, { ...row, at: row.timestamp }]));
    expect(show((await stored()).map((row) => ({ ...row, at: Number(row.at) })))).toEqual(show([...alone.values()]));
  });
});

/** What happened with two accounts, as each of three listeners with breaks of their own tells it, in order. */
function threeListeners(random: () => number): SessionOutput[][] {
  const happenings = Array.from({ length: 40 }, (_, n) => {
    const facts = { event: random() < 0.5 ? 'REGISTER' : 'UNREGISTER', peername: random() < 0.5 ? '909' : '908', which: `${n}` } as const;
    return { at: Math.floor(random() * 600), facts };
  }).sort((a, b) => a.at - b.at);
  return [0, 1, 2].map((listener) => {
    const outputs: { readonly due: number; readonly output: SessionOutput }[] = [];
    for (let from = Math.floor(random() * 60); from < 600; ) {
      const to = from + 20 + Math.floor(random() * 200);
      const back = to + 1 + Math.floor(random() * 60);
      for (const { at, facts } of happenings) {
        if (at < from || at >= to) continue;
        const whole = heard(at, facts);
        // Half of it was said before the login: it has another key, or the same.
        const half: SessionOutput = { ...(random() < 0.5 ? whole : heard(at, { ...facts, which: `${facts.which} half${random() < 0.5 ? '' : ` ${listener}`}` })), doubt: { kind: 'inferred', since: at * SECOND, heard: [] } };
        outputs.push({ due: at + 0.1, output: at - from <= MARGIN && random() < 0.5 ? half : whole });
      }
      for (const event of ['REGISTER', 'UNREGISTER'] as const) {
        for (const peername of ['908', '909']) if (random() < 0.6) outputs.push({ due: back + 5, output: inferred(back, to, [], { event, peername, which: `${listener}` }) });
      }
      from = back;
    }
    const inOrder = outputs.sort((a, b) => a.due - b.due).map(({ output }) => output);
    return inOrder.map((output, place) => {
      if (output.doubt?.kind !== 'inferred') return output;
      const { since } = output.doubt;
      const before = inOrder.slice(0, place).filter(({ row }) => row.peername === output.row.peername && row.timestamp >= since - MARGIN * SECOND);
      return { ...output, doubt: { ...output.doubt, heard: before.map(({ row }) => row.key) } };
    });
  });
}

/** The keys of what is to stand: all that anybody heard whole, and in order of time each doubtful row that nothing else tells. */
function naive(listeners: readonly (readonly SessionOutput[])[]): string[] {
  const sure = listeners.flat().filter(({ doubt }) => doubt === undefined).map(({ row }) => row);
  const standing = new Map(sure.map((row) => [row.key, row]));
  const doubtful = listeners
    .flatMap((outputs) => outputs.map(({ row, doubt }) => ({ row, doubt, own: new Set(outputs.map((output) => output.row.key)) })))
    .filter(({ row, doubt }) => doubt !== undefined && !standing.has(row.key))
    .sort((a, b) => a.row.timestamp - b.row.timestamp || (a.row.key < b.row.key ? -1 : 1));
  for (const { row, doubt, own } of doubtful) {
    const since = doubt?.kind === 'inferred' ? doubt.since : 0;
    const isNear = (at: number): boolean => at >= since - MARGIN * SECOND && at <= row.timestamp + MARGIN * SECOND;
    const isTold = [...standing.values()].some((other) => other.peername === row.peername && other.event === row.event && isNear(other.timestamp) && !own.has(other.key));
    if (!isTold) standing.set(row.key, row);
  }
  return [...standing.keys()].sort();
}

/** All in order, some of it written again as after a crash. */
async function inPieces(outputs: readonly SessionOutput[], random: () => number, write: (outputs: readonly SessionOutput[]) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < outputs.length; ) {
    const piece = outputs.slice(start, start + 1 + Math.floor(random() * 5));
    await write(piece);
    start += random() < 0.2 ? 0 : piece.length;
  }
}

/** Each listener's outputs in their order, now of one and now of another one. */
async function mixed(listeners: readonly (readonly SessionOutput[])[], random: () => number, write: (listener: number, outputs: readonly SessionOutput[]) => Promise<unknown>): Promise<void> {
  const rests = listeners.map((outputs) => [...outputs]);
  while (rests.some((rest) => rest.length > 0)) {
    const listener = Math.floor(random() * rests.length);
    const piece = rests[listener]?.splice(0, 1 + Math.floor(random() ** 3 * 40)) ?? [];
    await inPieces(piece, random, (some) => write(listener, some));
  }
}
