import { describe, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { choiceParameters, defaultChoices, parseChoices, parseExportRequest } from '../../../src/web/export-choices.js';
import { fieldsOf } from '../../../src/web/export-fields.js';
import { downloadHref } from '../../../src/web/export-view.js';
import { readerZone } from '../../../src/web/zone.js';

describe('the choices of an export', () => {
  it('are by default what /cdrs.csv always gave, and in a workbook durations', () => {
    expect(parseChoices(cdrs, {}, 'csv')).toEqual({
      format: 'csv', calls: 'legs', columns: Object.keys(cdrs.columns), dates: 'both', durations: 'seconds', delimiter: 'comma', decimal: 'point', bom: true, mask: 'no',
    });
    expect(parseChoices(cdrs, {}, 'xlsx')).toMatchObject({ format: 'xlsx', durations: 'clock' });
    expect(parseChoices(cdrs, { format: 'csv' }, 'xlsx')).toMatchObject({ format: 'csv', durations: 'seconds' });
  });

  it.each<[Record<string, string>, string]>([
    [{ format: 'pdf' }, 'format: must be one of csv, xlsx'],
    [{ calls: 'all' }, 'calls: must be one of legs, folded'],
    [{ columns: 'src,colour' }, 'columns: has no colour; there are id, callDate'],
    [{ columns: 'src,dst,src' }, 'columns: names src more than once'],
    [{ columns: ',' }, 'columns: must name at least one column'],
    [{ columns: 'src', calls: 'folded' }, 'columns: has no src; there are begin, answer'],
    [{ dates: 'unix' }, 'dates: must be one of both, local, iso'],
    [{ durations: 'hours' }, 'durations: must be one of seconds, clock, minutes'],
    [{ delimiter: '|' }, 'delimiter: must be one of comma, semicolon, tab'],
    [{ decimal: 'dot' }, 'decimal: must be one of point, comma'],
    [{ bom: '1' }, 'bom: must be one of yes, no'],
    [{ mask: 'yes' }, 'mask: must be one of no, outside, all'],
    [{ tz: 'Mars' }, 'tz: must be a time zone'],
    [{ colour: 'red' }, 'colour: is no parameter of cdrs'],
    [{ calls: 'folded', sort: 'duration' }, 'sort: must be callDate for whole calls'],
  ])('name what is wrong: %j', (parameters, message) => {
    expect(() => parseExportRequest(cdrs, parameters, 'UTC')).toThrow(message);
  });

  it('name what is given twice, and whole calls of what is no call', () => {
    expect(() => parseExportRequest(cdrs, { mask: ['no', 'all'] }, 'UTC')).toThrow('mask: is given more than once');
    expect(() => parseExportRequest(sipSessions, { calls: 'folded' }, 'UTC')).toThrow('calls: is for cdrs only');
  });

  it('become parameters and choices again', () => {
    for (const chosen of [
      {},
      { format: 'xlsx', durations: 'seconds' },
      { format: 'xlsx' },
      { columns: 'dst,src,duration', dates: 'iso', durations: 'minutes', delimiter: 'semicolon', decimal: 'comma', bom: 'no', mask: 'all' },
      { calls: 'folded', columns: 'from,to,talk' },
      { calls: 'folded', format: 'xlsx' },
    ]) {
      const choices = parseChoices(cdrs, chosen, 'csv');
      const again = Object.fromEntries(choiceParameters(cdrs, choices));
      expect(parseChoices(cdrs, again, 'csv')).toEqual(choices);
      expect(Object.keys(again).sort()).toEqual(Object.keys(chosen).sort());
    }
    expect(choiceParameters(cdrs, defaultChoices(cdrs))).toEqual([]);
  });

  it('stand in the address of the file, with the zone', () => {
    const request = parseExportRequest(cdrs, { src: '+39 06', columns: 'dst,src', format: 'xlsx', limit: '10' }, 'Europe/Rome');
    expect(downloadHref(request)).toBe('/cdrs.xlsx?src=%2B39+06&tz=Europe%2FRome&columns=dst%2Csrc');
    expect(downloadHref(parseExportRequest(cdrs, {}, 'UTC'))).toBe('/cdrs.csv?tz=UTC');
  });

  it('make the columns of the file, in their order', () => {
    const titles = (chosen: Record<string, string>): string[] => fieldsOf(cdrs, parseChoices(cdrs, chosen, 'csv'), readerZone('Europe/Rome')).map(({ title }) => title);
    expect(titles({ columns: 'duration,callDate,src' })).toEqual(['Duration', 'Call Date (Europe/Rome)', 'Call Date UTC (ISO)', 'Src']);
    expect(titles({ columns: 'callDate', dates: 'local' })).toEqual(['Call Date (Europe/Rome)']);
    expect(titles({ columns: 'callDate', dates: 'iso' })).toEqual(['Call Date UTC (ISO)']);
    expect(titles({ columns: 'billsec', durations: 'minutes' })).toEqual(['Billsec (minutes)']);
    expect(titles({ calls: 'folded', columns: 'legs,begin', dates: 'local' })).toEqual(['Legs', 'Begin (Europe/Rome)']);
  });
});
