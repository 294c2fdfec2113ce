import { beforeEach, describe, expect, it } from 'vitest';
import type { Output } from '../../../src/logs/output.js';
import { gapsBetween } from '../../../src/logs/capture-gap/store.js';
import { KILLED } from '../../../src/logs/capture-gap/silence.js';
import { LOOK_BACK, squareGaps } from '../../../src/logs/capture-gap/square.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { MICROS_PER_SECOND, parseIso, type Micros } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';

const NOON = parseIso('2026-11-22T12:00:00Z') ?? 0;
const SECOND = MICROS_PER_SECOND;
const DAY = 86_400 * SECOND;
const at = (seconds: number): Micros => NOON + seconds * SECOND;
/** Long after whatever a test does: nothing is waited for any more. */
const LATER = at(86_400);

const listening = (from: number, until: number, reason: string | null = null, pbx = 'lab'): Output => ({ kind: 'listening', pbx, from: at(from), until: at(until), reason });

describeEachDatabase('gaps', (database) => {
  beforeEach(async () => {
    for (const table of ['listening', 'capture_gap']) await database().knex(table).delete();
  });
  const heard = (listener: string, ...outputs: Output[]): Promise<number> => writeBatch(database(), outputs, listener);
  const square = (now = LATER, pbx = 'lab') => squareGaps(database(), pbx, now);
  const gaps = async (pbx = 'lab'): Promise<[number, number, string][]> =>
    (await gapsBetween(database().knex, null, null, 10_000))
      .filter((gap) => gap.pbx === pbx)
      .map(({ from, to, reason }): [number, number, string] => [(from - NOON) / SECOND, (to - NOON) / SECOND, reason])
      .sort(([a], [b]) => a - b);

  describe('what was heard', () => {
    const rows = () => database().knex('listening').orderBy('from_at').select<Record<string, unknown>[]>('listener', 'from_at', 'until_at', 'reason');

    it('is one row a login, which only grows, and keeps why it ended', async () => {
      await heard('a', listening(0, 5), listening(0, 9));
      await heard('a', listening(0, 7));
      await heard('a', listening(0, 12, 'the PBX closed the connection'), listening(20, 20));
      await heard('a', listening(0, 12), listening(0, 12, 'another'), listening(20, 21));
      await heard('b', listening(0, 3));
      expect((await rows()).map((row) => [row['listener'], Number(row['until_at']) - NOON, row['reason']])).toEqual(
        expect.arrayContaining([['a', 12 * SECOND, 'the PBX closed the connection'], ['a', 21 * SECOND, ''], ['b', 3 * SECOND, '']]),
      );
      expect(await rows()).toHaveLength(3);
    });

    it('ends at the last word, also before what was told meanwhile, whatever is written again', async () => {
      await heard('a', listening(0, 5), listening(0, 40));
      await heard('a', listening(0, 25, 'Ping was not answered'));
      await heard('a', listening(0, 40), listening(0, 45));
      await heard('b', listening(0, 40), listening(0, 25, 'Ping was not answered'), listening(0, 40), listening(0, 50, 'another'));
      await heard('c', listening(30, 30), listening(30, 35), listening(30, 20, 'stopped'));
      expect((await rows()).map((row) => [row['listener'], (Number(row['until_at']) - NOON) / SECOND, row['reason']]).sort()).toEqual([
        ['a', 25, 'Ping was not answered'],
        ['b', 25, 'Ping was not answered'],
        ['c', 30, 'stopped'],
      ]);
    });
  });

  it('are what lies between two logins, with why the first one ended', async () => {
    await heard('a', listening(0, 10, 'the PBX closed the connection'), listening(30, 40));
    expect(await square()).toMatchObject({ written: 1, settled: true });
    expect(await gaps()).toEqual([[10, 30, 'the PBX closed the connection']]);
    expect(await square()).toEqual({ written: 0, changed: 0, deleted: 0, settled: true });
    const [row] = (await database().knex('capture_gap').select()) as Record<string, unknown>[];
    expect(row).toMatchObject({ kind: 'GAP', recovery: 'pending', lost: 0, recovered_calls: 0 });
    expect(Number(row?.['recovery_due'])).toBe(at(30));
  });

  it('begin at the last word that was heard, where time passed before the silence was noticed', async () => {
    await heard('a', listening(0, 10), listening(0, 40));
    await heard('a', listening(0, 12, 'Ping was not answered'), listening(60, 70));
    await square();
    expect(await gaps()).toEqual([[12, 60, 'Ping was not answered']]);
  });

  it('of a process that was killed say so', async () => {
    await heard('a', listening(0, 10));
    await heard('a', listening(30, 40));
    await square();
    expect(await gaps()).toEqual([[10, 30, KILLED]]);
  });

  it('are none where a second one goes on, takes over without a hole, or nobody listened before or after', async () => {
    await heard('a', listening(0, 10, 'stopped'), listening(30, 40));
    await heard('b', listening(5, 35, 'stopped'));
    await heard('c', listening(40, 50));
    await square();
    expect(await gaps()).toEqual([]);
  });

  it('of one PBX are not those of another', async () => {
    await heard('a', listening(0, 10), listening(30, 40), listening(0, 100, null, 'other'), listening(120, 130, null, 'other'));
    await square();
    await square(LATER, 'other');
    expect(await gaps()).toEqual([[10, 30, KILLED]]);
    expect(await gaps('other')).toEqual([[100, 120, KILLED]]);
  });

  it('wait for a second one that still listens, and whose news may be on the way', async () => {
    await heard('b', listening(0, 20));
    await heard('a', listening(0, 10, 'stopped'), listening(25, 25));
    expect(await square(at(26))).toMatchObject({ written: 0, settled: false });
    await heard('b', listening(0, 30));
    expect(await square(at(31))).toMatchObject({ written: 0, settled: true });
    // Another time it says no more.
    await heard('a', listening(25, 40, 'stopped'), listening(50, 55));
    expect(await square(at(56))).toMatchObject({ written: 0, settled: false });
    await heard('a', listening(50, 61));
    expect(await square(at(62))).toMatchObject({ written: 1, settled: true });
    expect(await gaps()).toEqual([[40, 50, 'stopped']]);
  });

  it('shrink, split and go when another turns out to have listened, and keep what is known of their recovery', async () => {
    await heard('a', listening(0, 10, 'stopped'), listening(100, 110));
    await square();
    await database().knex('capture_gap').update({ recovery: 'done', recovered_calls: 7 });
    await heard('b', listening(5, 20));
    expect(await square()).toMatchObject({ written: 0, changed: 1 });
    expect(await gaps()).toEqual([[20, 100, KILLED]]);
    await heard('c', listening(40, 50, 'the network'));
    await square();
    expect(await gaps()).toEqual([[20, 40, KILLED], [50, 100, 'the network']]);
    expect(await database().knex('capture_gap').where({ recovery: 'done', recovered_calls: 7 }).select('id')).toHaveLength(1);
    await heard('b', listening(5, 120));
    expect(await square()).toMatchObject({ deleted: 2 });
    expect(await gaps()).toEqual([]);
  });

  it('learn the reason when it comes late', async () => {
    await heard('a', listening(0, 10));
    await heard('b', listening(30, 40));
    await square();
    await heard('a', listening(0, 10, 'Ping was not answered'));
    await square();
    expect(await gaps()).toEqual([[10, 30, 'Ping was not answered']]);
  });

  it('after a pause of months are seen, and what is older than that is kept as it was', async () => {
    const month = 31 * 86_400;
    await heard('a', listening(0, 10, 'stopped'), listening(20, 30, 'stopped'));
    await square(at(40));
    await heard('a', listening(3 * month, 3 * month + 5));
    const now = at(3 * month + 6);
    expect(await square(now)).toMatchObject({ written: 1 });
    expect(await gaps()).toEqual([[10, 20, 'stopped'], [30, 3 * month, 'stopped']]);
    // The first login is forgotten, the second begins what is known.
    expect(await database().knex('listening').select('id')).toHaveLength(2);
    await heard('z', listening(-5, 15));
    await square(now);
    await square(now);
    expect(await gaps()).toEqual([[10, 20, 'stopped'], [30, 3 * month, 'stopped']]);
    await square(now + LOOK_BACK + DAY);
    await square(now + LOOK_BACK + DAY);
    expect(await database().knex('listening').select('id')).toHaveLength(1);
    expect(await gaps()).toHaveLength(2);
  });

  it('are not made of a clock that ran ahead', async () => {
    await heard('a', listening(0, 10), listening(10 * 365 * 86_400, 10 * 365 * 86_400 + 1));
    await square();
    expect(await gaps()).toEqual([]);
  });

  it('are written once by processes that look at once', async () => {
    for (let n = 0; n < 20; n += 1) await heard('a', listening(n * 10, n * 10 + 5));
    await Promise.all(Array.from({ length: 6 }, () => square()));
    expect(await gaps()).toHaveLength(19);
    await heard('b', listening(7, 97));
    await Promise.all(Array.from({ length: 6 }, () => square()));
    expect(await gaps()).toEqual([[5, 7, KILLED], [97, 100, KILLED], ...Array.from({ length: 9 }, (_, n) => [105 + n * 10, 110 + n * 10, KILLED])]);
  });

  it('of events left out are rows of their own, each once', async () => {
    const loss: Output = { kind: 'loss', pbx: 'lab', from: at(3), until: at(4), reason: 'the spool was full', lost: 3_120 };
    await heard('a', loss, listening(0, 10));
    await heard('a', loss, listening(0, 20));
    await square();
    expect(await gapsBetween(database().knex, null, null, 10)).toMatchObject([{ kind: 'LOSS', lost: 3_120, recovery: 'none', from: at(3), to: at(4), recoveredCalls: null }]);
  });

  it('of a time are those that touch it', async () => {
    await heard('a', listening(0, 10), listening(20, 30), listening(40, 50), listening(60, 70));
    await square();
    const between = async (from: number | null, to: number | null, most = 9): Promise<number[]> =>
      (await gapsBetween(database().knex, from === null ? null : at(from), to === null ? null : at(to), most)).map((gap) => (gap.from - NOON) / SECOND);
    expect(await between(null, null)).toEqual([50, 30, 10]);
    expect(await between(20, 30)).toEqual([30]);
    expect(await between(35, null)).toEqual([50, 30]);
    expect(await between(null, 29)).toEqual([10]);
    expect(await between(null, null, 2)).toEqual([50, 30]);
  });

  it('are at the end what no listener covered, in whatever pieces and order the news came', async () => {
    let found = 0;
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const table of ['listening', 'capture_gap']) await database().knex(table).delete();
      const random = randomFrom(seed);
      const whole = Array.from({ length: 3 }, () => logins(random));
      const news = whole.flatMap((own, listener) => own.flatMap((login) => pieces(login, random).map((output) => ({ listener: `listener ${listener}`, output }))));
      shuffle(news, random);
      for (const { listener, output } of news) {
        await heard(listener, output);
        if (random() < 0.3) await square();
      }
      await square();
      expect((await gaps()).map(([from, to]) => [from, to]), `seed ${seed}`).toEqual(complement(whole.flat()));
      expect(await square(), `seed ${seed}`).toMatchObject({ written: 0, changed: 0, deleted: 0, settled: true });
      found += (await gaps()).length;
    }
    expect(found).toBeGreaterThan(20);
  }, 120_000);
});

