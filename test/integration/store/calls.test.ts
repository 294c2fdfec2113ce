import { beforeAll, expect, it, vi } from 'vitest';
import { calls as callList } from '../../../src/logs/cdr/call-columns.js';
import { countCalls } from '../../../src/logs/cdr/call-count.js';
import { allCalls, fittingCalls, listCalls, readCall, type CallPage } from '../../../src/logs/cdr/calls.js';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import { foldCalls, type FoldedCall } from '../../../src/logs/cdr/folded-call.js';
import { parseListQuery, type ListQuery } from '../../../src/logs/list-query.js';
import { MICROS_PER_SECOND, toIso } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { BEGIN, leg, recorded, type Recorded } from '../../unit/logs/recorded-calls.js';
import { insertCdrs } from '../web/samples.js';

const CALLS = 4_000;
const KINDS: readonly Recorded[] = ['plain', 'ring group', 'queue', 'queue, nobody', 'queue of Local channels', 'blind transfer', 'attended transfer', 'voicemail', 'ForkCDR'];

/** Days of calls a few seconds apart, so that they overlap; some without linkedid, on two PBXs; one that lasts for hours. */
function days(): Cdr[] {
  const legs: Cdr[] = [];
  for (let n = 0; n < CALLS; n += 1) {
    const kind = KINDS[(n * 7) % KINDS.length] ?? 'plain';
    const unlinked = n % 11 === 0;
    for (const each of recorded(kind, BEGIN + n * 7 * MICROS_PER_SECOND, 0, n % 5 === 0 ? 'pbx-rome' : 'pbx-milan')) {
      const caller = each.src === '909' ? String(900 + (n % 40)) : each.src;
      legs.push({ ...each, src: caller, linkedid: unlinked ? '' : each.linkedid, ...(n % 13 === 0 ? { disposition: 'BUSY', answerDate: null, billsec: 0 } : {}) });
    }
  }
  const agent = BEGIN + 1_000 * MICROS_PER_SECOND;
  for (let n = 0; n < 600; n += 1) legs.push(leg(0, { callDate: agent + n * 20 * MICROS_PER_SECOND, answerDate: null, billsec: 0, src: n === 0 ? 'agent' : '905', disposition: n % 3 === 0 ? 'BUSY' : 'FAILED', linkedid: 'agent', uniqueid: `agent-${n}` }));
  // Calls that fit by a leg of half an hour later alone, among some that fit at once.
  for (let n = 0; n < 400; n += 1) {
    const begin = agent + n * 10 * MICROS_PER_SECOND;
    const late = begin + (n % 3 === 0 ? 0 : 1_800) * MICROS_PER_SECOND;
    legs.push(leg(0, { callDate: begin, src: 'waits', linkedid: `late-${n}`, uniqueid: `late-${n}` }), leg(0, { callDate: late + 1, src: '977', linkedid: `late-${n}`, uniqueid: `late-${n}` }));
  }
  legs.push(leg(0, { src: 'nameless', linkedid: '', uniqueid: '' }), leg(0, { src: 'nameless', linkedid: '', uniqueid: '' }));
  return legs;
}

const withoutId = (record: Cdr): Omit<Cdr, 'id'> => Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'id')) as Omit<Cdr, 'id'>;

const query = (parameters: Record<string, string>): ListQuery => parseListQuery(callList, parameters);

