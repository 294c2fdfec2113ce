import { buffer } from 'node:stream/consumers';
import { inflateRawSync } from 'node:zlib';
import { readXlsx, type Sheet } from 'hucre/xlsx';
import { describe, expect, it } from 'vitest';
import { cdrs, type Cdr } from '../../../src/logs/cdr/columns.js';
import type { LogDefinition, LogRecord } from '../../../src/logs/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { parseIso } from '../../../src/time.js';
import { parseChoices } from '../../../src/web/export-choices.js';
import { fieldsOf } from '../../../src/web/export-fields.js';
import { EXCEL, xlsxStream, type SheetLimits } from '../../../src/web/xlsx.js';
import { readerZone } from '../../../src/web/zone.js';
import { leg } from '../logs/recorded-calls.js';

const ZONE = readerZone('Europe/Rome');

function workbook(log: LogDefinition, blocks: AsyncIterable<readonly LogRecord[]>, chosen: Record<string, string> = {}, limits: SheetLimits = EXCEL): ReturnType<typeof xlsxStream> {
  return xlsxStream(log.title, fieldsOf(log, parseChoices(log, chosen, 'xlsx'), ZONE), ZONE, blocks, limits);
}

async function* inBlocks(records: readonly LogRecord[], size = 3): AsyncGenerator<readonly LogRecord[]> {
  for (let start = 0; start < records.length; start += size) yield Promise.resolve(records.slice(start, start + size));
}

/** The sheets as a reader that shares no code with the writer sees them. */
async function sheetsOf(records: readonly Cdr[], chosen: Record<string, string> = {}, limits?: SheetLimits): Promise<readonly Sheet[]> {
  const { sheets } = await readXlsx(await buffer(workbook(cdrs, inBlocks(records), chosen, limits)), { readStyles: true });
  return sheets;
}

const calls = (count: number): Cdr[] => Array.from({ length: count }, (_, n) => leg(n + 1));
const at = (iso: string): number => parseIso(iso) ?? 0;

