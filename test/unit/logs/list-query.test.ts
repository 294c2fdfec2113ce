import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors.js';
import { captureGaps } from '../../../src/logs/capture-gap/columns.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { clip, fromRow, toRow, type Column, type Columns, type LogDefinition, type RecordOf, type Value } from '../../../src/logs/columns.js';
import { deadLetters } from '../../../src/logs/dead-letter/columns.js';
import { cursorAfter, cursorBefore, keysetColumns, parseListQuery } from '../../../src/logs/list-query.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { webSessions } from '../../../src/logs/web-session/columns.js';
import { parseIso } from '../../../src/time.js';

const LOGS: readonly LogDefinition[] = [sipSessions, registeredAccounts, webSessions, cdrs, captureGaps, deadLetters];

describe('parseListQuery', () => {
  it('answers newest first, 50, without parameters and with the empty ones of a form', () => {
    const query = { from: null, to: null, filters: {}, search: null, sort: 'callDate', order: 'desc', limit: 50, after: null, before: null };
    expect(parseListQuery(cdrs, {})).toEqual(query);
    expect(parseListQuery(cdrs, { from: '', src: ' ', cursor: '' })).toEqual(query);
  });

  it('reads every parameter', () => {
    expect(parseListQuery(cdrs, { from: '2026-05-10', to: '2026-05-11T00:00:00+02:00', src: '904', disposition: 'BUSY', search: 'Sara', sort: 'dst', order: 'desc', limit: '1000' })).toEqual({
      from: parseIso('2026-05-10T00:00:00Z'),
      to: parseIso('2026-05-10T22:00:00Z'),
      filters: { src: '904', disposition: 'BUSY' },
      search: { text: 'Sara', accounts: null },
      sort: 'dst',
      order: 'desc',
      limit: 1_000,
      after: null,
      before: null,
    });
  });

  it.each([
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-02-30' }, 'from'],
    [{ from: '2026-05-11', to: '2026-05-10' }, 'from'],
    [{ limit: '0' }, 'limit'],
    [{ limit: '1001' }, 'limit'],
    [{ limit: '1e3' }, 'limit'],
    [{ sort: 'userfield' }, 'sort'],
    [{ sort: 'id; drop table cdr' }, 'sort'],
    [{ sort: '__proto__' }, 'sort'],
    [{ order: 'up' }, 'order'],
    [{ disposition: 'CONGESTION' }, 'disposition'],
    [{ source: '904' }, 'source'],
    [{ constructor: 'x' }, 'constructor'],
    [{ src: ['1', '2'] }, 'src'],
    [{ cursor: 'bm9uc2Vuc2U' }, 'cursor'],
    [{ cursor: Buffer.from('["callDate","asc",1,2]').toString('base64url') }, 'cursor'],
    [{ cursor: Buffer.from('["callDate","desc","x",2]').toString('base64url') }, 'cursor'],
    [{ cursor: Buffer.from('null').toString('base64url') }, 'cursor'],
  ])('names the parameter that is wrong in %j', (parameters, field) => {
    try {
      parseListQuery(cdrs, parameters);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
      expect((error as InvalidInputError).field).toBe(field);
    }
  });

  it.each([
    [{ from: 'soon' }, 'from: must be an instant such as 2026-05-10T17:12:24Z'],
    [{ from: '2026-05-11', to: '2026-05-10' }, 'from: must not be later than to'],
    [{ limit: '1e3' }, 'limit: must be a whole number from 1 to 1000'],
    [{ sort: 'userfield' }, 'sort: must be one of callDate, src, dst, duration, disposition'],
    [{ order: 'up' }, 'order: must be one of asc, desc'],
    [{ disposition: 'LOST' }, 'disposition: must be one of ANSWERED, NO_ANSWER, BUSY, FAILED, UNKNOWN'],
    [{ disposition: ['BUSY', 'FAILED'] }, 'disposition: is given more than once'],
    [{ limit: ['1', '2'] }, 'limit: is given more than once'],
    [{ from: { a: '1' } }, 'from: must be a single value'],
    [{ cursor: 'x' }, 'cursor: is not one that this listing gave for this sort and order'],
    // What is spelled wrong is said first: it is why the rest looks wrong, or missing.
    [{ limit: '0', dispositon: 'BUSY' }, 'dispositon: is no parameter of cdrs; there are from, to, range, tz, search, src, dst, disposition, channel, dstchannel, uniqueid, linkedid, pbx, sort, order, limit, cursor'],
    [JSON.parse('{"__proto__": "x"}') as Record<string, unknown>, '__proto__: is no parameter of cdrs'],
  ])('says of %j what is right', (parameters, message) => {
    expect(() => parseListQuery(cdrs, parameters)).toThrow(message);
  });

  it('leaves alone what the caller reads itself', () => {
    expect(parseListQuery(cdrs, { tz: 'UTC', src: '904' }, ['tz']).filters).toEqual({ src: '904' });
    expect(() => parseListQuery(cdrs, { tz: 'UTC' })).toThrow('tz: is no parameter');
  });

  it('continues with the cursor it gave', () => {
    const query = parseListQuery(cdrs, { sort: 'src' });
    const record = fromRow(cdrs.columns, { id: 7, call_date: 1_000_000, src: '904' });
    const next = parseListQuery(cdrs, { sort: 'src', cursor: cursorAfter(cdrs, query, record) });
    expect(next).toMatchObject({ after: ['904', 1_000_000, 7], before: null });
    const previous = parseListQuery(cdrs, { sort: 'src', cursor: cursorBefore(cdrs, query, record) });
    expect(previous).toMatchObject({ after: null, before: ['904', 1_000_000, 7] });
  });
});

describe.each(LOGS)('the columns of $name', (log) => {
  it('have the columns that the log is sorted and filtered by', () => {
    for (const name of [log.timeColumn, log.defaultSort, ...log.tieBreak, 'id']) expect(log.columns).toHaveProperty(name);
    expect(log.columns[log.defaultSort]?.sortable).toBe(true);
    expect(keysetColumns(log, log.defaultSort).at(-1)).toBe('id');
    // A filter of such a name would take its place.
    for (const name of ['from', 'to', 'range', 'tz', 'search', 'columns', 'sort', 'order', 'limit', 'cursor']) expect(log.columns[name]?.filter).toBeUndefined();
  });

  it('store and read a record without loss', () => {
    const record = recordOf(log, ({ type }) => (type === 'text' ? 'é' : type === 'flag' ? true : 7));
    expect(fromRow(log.columns, toRow(log.columns, record))).toEqual(record);
    const absent = recordOf(log, ({ type, optional }) => (optional ? null : type === 'text' ? '' : type === 'flag' ? false : 0));
    expect(fromRow(log.columns, toRow(log.columns, absent))).toEqual(absent);
  });
});

/** A record that has what `value` says for each column; its type is only known by the list itself. */
const recordOf = (log: LogDefinition, value: (column: Column) => Value): RecordOf<Columns> =>
  Object.fromEntries(Object.entries(log.columns).map(([name, column]) => [name, value(column)])) as RecordOf<Columns>;

describe('clip', () => {
  it('never tears a character apart', () => {
    expect(clip('ab\u{1F4DE}', 3)).toBe('ab');
    expect(clip('ab\u{1F4DE}', 4)).toBe('ab\u{1F4DE}');
  });
});