type Login = readonly [from: number, until: number];

/** A small generator that gives the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/** One listener's logins, one after the other, some of them empty or without a pause between them. */
function logins(random: () => number): Login[] {
  const own: Login[] = [];
  let now = Math.floor(random() * 40);
  for (let n = 0; n < 6; n += 1) {
    const until = now + Math.floor(random() * 25);
    own.push([now, until]);
    now = until + Math.floor(random() * 20) + 1;
  }
  return own;
}

/** How a login is told: several times, each time longer, and once more at its end with a reason or none. */
function pieces([from, until]: Login, random: () => number): Output[] {
  const told = Array.from({ length: 3 }, () => listening(from, from + Math.floor(random() * (until - from + 1))));
  return [...told, listening(from, until, random() < 0.5 ? 'stopped' : null)];
}

function shuffle(list: unknown[], random: () => number): void {
  for (let index = list.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [list[index], list[other]] = [list[other], list[index]];
  }
}

/** Second by second: what lies between the first and the last and in no login. */
function complement(all: readonly Login[]): [number, number][] {
  const end = Math.max(...all.map(([, until]) => until));
  const silent: [number, number][] = [];
  for (let second = Math.min(...all.map(([from]) => from)); second < end; second += 1) {
    if (all.some(([from, until]) => second >= from && second < until)) continue;
    const last = silent.at(-1);
    if (last?.[1] === second) last[1] = second + 1;
    else silent.push([second, second + 1]);
  }
  return silent;
}