describeEachDatabase('whole calls', (database) => {
  let calls: readonly FoldedCall[] = [];

  beforeAll(async () => {
    const { knex, dialect } = database();
    await insertCdrs(knex, days().map(withoutId));
    await knex.raw(dialect === 'sqlite' ? 'analyze' : 'analyze table cdr');
    const ids = (await knex('cdr').select('id', 'call_date', 'src', 'channel').orderBy('id')) as { id: number }[];
    // The same legs under the ids that the database gave.
    calls = foldCalls(days().map((each, index) => ({ ...each, id: ids[index]?.id ?? 0 })));
  });

  /** What the definition says, without a database. */
  function expected(parameters: Record<string, string>): string[] {
    const { from, to, filters, search } = query(parameters);
    const { disposition, ...ofLegs } = filters;
    return calls
      .filter((call) => (from === null || call.begin >= from) && (to === null || call.begin < to) && (disposition === undefined || call.disposition === disposition))
      .filter((call) => call.legs.some((each) => Object.entries(ofLegs).every(([name, value]) => (each as unknown as Record<string, unknown>)[name] === value) && (search === null || [each.src, each.dst].some((number) => number.startsWith(search.text)))))
      .map(nameOf);
  }
  const nameOf = ({ begin, id, legs }: FoldedCall): string => `${begin} ${id} ${legs.length}`;

  /** All pages, and back again from the last. */
  async function paged(parameters: Record<string, string>): Promise<{ forward: string[]; back: string[] }> {
    const { knex } = database();
    const forward: string[] = [];
    const back: string[] = [];
    let cursor = '';
    let last: string[] = [];
    let previous: string | null = null;
    for (let page = await listCalls(knex, query(parameters)); ; page = await listCalls(knex, query({ ...parameters, cursor }))) {
      forward.push(...page.calls.map(nameOf));
      expect(page.calls.length).toBeLessThanOrEqual(Number(parameters['limit'] ?? 50));
      expect(page.previous === null).toBe(cursor === '');
      last = page.calls.map(nameOf);
      previous = page.previous;
      if (page.next === null) break;
      cursor = page.next;
    }
    back.push(...last);
    while (previous !== null) {
      const page: CallPage = await listCalls(knex, query({ ...parameters, cursor: previous }));
      expect(page.next).not.toBeNull();
      back.unshift(...page.calls.map(nameOf));
      previous = page.previous;
    }
    return { forward, back };
  }

  const at = (second: number): string => toIso(BEGIN + second * MICROS_PER_SECOND, 'us');

  it.each<Record<string, string>>([
    { limit: '1000' },
    { limit: '37', from: at(5_000), to: at(9_000) },
    { limit: '10', src: '905' },
    { limit: '7', src: '905', from: at(900), to: at(14_000) },
    { limit: '50', dst: '610' },
    { limit: '50', disposition: 'BUSY' },
    { limit: '3', disposition: 'BUSY', from: at(1_000), to: at(6_000) },
    { limit: '100', disposition: 'NO_ANSWER' },
    { limit: '100', disposition: 'ANSWERED', src: '917' },
    { limit: '1', src: 'agent' },
    { limit: '5', disposition: 'FAILED' },
    { limit: '5', src: 'nameless' },
    { limit: '5', linkedid: 'agent' },
    { limit: '5', src: 'nobody' },
    { limit: '90', src: '977' },
    { limit: '30', search: '977', from: at(1_200), to: at(3_500) },
    { limit: '20', from: at(1_000), to: at(1_001) },
    { limit: '70', search: '61' },
    { limit: '11', search: '92', from: at(2_000), to: at(20_000), disposition: 'ANSWERED' },
    { limit: '9', search: '905', src: 'agent' },
  ])('page through once, forward and back, in either order, complete and counted: %j', async (parameters) => {
    const wanted = expected(parameters);
    expect(await paged(parameters)).toEqual({ forward: wanted, back: wanted });
    const turned = [...wanted].reverse();
    expect(await paged({ ...parameters, order: 'asc' })).toEqual({ forward: turned, back: turned });
    for (const [order, names] of [['desc', wanted], ['asc', turned]] as const) {
      const all: string[] = [];
      for await (const block of allCalls(database().knex, query({ ...parameters, order }), 97)) all.push(...block.calls.map(nameOf));
      expect(all).toEqual(names);
    }
    // Null on a machine that was too busy for the half second that counting is given; what two filters leave may be too much on any.
    const count = await vi.waitFor(async () => {
      const counted = await countCalls(database().knex, query(parameters));
      if (counted === null && parameters['disposition'] === undefined) throw new Error('not counted in time');
      return counted;
    }, 30_000);
    if (count?.kind === 'exact') expect(count.rows).toBe(wanted.length);
    else expect([parameters['disposition'] !== undefined, wanted.length > (count?.rows ?? 0)]).toEqual([true, true]);
    expect((await fittingCalls(database().knex, query(parameters), calls)).map(nameOf)).toEqual(wanted);
  });

  it('bound what one page reads, and go on from there', async () => {
    const { knex } = database();
    let rows = 0;
    const count = (answer: unknown): void => {
      rows += Array.isArray(answer) ? answer.length : 0;
    };
    knex.on('query-response', count);
    await listCalls(knex, query({ limit: '20' }));
    knex.off('query-response', count);
    expect(rows).toBeLessThan(600);
  });

  it('lose and repeat no call while new ones come in', async () => {
    const { knex } = database();
    const first = await listCalls(knex, query({ limit: '60', src: '911' }));
    await insertCdrs(knex, [withoutId(leg(0, { callDate: BEGIN + 900_000 * MICROS_PER_SECOND, src: '911', linkedid: 'new', uniqueid: 'new' }))]);
    const second = await listCalls(knex, query({ limit: '1000', src: '911', cursor: first.next ?? '' }));
    await knex('cdr').where({ linkedid: 'new' }).delete();
    expect([...first.calls, ...second.calls].map(nameOf)).toEqual(expected({ src: '911' }));
  });

  it('are read by any of their legs', async () => {
    const wanted = calls.find(({ legs }) => legs.length === 4);
    const leg3 = wanted?.legs[2];
    expect(nameOf((await readCall(database().knex, leg3?.id ?? 0)) as FoldedCall)).toBe(nameOf(wanted as FoldedCall));
    expect(await readCall(database().knex, 999_999_999)).toBeNull();
  });

  it.each([
    [{ sort: 'duration' }, 'sort must be one of begin'],
    [{ order: 'up' }, 'order must be one of'],
    [{ cursor: 'bm9uZQ' }, 'cursor is not one'],
    [{ cursor: Buffer.from('["begin","asc",1,2]').toString('base64url') }, 'cursor is not one'],
    [{ colour: 'red' }, 'colour is no parameter'],
  ])('name what cannot be asked: %j', (parameters: Record<string, string>, message) => {
    expect(() => query(parameters)).toThrow(new RegExp(message.replace(' ', ': ')));
  });
});
