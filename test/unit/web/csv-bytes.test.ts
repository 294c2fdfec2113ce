import { describe, expect, it } from 'vitest';
import { allColumns } from '../../../src/database/page-query.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { isInstant, recordViews, type Column, type LogDefinition } from '../../../src/logs/columns.js';
import { parseIso } from '../../../src/time.js';
import { cellsFor, csvBytes } from '../../../src/web/csv-bytes.js';
import { csvWriter } from '../../../src/web/csv.js';
import { DATES, DECIMALS, DELIMITERS, DURATIONS, parseChoices } from '../../../src/web/export-choices.js';
import { fieldsOf } from '../../../src/web/export-fields.js';
import { MASKS } from '../../../src/web/mask.js';
import { ALL_LOGS } from '../../../src/web/menu.js';
import { readerZone } from '../../../src/web/zone.js';
import { seeded } from '../../support/random.js';

const SEPARATOR = '\u001f';
const FILES = 250;
const ROWS = 40;
const ZONES = ['UTC', 'Europe/Rome', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/St_Johns', 'Africa/Monrovia', 'Asia/Tokyo'];
/** What texts of calls are made of, and what spreadsheets, CSV, masks and bytes stumble over. */
const PIECES = [
  '"'.repeat(150), 'a', 'Z', '7', '904', '+39', '065551234', '00390612345678', '-', '+', '=', '@', "'", '"', '""', ',', ';', '\t', '\r', '\n', '\r\n', ' ', '\u000b', '\f', '\u00a0', '\u2028', '\u3000', '\ufeff', '\u0085',
  'é', 'Zoë', '東京', '🙂', '\u202e', '＝', '＠', '＋', '－', '٠١٢٣٤٥٦', '<', '>', '(', ')', '/', '.', '_', ':', 'x', 'PJSIP/', '-0000001a', ';1', '\u0000', '\u001b', '\u007f', '{"did":"0612345678"}', '[1e20,5]', SEPARATOR, 'lorem ipsum dolor sit amet ',
];
const INSTANTS = ['1970-01-01T00:00:00.000001Z', '2026-03-29T00:59:59.999999Z', '2026-03-29T01:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:00:00.5Z', '2011-12-30T10:00:00Z', '2026-04-04T15:00:00Z', '2026-11-01T06:00:00Z', '1971-06-01T00:00:10Z', '2025-12-31T23:59:59.999999Z', '2099-12-31T12:00:00.010203Z'].map((iso) => parseIso(iso) ?? 0);

describe('CSV from bytes', () => {
  it(`is what the records give, in ${FILES} files of any choice and content`, () => {
    const random = seeded(20261128);
    const below = (most: number): number => Math.floor(random() * most);
    const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
    const text = (): string => (random() < 0.2 ? '' : Array.from({ length: 1 + below(random() < 0.05 ? 300 : 4) }, () => pick(PIECES)).join(''));
    const number = (column: Column): number => {
      if (column.type === 'flag') return below(2);
      if (isInstant(column)) return random() < 0.2 ? 0 : random() < 0.5 ? pick(INSTANTS) : below(2 ** 32) * 1_000_000 + below(1_000_000);
      return random() < 0.2 ? 0 : random() < 0.05 ? -below(100) : random() < 0.05 ? below(1_000) + 0.5 : below(pick([10, 4_000, 1e9, 2 ** 53]));
    };
    for (let file = 0; file < FILES; file += 1) {
      const log: LogDefinition = pick(ALL_LOGS);
      const names = Object.keys(log.columns).filter(() => random() < 0.6).sort(() => random() - 0.5);
      const zone = readerZone(pick(ZONES));
      const chosen = { dates: pick(DATES), durations: pick(DURATIONS), delimiter: pick(DELIMITERS), decimal: pick(DECIMALS), mask: pick(MASKS), ...(names.length === 0 || random() < 0.2 ? {} : { columns: names.join(',') }) };
      const choices = parseChoices(log, chosen, 'csv');
      const fields = fieldsOf(log, choices, zone);
      const columns = allColumns(log);
      const byDb = new Map(Object.values(log.columns).map((column) => [column.db, column]));
      const rows = Array.from({ length: ROWS }, () => columns.map((db) => (byDb.get(db)?.type === 'text' ? text() : number(byDb.get(db) as Column))));

      const write = csvWriter(fields, zone, choices);
      write([]);
      const told = write(rows.map(recordViews(log.columns, columns)));

      // Cells that the file needs, in its order, and some that only tell how to go on.
      const cells = [...cellsFor(fields, log.columns), ...columns.slice(0, below(3))];
      const csv = csvBytes(fields, cells.length, zone, choices);
      let bytes = '';
      let spare: ArrayBuffer | null = null;
      for (const row of rows) {
        const texts = cells.map((db) => String(row[columns.indexOf(db)]));
        // Amid its memory, as rows are that come from a driver.
        const [before, behind] = [below(3), below(3)];
        const source = Buffer.concat([Buffer.alloc(before, 0x2c), Buffer.from(texts.join(SEPARATOR)), Buffer.alloc(behind, 0x1e)]);
        if (random() < 0.1 || texts.some((cell) => cell.includes(SEPARATOR))) csv.values(texts);
        else expect(csv.row(source, before, source.length - behind)).toBe(true);
        if (random() > 0.1) continue;
        const taken = csv.take(spare);
        bytes += Buffer.from(taken).toString();
        // Memory that is too little shows whether each row makes sure of enough.
        spare = pick([null, taken.buffer, new ArrayBuffer(below(300))]);
      }
      bytes += Buffer.from(csv.take(null)).toString();
      expect(bytes, JSON.stringify({ log: log.name, zone: zone.name, chosen })).toBe(told);
    }
  }, 120_000);

  it('tells a row with other cells than it should have', () => {
    const log: LogDefinition = cdrs;
    const choices = parseChoices(log, { columns: 'src,callDate,dst' }, 'csv');
    const fields = fieldsOf(log, choices, readerZone('UTC'));
    const fits = (line: string, cells: number): boolean => csvBytes(fields, cells, readerZone('UTC'), choices).row(Buffer.from(line.replaceAll('|', SEPARATOR)), 0, line.length);
    expect(cellsFor(fields, log.columns)).toEqual(['src', 'call_date', 'dst']);
    for (const line of ['909|1|904', '||', 'a"b|1|', '+39|1|=1']) expect([line, fits(line, 3)]).toEqual([line, true]);
    for (const line of ['', '909', '909|1', '909|1|904|', '909|1|904|5', 'a"b|1', '||||']) expect([line, fits(line, 3)]).toEqual([line, false]);
    for (const [line, is] of [['909|1|904|5', true], ['909|1|904', false], ['909|1|904|5|', false]] as const) expect([line, fits(line, 4)]).toEqual([line, is]);
  });
});
