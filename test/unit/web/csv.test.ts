import { describe, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { LogDefinition, LogRecord } from '../../../src/logs/columns.js';
import { parseIso } from '../../../src/time.js';
import { csvWriter as writerOf, type CsvWriter } from '../../../src/web/csv.js';
import { spreadsheetSafe } from '../../../src/web/csv-text.js';
import { parseChoices } from '../../../src/web/export-choices.js';
import { fieldsOf } from '../../../src/web/export-fields.js';
import { readerZone, type ReaderZone } from '../../../src/web/zone.js';
import { leg, recorded } from '../logs/recorded-calls.js';

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

/** What a download with these choices writes. */
function csvWriter(log: LogDefinition, zone: ReaderZone, chosen: Record<string, string> = {}): CsvWriter {
  const choices = parseChoices(log, chosen, 'csv');
  return writerOf(fieldsOf(log, choices, zone), zone, choices);
}

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

  // What scripts have read since the first release, byte for byte.
  it('writes the same as ever where nothing is chosen', () => {
    const rows = [
      ...recorded('queue, nobody').slice(2),
      leg(9, { src: '=1+1', dst: '+390612345678', callerId: '"Zoë; ""x""" <909>', userfield: 'a\r\nb', extra: '{"a":"b,c"}', accountcode: '00391234', lastdata: ' padded', sequence: null }),
    ];
    const text = [
      '\ufeffId,Call Date (Europe/Rome),Call Date UTC (ISO),Answer Date (Europe/Rome),Answer Date UTC (ISO),End Date (Europe/Rome),End Date UTC (ISO),Src,Dst,Caller Id,Duration,Billsec,Disposition,Asterisk Disposition,Channel,Dst Channel,Dst Context,Last App,Last Data,Account Code,AMA Flags,User Field,Unique Id,Linked Id,PBX,Sequence,Peer Account,Other Fields',
      '3,2026-05-10 14:00:08,2026-05-10T12:00:08.519948Z,2026-05-10 14:00:08,2026-05-10T12:00:08.519948Z,2026-05-10 14:00:11,2026-05-10T12:00:11.523087Z,909,620,"""Sara"" <909>",3,3,NO_ANSWER,NO ANSWER,PJSIP/909-00000015,PJSIP/904-00000018,internal,Queue,,,DOCUMENTATION,,1778414400.41,1778414400.41,pbx-milan,3,,',
      '4,2026-05-10 14:00:12,2026-05-10T12:00:12.524884Z,2026-05-10 14:00:12,2026-05-10T12:00:12.524884Z,2026-05-10 14:00:12,2026-05-10T12:00:12.525605Z,909,620,"""Sara"" <909>",0,0,ANSWERED,ANSWERED,PJSIP/909-00000015,,internal,Hangup,,,DOCUMENTATION,,1778414400.41,1778414400.41,pbx-milan,4,,',
      `9,2026-05-10 14:00:00,2026-05-10T12:00:00.000000Z,2026-05-10 14:00:02,2026-05-10T12:00:02.000000Z,2026-05-10 14:00:10,2026-05-10T12:00:10.000000Z,'=1+1,+390612345678,"""Zoë; """"x"""""" <909>",10,8,ANSWERED,ANSWERED,PJSIP/909-9,PJSIP/904-9,internal,Dial," padded",00391234,DOCUMENTATION,"a`,
      'b",1778414400.9,1778414400.9,pbx-milan,,,"{""a"":""b,c""}"',
      '',
    ].join('\r\n');
    const write = csvWriter(cdrs, zone);
    expect(write(rows.slice(0, 1)) + write(rows.slice(1)) + write([])).toBe(text);
  });

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

  it.each<[Record<string, string>, string]>([
    [{}, '"a;b",909,5400,'],
    [{ delimiter: 'semicolon' }, '"a;b";909;5400;'],
    [{ delimiter: 'tab' }, '"a;b"\t909\t5400\t'],
    [{ durations: 'clock' }, '"a;b",909,1:30:00,'],
    [{ durations: 'minutes' }, '"a;b",909,90,'],
  ])('writes with other choices: %j', (chosen, line) => {
    const columns = 'callerId,dst,duration,userfield';
    const text = csvWriter(cdrs, zone, { columns, ...chosen })([{ ...record, callerId: 'a;b', dst: '909', duration: 5_400, userfield: '' }]);
    expect(text.split('\r\n')[1]).toBe(line);
  });

  it('writes decimals with a point or a comma, in quotes only where a comma parts columns', () => {
    const minutes = (chosen: Record<string, string>): string | undefined =>
      csvWriter(cdrs, zone, { columns: 'duration,src', durations: 'minutes', ...chosen })([{ ...record, duration: 85, src: '7' }]).split('\r\n')[1];
    expect(minutes({})).toBe('1.4167,7');
    expect(minutes({ decimal: 'comma' })).toBe('"1,4167",7');
    expect(minutes({ decimal: 'comma', delimiter: 'semicolon' })).toBe('1,4167;7');
    expect(minutes({ decimal: 'comma', delimiter: 'tab' })).toBe('1,4167\t7');
  });

  it('leaves the mark out, and hides digits, where that is chosen', () => {
    const text = csvWriter(cdrs, zone, { columns: 'src,lastdata,uniqueid', bom: 'no', mask: 'outside' })([{ ...record, src: '0612345678', lastdata: 'PJSIP/0612345678@trunk', uniqueid: '1778414400.10' }]);
    expect(text).toBe('Src,Last Data,Unique Id\r\n0612345xxx,PJSIP/0612345xxx@trunk,1778414400.10\r\n');
  });
});
