import { describe, expect, it } from 'vitest';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { cursorAfter } from '../../../src/logs/list-query.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { parseIso, toIso } from '../../../src/time.js';
import { english } from '../../../src/web/language.js';
import { headOrder, isFiltered, listingHref, parseListingRequest } from '../../../src/web/listing-query.js';
import { listingView } from '../../../src/web/listing-view.js';

const ROME = 'Europe/Rome';
const parse = (text: string, log: typeof sipSessions | typeof cdrs = cdrs) =>
  parseListingRequest(log, Object.fromEntries(new URLSearchParams(text)), ROME);

describe('parseListingRequest', () => {
  it('takes times without a zone on the reader’s wall clock', () => {
    const { query } = parse('from=2026-05-10T17:12&to=2026-05-11');
    expect([query.from, query.to].map((at) => toIso(at ?? NaN))).toEqual(['2026-05-10T15:12:00.000Z', '2026-05-10T22:00:00.000Z']);
  });

  it('takes times with a zone as they are, and the zone that the address names', () => {
    const { query, zone } = parse('from=2026-05-10T17:12Z&to=2026-05-11T00:00&tz=America/New_York');
    expect([query.from, query.to].map((at) => toIso(at ?? NaN))).toEqual(['2026-05-10T17:12:00.000Z', '2026-05-11T04:00:00.000Z']);
    expect(zone.name).toBe('America/New_York');
  });

  it('takes a form that is sent again as it was meant: also in the hour that comes twice, and to the millisecond', () => {
    for (const from of ['2026-10-25T01:30:00.000Z', '2026-05-10T15:12:24.882Z']) {
      const { fields, hidden } = listingView(parse(`from=${from}`), [], null, english).filter;
      const form = new URLSearchParams(hidden.map(({ name, value }): [string, string] => [name, value]));
      const shown = fields.find(({ name }) => name === 'from')?.value ?? '';
      form.set('from', shown.replace(/:00$/, ''));
      expect(toIso(parse(form.toString()).query.from ?? NaN)).toBe(from);
      // Changed by hand it means what it says.
      form.set('from', '2026-05-11T00:00');
      expect(toIso(parse(form.toString()).query.from ?? NaN)).toBe('2026-05-10T22:00:00.000Z');
    }
  });

  it.each([
    ['tz=Mars', 'tz: '],
    ['from=2026-02-30T10:00', 'from: '],
    ['to=soon', 'to: '],
    ['from=2026-05-11&to=2026-05-10', 'from: must not be later'],
    ['colour=red', 'colour: '],
    ['sort=lastdata', 'sort: '],
    ['disposition=LOST', 'disposition: '],
    ['cursor=abc', 'cursor: '],
    ['limit=5000', 'limit: '],
  ])('names what is wrong with %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe('listingHref', () => {
  it('leaves out what is the default', () => {
    expect(listingHref('/cdrs', parse(''))).toBe('/cdrs');
    expect(listingHref('/cdrs', parse('sort=callDate&order=desc&limit=50'))).toBe('/cdrs');
  });

  it('says the same again, to the microsecond', () => {
    const text = 'from=2026-05-10T17:12:00.000001Z&src=%2B39%26&sort=duration&order=asc&limit=10&tz=UTC';
    const href = listingHref('/cdrs', parse(text), { cursor: 'next' });
    expect([...new URL(href, 'http://x').searchParams.entries()]).toEqual([...new URLSearchParams(`${text}&cursor=next`).entries()]);
    expect(parse(href.slice('/cdrs?'.length).replace('&cursor=next', ''))).toMatchObject({ query: parse(text).query });
  });

  it('turns the order of the column that is sorted by', () => {
    const request = parse('sort=duration');
    expect(headOrder(cdrs, request.query, 'duration')).toBe('desc');
    expect(headOrder(cdrs, request.query, 'callDate')).toBe('desc');
    expect(headOrder(cdrs, request.query, 'src')).toBe('asc');
  });
});

describe('listingView', () => {
  const record = {
    id: 3,
    timestamp: parseIso('2026-05-10T15:12:24.882Z') ?? 0,
    event: 'CONNECT',
    source: 'CLIENT',
    peername: null,
    account: null,
    details: '',
    userAgent: '\u202eevil',
    remoteAddress: '203.0.113.37:28224',
    transport: 'UDP',
    tlsCipher: null,
    reconciled: false,
    binding: 'ambiguous',
    candidates: '904,908',
    pbx: 'asterisk',
  };
  const request = parse('event=CONNECT&from=2026-05-10T17:12', sipSessions);
  const view = listingView(request, [record], 'c', english);

  it('has the listed columns, in their order', () => {
    const listed = Object.values(sipSessions.columns).filter((column) => 'listed' in column);
    expect(view.heads.map((head) => head.title)).toEqual(listed.map((column) => column.title));
    expect(view.rows[0]).toHaveLength(listed.length);
    expect(view.heads[0]).toMatchObject({ title: 'Timestamp', zone: ROME, ariaSort: 'descending' });
  });

  it('shows times on the reader’s clock, with the instant beside', () => {
    expect(view.rows[0]?.[0]?.time).toEqual({
      text: '2026-05-10 17:12:24',
      fraction: '.882',
      iso: '2026-05-10T15:12:24.882Z',
      title: '2026-05-10T17:12:24.882+02:00 = 2026-05-10T15:12:24.882Z',
    });
  });

  it('says who an ambiguous row may belong to', () => {
    expect(view.rows[0]?.at(-1)).toMatchObject({ text: 'false', note: 'ambiguous:', noteLinks: [{ text: '904' }, { text: '908' }] });
  });

  it('spells out characters that hide', () => {
    expect(view.rows[0]?.find((cell) => cell.title === 'Useragent')?.text).toBe('⟨U+202E⟩evil');
  });

  it('offers a field for every filter, filled with what is asked', () => {
    const values = Object.fromEntries(view.filter.fields.map((field) => [field.name, field.value]));
    expect(values).toMatchObject({ from: '2026-05-10T17:12:00', to: '', event: 'CONNECT', peername: '', reconciled: '', binding: '' });
    expect(view.filter.filtered && isFiltered(request)).toBe(true);
    expect(view.filter.clearHref).toBe('/sip-sessions');
  });

  it('leads on, and back to the first page', () => {
    expect(view).toMatchObject({ nextLabel: 'Older', firstHref: null, csvHref: null });
    expect(view.nextHref).toContain('cursor=c');
    const cursor = cursorAfter(sipSessions, request.query, record);
    expect(listingView(parse(`event=CONNECT&cursor=${cursor}`, sipSessions), [], null, english)).toMatchObject({
      firstHref: '/sip-sessions?event=CONNECT',
      nextHref: null,
    });
  });
});
