import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../../src/database/database.js';
import { parseCallQuery } from '../../../src/logs/cdr/call-query.js';
import { allCalls, legsBy, legsQuery, listCalls, readCall } from '../../../src/logs/cdr/calls.js';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import { foldCalls, type FoldedCall } from '../../../src/logs/cdr/folded-call.js';
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
  legs.push(leg(0, { src: 'nameless', linkedid: '', uniqueid: '' }), leg(0, { src: 'nameless', linkedid: '', uniqueid: '' }));
  return legs;
}

const withoutId = (record: Cdr): Omit<Cdr, 'id'> => Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'id')) as Omit<Cdr, 'id'>;

async function planOf({ knex, dialect }: Database, query: ReturnType<typeof legsQuery>): Promise<string> {
  const { sql, bindings } = query.toSQL().toNative();
  const answer: unknown = await knex.raw(dialect === 'sqlite' ? `explain query plan ${sql}` : `explain ${sql}`, [...bindings]);
  if (dialect === 'sqlite') return (answer as { detail: string }[]).map(({ detail }) => detail).join('; ');
  const [rows] = answer as [{ type: string; key: string | null; Extra: string }[]];
  return rows.map(({ type, key, Extra }) => `${type} ${key ?? 'NO KEY'} ${Extra}`).join('; ');
}

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
    const { from, to, filters } = parseCallQuery(parameters);
    const { disposition, ...ofLegs } = filters;
    return calls
      .filter((call) => (from === null || call.begin >= from) && (to === null || call.begin < to) && (disposition === undefined || call.disposition === disposition))
      .filter((call) => call.legs.some((each) => Object.entries(ofLegs).every(([name, value]) => (each as unknown as Record<string, unknown>)[name] === value)))
      .map(nameOf);
  }
  const nameOf = ({ begin, id, legs }: FoldedCall): string => `${begin} ${id} ${legs.length}`;

  async function paged(parameters: Record<string, string>): Promise<{ names: string[]; pages: number }> {
    const names: string[] = [];
    let pages = 0;
    for (let cursor = ''; ; pages += 1) {
      const page = await listCalls(database().knex, parseCallQuery({ ...parameters, cursor }));
      names.push(...page.calls.map(nameOf));
      expect(page.calls.length).toBeLessThanOrEqual(Number(parameters['limit'] ?? 50));
      if (page.next === null) return { names, pages: pages + 1 };
      cursor = page.next;
    }
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
    { limit: '20', from: at(1_000), to: at(1_001) },
  ])('page through once, in order and complete: %j', async (parameters) => {
    const wanted = expected(parameters);
    const { names } = await paged(parameters);
    expect(names).toEqual(wanted);
    const all: string[] = [];
    for await (const block of allCalls(database().knex, parseCallQuery(parameters), 97)) all.push(...block.calls.map(nameOf));
    expect(all).toEqual(wanted);
  });

  it('bound what one page reads, and go on from there', async () => {
    const { knex } = database();
    let rows = 0;
    const count = (answer: unknown): void => {
      rows += Array.isArray(answer) ? answer.length : 0;
    };
    knex.on('query-response', count);
    await listCalls(knex, parseCallQuery({ limit: '20' }));
    knex.off('query-response', count);
    expect(rows).toBeLessThan(600);
  });

  it('lose and repeat no call while new ones come in', async () => {
    const { knex } = database();
    const first = await listCalls(knex, parseCallQuery({ limit: '60', src: '911' }));
    await insertCdrs(knex, [withoutId(leg(0, { callDate: BEGIN + 900_000 * MICROS_PER_SECOND, src: '911', linkedid: 'new', uniqueid: 'new' }))]);
    const second = await listCalls(knex, parseCallQuery({ limit: '1000', src: '911', cursor: first.next ?? '' }));
    await knex('cdr').where({ linkedid: 'new' }).delete();
    expect([...first.calls, ...second.calls].map(nameOf)).toEqual(expected({ src: '911' }));
  });

  it('are read by any of their legs', async () => {
    const wanted = calls.find(({ legs }) => legs.length === 4);
    const leg3 = wanted?.legs[2];
    expect(nameOf((await readCall(database().knex, leg3?.id ?? 0)) as FoldedCall)).toBe(nameOf(wanted as FoldedCall));
    expect(await readCall(database().knex, 999_999_999)).toBeNull();
  });

  it.each<[Record<string, string>, RegExp]>([
    [{}, /cdr_call_date/],
    [{ from: at(1_000), to: at(2_000) }, /cdr_call_date/],
    [{ src: '905', from: at(1_000) }, /cdr_src/],
    [{ dst: '610' }, /cdr_dst/],
    [{ disposition: 'FAILED' }, /cdr_disposition/],
    [{ disposition: 'NO_ANSWER' }, /cdr_call_date/],
  ])('are scanned for %j by an index, without sorting', async (parameters, index) => {
    const { knex } = database();
    for (const position of [null, { at: BEGIN + 3_000 * MICROS_PER_SECOND, id: 77 }]) {
      const plan = await planOf(database(), legsQuery(knex, parseCallQuery(parameters), position, 100));
      expect(plan).toMatch(index);
      expect(plan).not.toMatch(/NO KEY|ALL|filesort|TEMP B-TREE|SCAN \w+$/);
    }
  });

  it('gather their legs by indexes', async () => {
    const { knex } = database();
    const keys = Array.from({ length: 200 }, (_, n) => `1778414400.${n}`);
    expect(await planOf(database(), legsBy(knex, 'linkedid', keys))).toMatch(/range cdr_linkedid|SEARCH cdr USING INDEX cdr_linkedid/);
    expect(await planOf(database(), legsBy(knex, 'uniqueid', keys))).toMatch(/range cdr_(uniqueid|linkedid)|SEARCH cdr USING INDEX cdr_(uniqueid|linkedid)/);
  });

  it.each([
    [{ sort: 'duration' }, 'sort is no parameter'],
    [{ order: 'asc' }, 'order is no parameter'],
    [{ cursor: 'bm9uZQ' }, 'cursor is not one'],
    [{ cursor: Buffer.from('["calls",1]').toString('base64url') }, 'cursor is not one'],
    [{ colour: 'red' }, 'colour is no parameter'],
  ])('name what cannot be asked: %j', (parameters: Record<string, string>, message) => {
    expect(() => parseCallQuery(parameters)).toThrow(new RegExp(message.replace(' ', ': ')));
  });
});
