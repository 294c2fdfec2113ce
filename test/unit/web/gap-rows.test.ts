import { describe, expect, it } from 'vitest';
import type { CaptureGap } from '../../../src/logs/capture-gap/columns.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { parseListQuery, type ListQuery } from '../../../src/logs/list-query.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { gapsAmong, gapsAsked, gapsAt, gapWindow, placeGaps, type GapWindow, type ListedPage } from '../../../src/web/gap-rows.js';
import { gapView } from '../../../src/web/gap-view.js';
import { english, italian } from '../../../src/web/language.js';
import type { ListingRequest } from '../../../src/web/listing-query.js';
import { readerZone } from '../../../src/web/zone.js';
import { MICROS_PER_SECOND, parseIso } from '../../../src/time.js';

const SECOND = MICROS_PER_SECOND;
const zone = readerZone('Europe/Rome');
const gap = (fields: Partial<CaptureGap>): CaptureGap => ({
  id: 1, from: 0, to: SECOND, kind: 'GAP', pbx: 'lab', reason: 'stopped', lost: null, recovery: 'done', recoveredCalls: null, recoveryNote: null, recoveredAt: null, ...fields,
});
const request = (query: Partial<ListQuery>, log = sipSessions as ListingRequest['log']): ListingRequest => ({ log, query: { ...parseListQuery(log, {}), ...query }, zone, tz: null });

/** A small generator that gives the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 3_266_489_917) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

const touches = ({ from, to }: CaptureGap, window: GapWindow): boolean => (window.from === null || to > window.from) && (window.to === null || from <= window.to);

/** All pages of a list, as the database would give them, with the gaps that it would find for each. */
function pagesOf(times: readonly number[], gaps: readonly CaptureGap[], query: Partial<ListQuery>, limit: number): { page: ListedPage; found: CaptureGap[] }[] {
  const inRange = times.filter((at) => (query.from ?? null) === null || at >= (query.from ?? 0)).filter((at) => (query.to ?? null) === null || at < (query.to ?? 0));
  const records = [...inRange].sort((a, b) => (query.order === 'asc' ? a - b : b - a)).map((timestamp, id) => ({ id, timestamp }));
  const pages: { page: ListedPage; found: CaptureGap[] }[] = [];
  let after: ListQuery['after'] = null;
  for (let start = 0; start === 0 || start < records.length; start += limit) {
    const some = records.slice(start, start + limit);
    const page: ListedPage = { request: request({ ...query, after, limit }), records: some, next: start + limit < records.length ? 'more' : null, above: after };
    const window = gapWindow(page);
    const found = gaps.filter((one) => window && touches(one, window));
    pages.push({ page, found });
    after = [some.at(-1)?.timestamp ?? 0, some.at(-1)?.id ?? 0];
  }
  return pages;
}

describe('gaps in a list', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('stand once over all pages, above what happened in them (seed %i)', (seed) => {
    const random = randomFrom(seed);
    const times = Array.from({ length: Math.floor(random() * 30) }, () => Math.floor(random() * 60));
    const gaps = Array.from({ length: 12 }, (_, id) => {
      const from = Math.floor(random() * 60);
      return gap({ id: id + 1, from, to: from + 1 + Math.floor(random() * 8) });
    });
    const range = seed % 3 === 0 ? { from: 15, to: 40 } : {};
    for (const order of ['asc', 'desc'] as const) {
      for (const limit of [1, 2, 5, 100]) {
        const list: (number | CaptureGap)[] = [];
        for (const { page, found } of pagesOf(times, gaps, { ...range, order }, limit)) {
          for (const most of [1, 4, 100]) {
            const asked = gapsAsked(page.request);
            const latest = gaps.filter((one) => asked && touches(one, asked)).sort((a, b) => b.to - a.to || b.id - a.id).slice(0, most);
            const among = gapsAmong(latest, most, gapWindow(page) ?? { from: null, to: null });
            if (among !== null || most === 100) expect(among && new Set(among), `${order} by ${limit}, of the latest ${most}`).toEqual(new Set(found));
          }
          const places = placeGaps(page, found);
          expect(places).toHaveLength(page.records.length + 1);
          places.forEach((some, index) => {
            list.push(...some);
            const record = page.records[index];
            if (record) list.push(Number(record['timestamp']));
          });
        }
        const wanted = gaps.filter(({ from, to }) => !('from' in range) || (from < 40 && to > 15));
        const drawn = list.filter((entry) => typeof entry !== 'number');
        expect(drawn.map(({ id }) => id).sort(), `${order} by ${limit}`).toEqual(wanted.map(({ id }) => id).sort());
        list.forEach((entry, index) => {
          if (typeof entry === 'number') return;
          const above = list.slice(0, index).filter((other) => typeof other === 'number');
          const below = list.slice(index).filter((other) => typeof other === 'number');
          if (order === 'desc') {
            expect(above.every((at) => at >= entry.to)).toBe(true);
            expect(below.every((at) => at < entry.to)).toBe(true);
          } else {
            expect(above.every((at) => at < entry.from)).toBe(true);
            expect(below.every((at) => at >= entry.from)).toBe(true);
          }
        });
      }
    }
  });

  it('are not drawn where the order is not that of time, nor in the list of who is on line', () => {
    expect(gapWindow({ request: request({ sort: 'event' }), records: [], next: null, above: null })).toBeNull();
    expect(gapWindow({ request: request({ sort: 'registrationExpires' }, registeredAccounts), records: [], next: null, above: null })).toBeNull();
    expect(gapWindow({ request: request({}, cdrs), records: [], next: null, above: null })).toEqual({ from: null, to: null });
  });

  it('are not made of events left out where the list is of calls', () => {
    const found = [gap({ kind: 'LOSS', lost: 5 }), gap({ id: 2 })];
    expect(placeGaps({ request: request({}, cdrs), records: [], next: null, above: null }, found)[0]).toMatchObject([{ id: 2 }]);
    expect(placeGaps({ request: request({}), records: [], next: null, above: null }, found)[0]).toHaveLength(2);
  });

  it('are one line where many lie at one place', () => {
    const many = [...Array.from({ length: 5 }, (_, n) => gap({ id: n + 1, from: n * 60 * SECOND, to: (n * 60 + 12) * SECOND })), gap({ kind: 'LOSS', lost: 1_234 })];
    expect(gapsAt(many, request({}), english, 'lab')).toMatchObject([{ lead: 'Not listening 5 times, 1,234 events left out', lasted: '1 min in all', calls: '', tone: 'plain' }]);
    expect(gapsAt(many.slice(0, 3), request({}), english, 'lab')).toHaveLength(3);
  });

  it('stand apart among many in a list of calls where theirs could not be recovered', () => {
    const many = Array.from({ length: 10 }, (_, n) => gap({ id: n + 1, from: n * 60 * SECOND, to: (n * 60 + 12) * SECOND, recovery: n === 5 ? 'failed' : 'done', recoveryNote: 'x' }));
    expect(gapsAt(many, request({}, cdrs), english, 'lab').map(({ lead, tone }) => [lead, tone])).toEqual([['Not listening 5 times', 'plain'], ['Not listening', 'bad'], ['Not listening 4 times', 'plain']]);
    expect(gapsAt(many, request({}), english, 'lab')).toHaveLength(1);
  });
});