describe('a workbook', () => {
  it('has a header in sight, bold, that filters, and columns wide enough', async () => {
    const [sheet] = await sheetsOf(calls(2));
    expect(sheet?.name).toBe('Call Detailed Record');
    expect(sheet?.rows[0]?.slice(0, 3)).toEqual(['Id', 'Call Date (Europe/Rome)', 'Call Date UTC (ISO)']);
    expect(sheet?.freezePane).toMatchObject({ rows: 1 });
    expect(sheet?.autoFilter).toMatchObject({ range: 'A1:AB3' });
    expect(sheet?.cells?.get('0,0')?.style?.font?.bold).toBe(true);
    expect(sheet?.columns?.[1]?.width).toBeGreaterThan(25);
  });

  it('has dates and durations as such, on the wall clock and in UTC', async () => {
    const begin = at('2026-10-25T00:30:00.999999Z');
    const [sheet] = await sheetsOf([leg(1, { callDate: begin, answerDate: null, duration: 90_061 })], { columns: 'callDate,answerDate,duration' });
    const [, row = []] = sheet?.rows ?? [];
    expect(row.slice(0, 2)).toEqual([new Date('2026-10-25T02:30:00Z'), new Date('2026-10-25T00:30:00.999Z')]);
    expect(row.slice(2, 4)).toEqual([null, null]);
    expect([0, 1, 4].map((column) => sheet?.cells?.get(`1,${column}`)?.style?.numFmt)).toEqual(['yyyy\\-mm\\-dd\\ hh:mm:ss', 'yyyy\\-mm\\-dd\\Thh:mm:ss.000\\Z', '[h]:mm:ss']);
    const raw = await rawSheet([leg(1, { callDate: begin, duration: 90_061 })], { columns: 'duration' });
    expect(raw).toContain(`<c r="A2" s="4"><v>${90_061 / 86_400}</v></c>`);
  });

  it('has seconds or minutes as numbers where they are asked for', async () => {
    for (const [durations, value] of [['seconds', 90], ['minutes', 1.5]] as const) {
      const [sheet] = await sheetsOf([leg(1, { duration: 90 })], { columns: 'duration', durations });
      expect(sheet?.rows).toEqual([[durations === 'minutes' ? 'Duration (minutes)' : 'Duration'], [value]]);
    }
  });

  it('keeps texts as texts: phone numbers, formulas, whatever XML does not hold', async () => {
    const texts = ['00390612345678', '+390612345678', '=1+1', '@SUM(A1)', '-5', '1778414400.10', '<b>&"\'</b>', ' padded ', 'tab\tand\nline', 'Zoë 🙂 東京 \u202e', '', 'a'.repeat(80)];
    const [sheet] = await sheetsOf(texts.map((src, n) => leg(n, { src })), { columns: 'src' });
    expect(sheet?.rows.slice(1).map(([cell]) => cell ?? '')).toEqual(texts);
    const raw = await rawSheet([leg(1, { src: '\u0000\u0007 \r _x0041_ \ud800 \uffff' })], { columns: 'src' });
    expect(raw).toContain('_x0000__x0007_ _x000D_ _x005F_x0041_ \ufffd _xFFFF_');
    expect(raw).not.toContain('<f>');
  });

  it('has flags, and cells of a list that is no call', async () => {
    const record: LogRecord = { timestamp: at('2026-05-10T12:00:00Z'), reconciled: true, peername: '909', tlsCipher: null };
    const { sheets } = await readXlsx(await buffer(workbook(sipSessions, inBlocks([record]), { columns: 'reconciled,peername,tlsCipher' })));
    expect(sheets[0]?.rows[1]?.slice(0, 2)).toEqual([true, '909']);
  });

  it('has a header alone where there are no rows', async () => {
    const [sheet, ...others] = await sheetsOf([], { columns: 'src,dst' });
    expect(sheet?.rows).toEqual([['Src', 'Dst']]);
    expect(others).toEqual([]);
  });

  it.each([
    [9, [9]],
    [10, [9, 1]],
    [18, [9, 9]],
    [27, [9, 9, 9]],
    [28, [9, 9, 9, 1]],
  ])('goes on in a next sheet where one is full: %i rows as %j', async (count, rows) => {
    const sheets = await sheetsOf(calls(count), { columns: 'id,src' }, { rows: 10, bytes: EXCEL.bytes });
    expect(sheets.map((sheet) => sheet.rows.length - 1)).toEqual(rows);
    expect(sheets.map(({ name }) => name)).toEqual(rows.map((_, n) => (n === 0 ? 'Call Detailed Record' : `Call Detailed Record ${n + 1}`)));
    expect(sheets.flatMap((sheet) => sheet.rows.slice(1).map(([id]) => id))).toEqual(calls(count).map(({ id }) => id));
    for (const sheet of sheets) expect(sheet.rows[0]).toEqual(['Id', 'Src']);
  });

  it('begins a next sheet before one is too large for a plain zip', async () => {
    const sheets = await sheetsOf(calls(1_000), { columns: 'id' }, { rows: EXCEL.rows, bytes: 8_000 });
    expect(sheets.length).toBeGreaterThan(1);
    expect(sheets.flatMap((sheet) => sheet.rows.slice(1))).toHaveLength(1_000);
  });

  it('fails when what it is made of fails, and never looks whole', async () => {
    async function* failing(): AsyncGenerator<readonly LogRecord[]> {
      yield* inBlocks(calls(2_000), 1_000);
      throw new Error('the database is away');
    }
    const chunks: Buffer[] = [];
    await expect(
      (async () => {
        for await (const chunk of workbook(cdrs, failing())) chunks.push(chunk as Buffer);
      })(),
    ).rejects.toThrow('the database is away');
    await expect(readXlsx(Buffer.concat(chunks))).rejects.toThrow();
  });

  it('asks for no more rows once nobody reads', async () => {
    let asked = 0;
    let ended = false;
    async function* endless(): AsyncGenerator<readonly LogRecord[]> {
      try {
        for (;;) {
          asked += 1;
          yield Promise.resolve(calls(1_000));
        }
      } finally {
        ended = true;
      }
    }
    const stream = workbook(cdrs, endless());
    for await (const chunk of stream) if (asked > 1 && chunk !== null) break;
    await expect.poll(() => ended).toBe(true);
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBe(before);
    expect(asked).toBeLessThan(20);
  });
});

/** The first sheet's XML. */
async function rawSheet(records: readonly Cdr[], chosen: Record<string, string>): Promise<string> {
  const zip = await buffer(workbook(cdrs, inBlocks(records), chosen));
  // The local header of the first entry: 30 bytes, its name, its extra field.
  return inflateRawSync(zip.subarray(30 + zip.readUInt16LE(26) + zip.readUInt16LE(28)), { finishFlush: 2 }).toString();
}
