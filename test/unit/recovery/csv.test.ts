import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { fieldsOf, linesOf } from '../../../src/recovery/csv-lines.js';
import { CsvRecords, type CsvRecord } from '../../../src/recovery/csv-records.js';
import { lastInUtc } from '../../../src/recovery/csv-seek.js';
import { capture } from '../../scenarios/replay.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const BASE = '"","904","601","lab","""User 904"" <904>","PJSIP/904-00000003","","Busy","1","2026-11-22 17:51:34",,"2026-11-22 17:51:34",0,0,"BUSY","DOCUMENTATION"';
const GOOD = `${BASE},"1795369894.4",""`;

async function recordsOf(text: string | Buffer, chunk = 7): Promise<CsvRecord[]> {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) => bytes.subarray(index * chunk, (index + 1) * chunk));
  const records = new CsvRecords();
  const found: CsvRecord[] = [];
  for await (const lines of linesOf(Readable.from(chunks))) found.push(...records.take(lines));
  return [...found, ...records.finish()];
}

const short = (records: readonly CsvRecord[]): string[] => records.map((record) => `${record.line} ${'call' in record ? (record.call.uniqueid ?? '-') : record.reason}`);

describe('a record of Master.csv', () => {
  it('is read as cdr_csv quotes it, wherever a chunk ends', async () => {
    const text = capture('asterisk-16-Master.csv');
    for (const chunk of [1, 13, 65_536]) {
      const records = await recordsOf(text, chunk);
      expect(records).toHaveLength(11);
      expect(records[0]).toMatchObject({ line: 1, call: { src: '904', clid: '"User 904" <904>', answer: '', end: '2026-11-22 17:51:34', uniqueid: '1795369894.4' } });
      expect(records[10]).toMatchObject({ call: { accountcode: '=1+1', duration: '0', disposition: 'ANSWERED' } });
    }
  });

  it.each([
    ['neither id nor user field', BASE, { disposition: 'BUSY' }],
    ['the unique id alone', `${BASE},"pbx-a-1795369894.4"`, { uniqueid: 'pbx-a-1795369894.4' }],
    ['the user field alone', `${BASE},"gold; ""x"""`, { userfield: 'gold; "x"' }],
    ['both', `${BASE},"1795369894.4","1795369894.9"`, { uniqueid: '1795369894.4', userfield: '1795369894.9' }],
    ['the new columns', `${BASE},"1795369894.4","u","sales","1795369890.1",17`, { uniqueid: '1795369894.4', userfield: 'u', peeraccount: 'sales', linkedid: '1795369890.1', sequence: '17' }],
    ['the new columns alone', `${BASE},"sales","1795369890.1",17`, { peeraccount: 'sales', linkedid: '1795369890.1', sequence: '17' }],
  ])('may have %s', async (_, text, fields) => {
    const [record] = await recordsOf(`${text}\r\n`);
    expect(record).toMatchObject({ call: fields });
    if (!('userfield' in fields)) expect(record).not.toHaveProperty('call.userfield');
  });

  it('may go on in the next lines', async () => {
    const [record, next] = await recordsOf(`${BASE},"1795369894.4","one\ntwo, ""three""\n\nfour"\n${GOOD}\n`);
    expect(record).toMatchObject({ line: 1, call: { userfield: 'one\ntwo, "three"\n\nfour' } });
    expect(next).toMatchObject({ line: 5, call: { uniqueid: '1795369894.4' } });
  });
});

describe('a damaged Master.csv', () => {
  it('loses the damaged lines alone, and says which', async () => {
    const text = [
      GOOD,
      GOOD.slice(0, 40),
      GOOD,
      `${GOOD.slice(0, 70)}${GOOD}`,
      '',
      'accountcode,src,dst',
      `${GOOD}\0\0\0`,
      GOOD.replace('17:51:34"', '17:51"'),
      GOOD.replace(',0,0,', ',x,0,'),
      `"${'x'.repeat(100_000)}`,
      `${GOOD},1,2,3,4`,
      GOOD,
      '"never closed',
    ].join('\n');
    for (const chunk of [11, 65_536]) {
      expect(short(await recordsOf(text, chunk))).toEqual([
        '1 1795369894.4',
        '2 a quote is not closed',
        '3 1795369894.4',
        expect.stringMatching(/^4 /),
        '6 it has 3 fields; cdr_csv writes 16 to 21',
        '7 it holds zero bytes',
        '8 its tenth field is no start time',
        '9 its duration or billsec is no number',
        '10 the line is too long for a record',
        '11 it has 22 fields; cdr_csv writes 16 to 21',
        '12 1795369894.4',
        '13 a quote is not closed',
      ]);
    }
  });

  it('keeps the lines after a quote that is never closed', async () => {
    const records = await recordsOf(`"open\n${'garbage\n'.repeat(30)}${GOOD}\n`);
    expect(records.filter((record) => 'call' in record)).toMatchObject([{ line: 32 }]);
    expect(records).toHaveLength(32);
  });

  it('reads Latin-1 where a line is no UTF-8', async () => {
    expect(await recordsOf(Buffer.from(GOOD.replace('User', 'Jörg'), 'latin1'), 999)).toMatchObject([{ call: { clid: '"Jörg 904" <904>' } }]);
  });

  it('never throws and never loses count, whatever bytes come', async () => {
    let seed = 1;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(`${GOOD}\n${GOOD}\n${GOOD}\n`);
      for (let i = 0; i < 4; i += 1) bytes[GOOD.length + 1 + random(GOOD.length)] = random(256);
      const records = await recordsOf(bytes, 50 + random(500));
      const first = records[0];
      const last = records.at(-1);
      expect(first && 'call' in first && last && 'call' in last, bytes.toString('latin1')).toBe(true);
    }
  });
});

it('fieldsOf tells what is open from what is broken', () => {
  expect(fieldsOf('"a""b",,3,""')).toEqual(['a"b', '', '3', '']);
  expect(fieldsOf('"a""')).toBe('open');
  expect(fieldsOf('"a"b,c')).toBe('broken');
  expect(fieldsOf('a"b,c')).toBe('broken');
});

describe('lastInUtc', () => {
  const folder = tempFolder('csv-utc');
  const file = join(folder, 'Master.csv');
  afterAll(() => removeFolder(folder));
  const line = (start: string, uniqueid: string): string => `"","1","2","lab","1","PJSIP/1","","Dial","","${start}",,"${start}",0,0,"NO ANSWER","DOCUMENTATION","${uniqueid}",""\n`;
  // 1,795,369,894 is 2026-11-22T17:51:34Z.
  it.each([
    ['its calls begin when their unique ids say, in UTC', line('2026-11-22 17:51:35', '1795369894.1').repeat(3), true],
    ['they do not', line('2026-11-22 18:51:35', '1795369894.1').repeat(3), false],
    ['few begin later, such as legs of a transfer', line('2026-11-22 17:51:34', 'pbx-1795369894.1').repeat(3) + line('2026-11-22 18:51:34', '1795369894.1'), true],
    ['there are no unique ids', line('2026-11-22 17:51:34', ''), false],
    ['only the end of a long file counts', line('2026-11-22 18:51:35', '1795369894.1').repeat(2_000) + line('2026-11-22 17:51:35', '1795369894.1').repeat(1_000), true],
    ['it is empty', '', false],
  ])('%s', async (_, text, expected) => {
    writeFileSync(file, text);
    expect((await lastInUtc(file)) !== null).toBe(expected);
  });
  it('there is none', async () => {
    expect(await lastInUtc(join(folder, 'nothing'))).toBeNull();
  });
});