describe('gapView', () => {
  const noon = parseIso('2026-05-10T12:00:03Z') ?? 0;
  const view = (fields: Partial<CaptureGap>, calls = true) => gapView(gap({ from: noon, to: noon + 64 * SECOND, ...fields }), zone, english, { ownPbx: 'lab', calls });

  it('says when, for how long and why', () => {
    expect(view({ reason: 'the PBX closed the connection' })).toMatchObject({
      lead: 'Not listening', lasted: '1 min 4 s', reason: 'the PBX closed the connection', begin: { text: '2026-05-10 14:00:03', fraction: '' }, end: { text: '14:01:07', fraction: '' },
      href: '/capture-gaps?from=2026-05-10T12%3A00%3A03.000000Z&to=2026-05-10T12%3A01%3A07.000000Z',
    });
    expect(view({ to: noon + 86_400 * SECOND, pbx: 'other' })).toMatchObject({ lead: 'Not listening to other', end: { text: '2026-05-11 14:00:03' } });
    expect(view({ to: noon + 400_000 })).toMatchObject({ lasted: '0.4 s', begin: { fraction: '.000' }, end: { fraction: '.400' } });
    expect(view({ kind: 'LOSS', lost: 3_120 })).toMatchObject({ lead: '3,120 events were left out', calls: '' });
    expect(view({ kind: 'LOSS', lost: 1, pbx: 'other' })).toMatchObject({ lead: '1 event was left out of other' });
  });

  it.each([
    ['pending', null, '', 'Its calls are being looked for.'],
    ['once', 5, '5 calls from Master.csv', 'Recovered: 5 calls from Master.csv. They are looked for once more.'],
    ['done', 5, '5 calls from Master.csv', 'Recovered: 5 calls from Master.csv.'],
    ['done', null, 'no call was missing in Master.csv', 'No call was missing in Master.csv.'],
    ['none', null, 'set CDR_CSV or CDR_SQL_URL to recover calls', 'Calls may be missing: set CDR_CSV or CDR_SQL_URL to recover calls.'],
    ['failed', null, 'CDR_CSV: there is no Master.csv', 'Calls could not all be recovered: CDR_CSV: there is no Master.csv'],
  ] as const)('says of calls that are %s what became of them', (recovery, recoveredCalls, recoveryNote, text) => {
    expect(view({ recovery, recoveredCalls, recoveryNote })).toMatchObject({ calls: text, tone: recovery === 'failed' ? 'bad' : 'plain' });
    expect(view({ recovery, recoveredCalls, recoveryNote }, false).calls).toBe('');
  });
});

describe('gapView in Italian', () => {
  const lost = (count: number) => gapView(gap({ kind: 'LOSS', lost: count, reason: 'stopped' }), zone, italian, { ownPbx: 'lab', calls: true }).lead;
  it('says one as one, and many as many', () => {
    expect([lost(1), lost(2), lost(12_345), lost(1_000_000)]).toEqual(['1 evento tralasciato', '2 eventi tralasciati', '12.345 eventi tralasciati', '1.000.000 eventi tralasciati']);
  });
});

describe('durations and counts', () => {
  it.each([[100, '0.001 s'], [400_000, '0.4 s'], [SECOND, '1 s'], [64 * SECOND, '1 min 4 s'], [60 * SECOND, '1 min'], [3_725 * SECOND, '1 h 2 min'], [3_600 * 24 * 40 * SECOND, '40 d'], [(86_400 + 7_300) * SECOND, '1 d 2 h']])('%i µs are %s', (micros, text) => {
    expect(english.duration(micros)).toBe(text);
  });
  it('count in thousands', () => {
    expect([0, 999, 1_000, 1_234_567].map(english.count)).toEqual(['0', '999', '1,000', '1,234,567']);
  });
});
