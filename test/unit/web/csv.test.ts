import { describe, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { LogRecord } from '../../../src/logs/columns.js';
import { parseIso } from '../../../src/time.js';
import { csvWriter, spreadsheetSafe } from '../../../src/web/csv.js';
import { readerZone } from '../../../src/web/zone.js';

describe('spreadsheetSafe', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['\n=1', "'\n=1"],
    ['＝1+1', "'＝1+1"],
    ['+1+1', "'+1+1"],
    ["-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"],
    ['-', "'-"],
    ['+39 06 1', "'+39 06 1"],
  ])('keeps %j from being a formula', (text, safe) => {
    expect(spreadsheetSafe(text)).toBe(safe);
  });

  it.each(['+390612345678', '-5', '-5.25', '+1,5', '', 'Sara', '"Marco" <904>', 'a=1', '*97', '#1', '0039'])('leaves %j as it is', (text) => {
    expect(spreadsheetSafe(text)).toBe(text);
  });
});

const record: LogRecord = Object.fromEntries(Object.entries(cdrs.columns).map(([name, column]) => [name, column.type === 'text' ? '' : 0]));

/** A CSV reader of its own, so that the writer is not its own judge. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === ',') continue;
    rows.push(row);
    row = [];
    if (end === '') break;
  }
  return rows.filter((cells) => cells.length > 1);
}

describe('csvWriter', () => {
  const zone = readerZone('Europe/Rome');

  it('writes mark and header once, also for no rows at all', () => {
    const write = csvWriter(cdrs, zone);
    const head = write([]);
    expect(head.startsWith('\ufeffId,Call Date (Europe/Rome),Call Date UTC (ISO),')).toBe(true);
    expect(head.endsWith('\r\n')).toBe(true);
    expect(head.split('\r\n')).toHaveLength(2);
    expect(write([{ ...record, id: 7 }])).toMatch(/^7,[^\ufeff]*\r\n$/);
  });

  it('has every column, instants twice', () => {
    const [head = []] = parse(csvWriter(cdrs, zone)([]).slice(1));
    const instants = Object.values(cdrs.columns).filter((column) => column.type === 'precise-instant').length;
    expect(head).toHaveLength(Object.keys(cdrs.columns).length + instants);
  });

  it('writes wall clock and UTC, and nothing for what did not happen', () => {
    const callDate = parseIso('2026-10-25T00:30:00.000001Z');
    const later = parseIso('2026-10-25T01:30:00.5Z');
    const csv = csvWriter(cdrs, zone)([
      { ...record, callDate, answerDate: null, endDate: later },
    ]);
    const [head = [], row = []] = parse(csv.slice(1));
    const cell = (title: string): string | undefined => row[head.indexOf(title)];
    expect(cell('Call Date (Europe/Rome)')).toBe('2026-10-25 02:30:00');
    expect(cell('Call Date UTC (ISO)')).toBe('2026-10-25T00:30:00.000001Z');
    expect(cell('Answer Date (Europe/Rome)')).toBe('');
    expect(cell('End Date (Europe/Rome)')).toBe('2026-10-25 02:30:00');
    expect(cell('End Date UTC (ISO)')).toBe('2026-10-25T01:30:00.500000Z');
  });

  it('carries any text there and back', () => {
    const texts = ['Marco, "il capo"', 'two\r\nlines', 'Zoë 🙂 東京', "'quoted'", ' padded ', ';semi', 'tab\there'];
    for (const callerId of texts) {
      const [head = [], row = []] = parse(csvWriter(cdrs, zone)([{ ...record, callerId }]).slice(1));
      expect(row[head.indexOf('Caller Id')]).toBe(callerId);
    }
  });
});
