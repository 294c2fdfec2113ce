import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Cdr } from '../../../src/logs/cdr/columns.js';
import { sessionRow } from '../../../src/logs/sip-session/rows.js';
import type { Output } from '../../../src/logs/output.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { startConsole, Visitor, type TestConsole } from './console.js';
import { onEachDatabase, type EmptyDatabase } from './each-database.js';
import { follow as followPage, followable, type Followable, type LiveReader } from './live-reader.js';
import { at, cdr, insertCdrs } from './samples.js';

const TIMING = { pollMs: 100, soonestMs: 20, changesMs: 100, beatMs: 200, patienceMs: 500, placeMs: 0 };
const SECOND = 1_000_000;
const BEGIN = at('2026-05-10T12:00:00Z');

onEachDatabase('following whole calls, and rows that leave a log', (emptyDatabase) => {
  let database: EmptyDatabase;
  let console: TestConsole;
  let visitor: Visitor;
  const open: LiveReader[] = [];

  beforeAll(async () => {
    database = await emptyDatabase();
    console = await startConsole(database.url, { live: TIMING });
  });
  beforeEach(async () => {
    for (const reader of open.splice(0)) reader.close();
    for (const table of ['cdr', 'sip_session', 'session_doubt', 'session_taken_back', 'capture_gap']) await console.database.knex(table).delete();
    visitor = new Visitor(console.url);
    await visitor.signIn();
  });
  afterAll(async () => {
    for (const reader of open) reader.close();
    await console.stop();
    await database.drop();
  });

  const pageOf = (path: string): Promise<Followable> => followable(visitor, path);
  const followFrom = async (page: Pick<Followable, 'href' | 'place'>): Promise<LiveReader> => {
    const reader = await followPage(visitor, page);
    open.push(reader);
    await reader.until(({ told }) => told.some(({ event }) => event === 'well'));
    return reader;
  };
  const follow = async (path: string): Promise<LiveReader> => followFrom(await pageOf(path));

  const leg = (call: string, n: number, changes: Partial<Cdr> = {}): Omit<Cdr, 'id'> => cdr({ callDate: BEGIN + n * SECOND, linkedid: call, uniqueid: `${call}.${n}`, src: call, ...changes });
  const rang = { disposition: 'NO_ANSWER', answerDate: null, billsec: 0 } as const;
  const add = (...legs: Omit<Cdr, 'id'>[]): Promise<void> => insertCdrs(console.database.knex, legs);
  interface Rows {
    readonly count: number;
    readonly again: readonly string[];
    readonly html: string;
  }
  const rowsOf = (reader: LiveReader): Rows[] => reader.of('rows').map(({ data }) => JSON.parse(data) as Rows);
  const goneOf = (reader: LiveReader): string[] => reader.of('gone').flatMap(({ data }) => (JSON.parse(data) as { ids: string[] }).ids);
  const callIds = (html: string): string[] => [...html.matchAll(/data-id="([^"]+)"/g)].map(([, id]) => id ?? '');

  it('give a call as its page shows it, and again, under the same name, with each leg that joins it', async () => {
    const reader = await follow('/calls');
    await add(leg('one', 10, rang));
    await reader.until((each) => each.of('rows').length === 1);
    const [first] = rowsOf(reader);
    expect(first).toMatchObject({ count: 1, again: [] });
    // Asterisk writes the legs of a queue as each ends: the first of all may come last.
    await add(leg('one', 14), leg('two', 20));
    await reader.until((each) => each.of('rows').length >= 2 && rowsOf(each).reduce((sum, { count }) => sum + count, 0) === 3);
    await add(leg('one', 3, rang));
    await reader.until((each) => rowsOf(each).reduce((sum, { count }) => sum + count, 0) === 4);
    const last = rowsOf(reader).at(-1);
    const [one = ''] = callIds(first?.html ?? '');
    expect(last).toMatchObject({ count: 1, again: [one] });
    expect(callIds(last?.html ?? '')).toEqual([one]);
    expect(last?.html).toContain('3 legs');
    expect(goneOf(reader)).toEqual([]);
    const { html } = await pageOf('/calls');
    expect(callIds(html)).toHaveLength(2);
    for (const row of (last?.html ?? '').split('</tr>')) expect(html).toContain(row.trim());
  });

  it('tell which calls fit no longer', async () => {
    await add(leg('one', 10, rang), leg('two', 11, rang));
    const page = await pageOf('/calls?disposition=NO_ANSWER&from=2026-05-10T12:00:05Z');
    const [two, one] = callIds(page.html);
    const reader = await followFrom(page);
    await add(leg('one', 14));
    await reader.until((each) => goneOf(each).length === 1);
    expect(goneOf(reader)).toEqual([one]);
    // It began before the range, as is known now.
    await add(leg('two', 1, rang));
    await reader.until((each) => goneOf(each).length === 2);
    expect(goneOf(reader)).toEqual([one, two]);
    expect(reader.of('rows')).toEqual([]);
  });

  it('fit by any of their legs', async () => {
    const reader = await follow('/calls?src=908');
    await add(leg('one', 10), leg('two', 11));
    await add(leg('one', 12, { src: '908' }));
    await reader.until((each) => each.of('rows').length === 1);
    expect(rowsOf(reader)[0]).toMatchObject({ count: 1 });
    expect(rowsOf(reader)[0]?.html).toContain('2 legs');
  });

  it('are followed from the first page in the order of time alone', async () => {
    await add(leg('one', 1), leg('two', 2), leg('three', 3));
    const first = await (await visitor.get('/calls?limit=2')).text();
    expect(first).toContain('id="live"');
    const next = /href="([^"]*)" rel="next"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
    for (const path of [next, '/calls?sort=begin&order=asc']) expect(await (await visitor.get(path)).text()).not.toContain('id="live"');
  });

  const heard = (second: number): Output => ({ kind: 'sip-session', row: sessionRow('lab', { at: BEGIN + second * SECOND, event: 'UNREGISTER', source: 'CLIENT', details: '200 OK', peername: '909', binding: 'bound', distinction: '' }) });
  const inferred = (second: number): Output => ({
    kind: 'sip-session',
    row: sessionRow('lab', { at: BEGIN + second * SECOND, event: 'UNREGISTER', source: 'SERVER', details: 'INFERRED', peername: '909', binding: 'bound', distinction: '' }),
    doubt: { kind: 'inferred', since: BEGIN, heard: [] },
  });

  it('a row that was inferred leaves when somebody tells what happened, also for whoever comes back after that', async () => {
    const write = (listener: string, output: Output): Promise<number> => writeBatch(console.database, [output], listener);
    await write('lagging', inferred(100));
    const page = await pageOf('/sip-sessions');
    const [inferredId] = callIds(page.html);
    const reader = await followFrom(page);
    await write('quick', heard(50));
    await reader.until((each) => each.of('gone').length === 1);
    expect(goneOf(reader)).toEqual([inferredId]);
    expect(reader.ids).toHaveLength(1);
    const { place } = reader;
    const late = await followFrom(page);
    expect(goneOf(late)).toEqual([inferredId]);
    const knowing = await followFrom({ href: page.href, place });
    expect([...goneOf(knowing), ...knowing.ids]).toEqual([]);
  });
});
