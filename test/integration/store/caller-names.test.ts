import { beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../../migrations/index.js';
import { openDatabase } from '../../../src/database/database.js';
import { calls as callList } from '../../../src/logs/cdr/call-columns.js';
import { beginningsOf, callerName, callersNamed, forgetNames, rememberAllNames } from '../../../src/logs/cdr/caller-names.js';
import { listCalls } from '../../../src/logs/cdr/calls.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { insertCalls } from '../../../src/logs/cdr/store.js';
import { toRow } from '../../../src/logs/columns.js';
import { countRows } from '../../../src/logs/count.js';
import { parseListQuery, type QueryParameters } from '../../../src/logs/list-query.js';
import { listAll, listPage } from '../../../src/logs/listing.js';
import { writeAccountStates } from '../../../src/logs/registered-account/store.js';
import { describeEachDatabase } from '../../support/databases.js';
import { at, cdr } from '../web/samples.js';

const SECOND = 1_000_000;

/** Callers, the newest first. */
const CALLERS = [
  '"Anna Bianchi" <200>',
  '"ANNA-MARIA D\'Angelo" <201>',
  '"Jürgen Groß" <0049301234567>',
  '"Søren Łukasz" <203>',
  '"Ångström, Zoë" <204>',
  '"Joanna Verdi" <205>',
  '"" <206>',
  '207',
  'Solo Nome',
  '"a < b" <208>',
  '"Ｆｕｌｌ Ｗｉｄｔｈ" <209>',
  '"Ελένη Παπά" <210>',
  '"  Bianchi   Anna  " <211>',
  '"=1+1" <212>',
  `"${'Lunghissimo '.repeat(19)}Fine" <213>`,
  '"Anna Bianchi" <0039347000000>',
  '"😀 Smile" <214>',
];

describeEachDatabase('calls by the name of their caller', (database, url) => {
  const begin = at('2026-05-10T12:00:00Z');
  const rows = CALLERS.map((callerId, i) => ({ ...cdr({ callerId, callDate: begin - i * SECOND, src: /<(\d+)>/.exec(callerId)?.[1] ?? '', dst: '300' }), key: `name ${i}` }));
  beforeAll(() => insertCalls(database().knex, rows));

  async function found(search: string, others: QueryParameters = {}): Promise<string[]> {
    const { records } = await listPage(database().knex, cdrs, parseListQuery(cdrs, { search, ...others }));
    return records.map(({ callerId }) => callerId);
  }

  it.each<[string, readonly number[]]>([
    ['anna', [0, 1, 12, 15]],
    ['ANNA bi', [0, 15]],
    ['bianchi', [0, 12, 15]],
    ['bianchi anna', [12]],
    ['nna', []],
    ['angelo', [1]],
    ['d’ang', [1]],
    ['anna maria d', [1]],
    ['jurgen gross', [2]],
    ['GROSS', [2]],
    ['soren', [3]],
    ['lukasz', [3]],
    ['Łuk', [3]],
    ['angstrom zoe', [4]],
    ['solo', [8]],
    ['full width', [10]],
    ['ελενη', [11]],
    ['ΠΑΠΑ', [11]],
    ['smile', [16]],
    ['lunghissimo lunghissimo', [14]],
  ])('%s is found by a word that begins so, whatever case and accents', async (search, indexes) => {
    expect(await found(search)).toEqual(indexes.map((index) => CALLERS[index]));
    expect(await found(search, { order: 'asc' })).toEqual(indexes.map((index) => CALLERS[index]).reverse());
    expect(await countRows(database().knex, cdrs, parseListQuery(cdrs, { search }), 100)).toBe(indexes.length);
    const exported: string[] = [];
    for await (const records of listAll(database().knex, cdrs, parseListQuery(cdrs, { search }))) exported.push(...records.map(({ callerId }) => callerId));
    expect(exported).toEqual(indexes.map((index) => CALLERS[index]));
    const { calls } = await listCalls(database().knex, parseListQuery(callList, { search }));
    expect(calls.map(({ callerId }) => callerId)).toEqual(indexes.map((index) => CALLERS[index]));
  });

  it('keeps to filters, and to another order', async () => {
    expect(await found('bianchi', { src: '211' })).toEqual([CALLERS[12]]);
    expect(await found('bianchi', { sort: 'src' })).toEqual([CALLERS[15], CALLERS[0], CALLERS[12]]);
  });

  it('is worked out alike by the database and by the code', async () => {
    const { knex } = database();
    const stored: readonly { caller_id: string; caller_name: string }[] = await knex('cdr').select('caller_id', 'caller_name');
    expect(stored).toHaveLength(CALLERS.length);
    for (const { caller_id, caller_name } of stored) expect(caller_name).toBe(callerName(caller_id));
  });

  it('is the same made anew of calls that are there', async () => {
    const { knex } = database();
    const before: readonly unknown[] = await knex('caller_name').orderBy(['beginning', 'name']);
    await knex('caller_name').delete();
    await rememberAllNames(knex);
    expect(await knex('caller_name').orderBy(['beginning', 'name'])).toEqual(before);
    // A tenth of these have no letter.
    expect(before.length).toBeGreaterThan(20);
  });

  it('is forgotten with the last call of that name, and no sooner', async () => {
    const { knex } = database();
    const smiles = () => callersNamed(knex, 'smile', 10);
    expect(await forgetNames(knex, 100)).toBe(0);
    await knex('cdr').where('src', '200').delete();
    await knex('cdr').where('src', '214').delete();
    expect(await smiles()).toHaveLength(1);
    expect(await forgetNames(knex, 100)).toBe(1);
    expect(await smiles()).toEqual([]);
    // The other phone of that name has calls still.
    expect(await found('anna bi')).toEqual([CALLERS[15]]);
    await insertCalls(knex, rows.slice(16));
    expect(await found('smile')).toEqual([CALLERS[16]]);
  });

  it('is remembered by a transaction that is rolled back no more than its calls are', async () => {
    const { knex } = database();
    const row = { ...cdr({ callerId: '"Rita Levi" <300>', callDate: begin }), key: 'rita' };
    const failing = knex.transaction(async (trx) => {
      await insertCalls(trx, [row]);
      throw new Error('after all');
    });
    await expect(failing).rejects.toThrow('after all');
    expect(await found('rita')).toEqual([]);
    await insertCalls(knex, [row]);
    expect(await found('rita')).toEqual(['"Rita Levi" <300>']);
  });

  it('is written again by another process’s memory of it, once somebody forgot it', async () => {
    const other = openDatabase(url(), 'command');
    const row = (key: string) => ({ ...cdr({ callerId: '"Ada Byron" <301>', callDate: begin, src: '301' }), key });
    // Both have seen the name in the table.
    for (const key of ['a1', 'a2', 'a3']) await insertCalls(other.knex, [row(key)]);
    await database().knex('cdr').where('src', '301').delete();
    expect(await forgetNames(database().knex, 100)).toBe(1);
    await insertCalls(other.knex, [row('a4')]);
    await other.close();
    expect(await found('byron')).toEqual(['"Ada Byron" <301>']);
  });
});

describeEachDatabase('a search that means very many', (database) => {
  beforeAll(async () => {
    const { knex } = database();
    await insertCalls(
      knex,
      Array.from({ length: 1_400 }, (_, i) => ({ ...cdr({ callerId: `"Marco Numero${i}" <${i}>`, callDate: at('2026-05-10T12:00:00Z') + i, src: String(i), dst: `x${i}` }), key: `many ${i}` })),
    );
    await writeAccountStates(
      knex,
      'test',
      Array.from({ length: 300 }, (_, i) => ({ pbx: 'pbx-milan', channelType: 'PJSIP', username: `x${i}`, description: `Giulia ${i}`, contacts: [], since: null, updatedAt: at('2026-05-10T12:00:00Z') }) as const),
    );
  });

  it('is refused rather than answered in part, and lists all of up to 1,000', async () => {
    const { knex } = database();
    const list = (parameters: QueryParameters) => listPage(knex, cdrs, parseListQuery(cdrs, parameters));
    for (const search of ['marco', 'm']) await expect(list({ search })).rejects.toThrow('search: begins a word of more than 1000 names; give more of the name');
    await expect(listAll(knex, cdrs, parseListQuery(cdrs, { search: 'marco' })).next()).rejects.toThrow('more than 1000 names');
    await expect(countRows(knex, cdrs, parseListQuery(cdrs, { search: 'marco' }), 10)).rejects.toThrow('more than 1000 names');
    // Every account's calls, not those of the first hundred.
    for (const [search, many] of [['numero1', 511], ['giulia', 300]] as const) {
      expect(await countRows(knex, cdrs, parseListQuery(cdrs, { search }), 5_000)).toBe(many);
      expect((await list({ search, limit: '1000' })).records).toHaveLength(many);
      expect((await list({ search, limit: '1000', sort: 'duration' })).records).toHaveLength(many);
    }
  });
});

describeEachDatabase('names of calls that were there before', (database) => {
  it('are found after the migration', async () => {
    const { knex } = database();
    const names = await migrations.getMigrations([]);
    const { up, down } = await migrations.getMigration(names.find((name) => name.endsWith('_create_caller_names')) ?? '');
    await down?.(knex);
    await knex('cdr').insert({ event_key: 'before', ...toRow(cdrs.columns, cdr({ callerId: '"Zoë Prima" <1>' })) });
    await up(knex);
    expect((await listPage(knex, cdrs, parseListQuery(cdrs, { search: 'prima' }))).records.map(({ callerId }) => callerId)).toEqual(['"Zoë Prima" <1>']);
  });
});

describeEachDatabase('the device of a channel', (database) => {
  // As Asterisk 16 and 22 told them, and what their drivers can name.
  const DEVICES: readonly (readonly [channel: string, device: string])[] = [
    ['PJSIP/904-00000003', 'PJSIP/904'],
    ['SIP/804-00000000', 'SIP/804'],
    ['PJSIP/my-trunk-0000001f', 'PJSIP/my-trunk'],
    ['IAX2/iax1-1234', 'IAX2/iax1'],
    ['Local/904@lab-00000000;2', 'Local/904@lab'],
    ['DAHDI/i1/0391234567-5', 'DAHDI/i1/0391234567'],
    ['PJSIP/zoë-0000000a', 'PJSIP/zoë'],
    ['Console/dsp', 'Console/dsp'],
    ['-', ''],
    ['', ''],
  ];

  it('is what stands before the last hyphen', async () => {
    const { knex } = database();
    await insertCalls(knex, DEVICES.map(([channel], i) => ({ ...cdr({ channel, dstchannel: channel }), key: `device ${i}` })));
    const rows: readonly Record<string, string>[] = await knex('cdr').orderBy('id').select('channel', 'channel_device', 'dstchannel_device');
    expect(rows.map((row) => [row['channel'], row['channel_device'], row['dstchannel_device']])).toEqual(DEVICES.map(([channel, device]) => [channel, device, device]));
    const { records } = await listPage(knex, cdrs, parseListQuery(cdrs, { dstchannel: 'PJSIP/my-trunk' }));
    expect(records.map(({ channel }) => channel)).toEqual(['PJSIP/my-trunk-0000001f']);
    expect(() => parseListQuery(cdrs, { channel: 'PJSIP/904-00000003' })).toThrow('channel: must be a device such as PJSIP/200, without the number of a single channel');
  });
});

describe('the beginnings of a name', () => {
  it('are few and short, whatever a caller sends', () => {
    expect(beginningsOf('"Anna Bianchi" ')).toEqual(['anna bianchi', 'bianchi']);
    expect(beginningsOf('0039 347')).toEqual([]);
    const many = beginningsOf('x '.repeat(120));
    expect(many.length).toBeLessThanOrEqual(12);
    expect(beginningsOf('😀'.repeat(60) + 'a'.repeat(200)).every((beginning) => beginning.length <= 64)).toBe(true);
  });
});
