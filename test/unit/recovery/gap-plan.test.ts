import { describe, expect, it } from 'vitest';
import type { DueGap } from '../../../src/logs/capture-gap/recovery.js';
import { afterLook, gapOf, groupGaps, NO_SOURCE, withoutSource, type Found } from '../../../src/recovery/gap-plan.js';
import { MICROS_PER_SECOND, parseIso, type Micros } from '../../../src/time.js';

const NOON = parseIso('2026-11-22T12:00:00Z') ?? 0;
const at = (minutes: number): Micros => NOON + minutes * 60 * MICROS_PER_SECOND;
const gap = (fields: Partial<DueGap> = {}): DueGap => ({ id: 1, from: at(0), to: at(5), recovery: 'pending', recoveredCalls: 0, note: '', tries: 0, due: at(5), ...fields });
const found = (fields: Partial<Found> = {}): Found => ({ added: [{ source: 'Master.csv', calls: 0 }], failures: [], there: 0, ...fields });

describe('groupGaps', () => {
  it('looks once for gaps of which one day covers the calls of both', () => {
    const groups = groupGaps([gap(), gap({ from: at(60), to: at(61) }), gap({ from: at(1_600), to: at(1_601) })]);
    expect(groups).toMatchObject([
      { from: at(-1_440), to: at(61), endedFrom: at(-15), gaps: [{ from: at(0) }, { from: at(60) }] },
      { from: at(160), to: at(1_601), endedFrom: at(1_585), gaps: [{}] },
    ]);
    expect(groupGaps([])).toEqual([]);
  });
});

describe('gapOf', () => {
  const [first, second] = [gap(), gap({ id: 2, from: at(20), to: at(30) })];
  it.each([
    ['ended in the first', -30, 3, 1],
    ['ended in the second, and went on through the first', -30, 25, 2],
    ['ended just before the first', -30, -1, 1],
    ['went on beyond both', 22, 40, 2],
    ['went on beyond the first, and was over before the second', 3, 10, 1],
  ])('a call that %s', (_, began, ended, id) => {
    expect(gapOf([first, second], { callDate: at(began), endDate: at(ended) })?.id).toBe(id);
  });
});

describe('afterLook', () => {
  it('looks again when what is written late must be there, and then is done', () => {
    const once = afterLook(gap(), found({ added: [{ source: 'Master.csv', calls: 5 }] }), at(6));
    expect(once).toEqual({ recovery: 'once', recoveredCalls: 5, note: '5 calls from Master.csv', tries: 0, due: at(15) });
    const done = afterLook(gap({ ...once }), found({ there: 5 }), at(15));
    expect(done).toEqual({ recovery: 'done', recoveredCalls: 5, note: '5 calls from Master.csv', tries: 0, due: 0 });
    expect(afterLook(gap({ ...once }), found({ added: [{ source: 'Master.csv', calls: 1 }] }), at(15))).toMatchObject({ recovery: 'done', recoveredCalls: 6, note: '6 calls from Master.csv' });
  });

  it('is done at once when the gap is long over', () => {
    expect(afterLook(gap(), found(), at(20))).toMatchObject({ recovery: 'done', recoveredCalls: 0, note: 'no call was missing in Master.csv', due: 0 });
  });

  it('does not wait for a clock that runs ahead', () => {
    expect(afterLook(gap({ to: at(600) }), found(), at(5))).toMatchObject({ recovery: 'once', due: at(15) });
  });

  it('counts what an attempt left that was killed', () => {
    expect(afterLook(gap(), found({ added: [{ source: 'Master.csv', calls: 2 }], there: 7 }), at(20))).toMatchObject({ recoveredCalls: 7, note: '7 calls from Master.csv' });
  });

  it('names each of two sources', () => {
    const both = (csv: number, sql: number): Found => found({ added: [{ source: 'Master.csv', calls: csv }, { source: 'table cdr', calls: sql }] });
    expect(afterLook(gap(), both(5, 1), at(20)).note).toBe('5 calls from Master.csv, 1 call from table cdr');
    expect(afterLook(gap(), both(0, 2), at(20)).note).toBe('2 calls from table cdr');
    expect(afterLook(gap(), both(0, 0), at(20)).note).toBe('no call was missing in Master.csv and table cdr');
    expect(afterLook(gap({ recovery: 'once', recoveredCalls: 6, note: '5 calls from Master.csv, 1 call from table cdr' }), both(0, 0), at(20)).note).toBe('5 calls from Master.csv, 1 call from table cdr');
    expect(afterLook(gap({ recovery: 'once', recoveredCalls: 6, note: '6 calls from Master.csv' }), both(0, 1), at(20)).note).toBe('7 calls from Master.csv and table cdr');
  });

  it('tries again with ever longer pauses for a day, and then says what can be done', () => {
    let now = at(6);
    let current = gap();
    let tries = 0;
    for (; ; tries += 1) {
      const attempt = afterLook(current, found({ failures: ['CDR_CSV: there is no Master.csv; correct the path'] }), now);
      expect(attempt.recovery).toBe('failed');
      current = { ...current, ...attempt };
      if (attempt.due === 0) break;
      expect(attempt.note).toBe('CDR_CSV: there is no Master.csv; correct the path');
      expect(attempt.due - now).toBe(Math.min(2 ** tries, 60) * 60 * MICROS_PER_SECOND);
      now = attempt.due;
    }
    expect((now - at(6)) / 3_600 / MICROS_PER_SECOND).toBeCloseTo(24, 0);
    expect(current.note).toContain('given up after a day; put it right and restart, or import by hand: logbook backfill --source csv|sql --from 2026-11-21T12:00:00.000Z --to 2026-11-22T12:05:00.000Z');
    expect(current.note.length).toBeLessThan(500);
  });

  it('keeps what one source gave when the other fails', () => {
    expect(afterLook(gap(), found({ added: [{ source: 'Master.csv', calls: 3 }, { source: 'table cdr', calls: 0 }], failures: ['CDR_SQL_URL: nothing answers there'] }), at(6))).toMatchObject({
      recovery: 'failed', recoveredCalls: 3, note: '3 calls from Master.csv; CDR_SQL_URL: nothing answers there',
    });
  });
});

describe('withoutSource', () => {
  it('says which settings would help, and forgets nothing', () => {
    expect(withoutSource(gap())).toMatchObject({ recovery: 'none', note: NO_SOURCE, due: 0 });
    expect(withoutSource(gap({ recovery: 'once', note: '5 calls from Master.csv', recoveredCalls: 5 }))).toMatchObject({ recovery: 'done', note: '5 calls from Master.csv', recoveredCalls: 5 });
  });
});
