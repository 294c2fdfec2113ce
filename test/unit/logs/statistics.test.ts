import { describe, expect, it } from 'vitest';
import { answerSeizureRatio, averageDuration, NO_CALLS, QUARTER, tallies, type QuarterCalls } from '../../../src/logs/statistics/calls.js';
import { countOnLine, onLineSpans, type Evidence } from '../../../src/logs/statistics/presence.js';
import { lengthOf, union, within, without, type Span } from '../../../src/logs/statistics/spans.js';
import { silenceAround } from '../../../src/logs/statistics/unheard.js';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { busiestOf } from '../../../src/web/overview.js';
import { seeded } from '../../support/random.js';

const span = (from: number, to: number): Span => ({ from, to });

describe('stretches of time', () => {
  it('join, cut and leave over, half-open', () => {
    expect(union([span(5, 7), span(1, 3), span(3, 4), span(6, 9), span(2, 2)])).toEqual([span(1, 4), span(5, 9)]);
    expect(within([span(0, 2), span(2, 4), span(5, 9)], span(2, 6))).toEqual([span(2, 4), span(5, 6)]);
    expect(without(span(0, 10), [span(8, 20), span(-5, 1), span(3, 4)])).toEqual([span(1, 3), span(4, 8)]);
    expect(without(span(0, 10), [span(0, 10)])).toEqual([]);
    expect(lengthOf([span(0, 4), span(2, 6), span(8, 9)])).toBe(7);
  });
});

describe('calls', () => {
  const calls = (at: number, disposition: QuarterCalls['disposition'], count: number, billsec = 0): QuarterCalls => ({ at: at * QUARTER, disposition, calls: count, billsec });

  it('are added up by the hours they began in', () => {
    const hours = [span(0, 4 * QUARTER), span(4 * QUARTER, 6 * QUARTER), span(6 * QUARTER, 10 * QUARTER)];
    const added = tallies(hours, [calls(5, 'ANSWERED', 2, 60), calls(0, 'BUSY', 1), calls(3, 'ANSWERED', 3, 90), calls(3, 'FAILED', 1, 7), calls(4, 'NO_ANSWER', 4)]);
    expect(added.map(({ total, billsec }) => [total, billsec])).toEqual([[5, 90], [6, 60], [0, 0]]);
    expect(added[0]?.byDisposition).toEqual({ ANSWERED: 3, NO_ANSWER: 0, BUSY: 1, FAILED: 1, UNKNOWN: 0 });
  });

  it('outside of all hours are not added', () => {
    expect(tallies([span(4 * QUARTER, 8 * QUARTER)], [calls(3, 'BUSY', 1), calls(8, 'BUSY', 1)])[0]?.total).toBe(0);
  });

  it('have a ratio and an average only where there is something to divide by', () => {
    const tally = { ...NO_CALLS, total: 4, byDisposition: { ...NO_CALLS.byDisposition, ANSWERED: 3, UNKNOWN: 1 }, billsec: 100 };
    expect(answerSeizureRatio(tally)).toBe(0.75);
    expect(averageDuration(tally)).toBeCloseTo(33.333, 3);
    expect(answerSeizureRatio(NO_CALLS)).toBeNull();
    expect(averageDuration({ ...tally, byDisposition: { ...NO_CALLS.byDisposition, BUSY: 4 }, billsec: 0 })).toBeNull();
  });

  it('have a busiest hour, the first of several', () => {
    const hour = (name: string, total: number) => ({ name, calls: { total } });
    expect(busiestOf([hour('a', 0), hour('b', 2), hour('c', 2)])?.name).toBe('b');
    expect(busiestOf([hour('a', 0)])).toBeNull();
  });
});

describe('an account', () => {
  const range = span(100, 200);
  const seen = (evidence: Partial<Evidence>): Span[] => onLineSpans({ onLineBefore: false, ends: [], returns: new Map(), onLineNow: false, since: 0, ...evidence }, range);

  it.each<[string, Partial<Evidence>, Span[]]>([
    ['was there all the time', { onLineBefore: true, onLineNow: true, since: 20 }, [span(100, 200)]],
    ['came', { returns: new Map([[100, 150]]), onLineNow: true, since: 150 }, [span(150, 200)]],
    ['went', { onLineBefore: true, ends: [130], since: 130 }, [span(100, 130)]],
    ['went and came back', { onLineBefore: true, ends: [130], returns: new Map([[130, 140]]), onLineNow: true, since: 140 }, [span(100, 130), span(140, 200)]],
    ['came and went, twice', { ends: [120, 160], returns: new Map([[100, 110], [120, 150]]), since: 160 }, [span(110, 120), span(150, 160)]],
    ['ended twice without a return', { onLineBefore: true, ends: [120, 130], returns: new Map([[120, 180]]), onLineNow: true, since: 180 }, [span(100, 120), span(180, 200)]],
    ['was seen to have gone after a gap', { onLineBefore: true, since: 170 }, [span(100, 170)]],
    ['was seen to have come back after a gap', { onLineBefore: true, ends: [120], onLineNow: true, since: 170 }, [span(100, 120), span(170, 200)]],
    ['was first seen by a listing', { onLineNow: true, since: 160 }, [span(160, 200)]],
    ['was seen by nobody', {}, []],
  ])('%s', (_, evidence, spans) => {
    expect(seen({ ...evidence })).toEqual(spans);
  });
});

describe('accounts on line', () => {
  const hours = [span(0, 10), span(10, 20), span(20, 30)];

  it('are counted at once: fewest, most, and as the hour ends', () => {
    expect(countOnLine(hours, [span(-5, 12), span(4, 8), span(8, 30)], 2, [])).toEqual([
      { fewest: 3, most: 4, last: 4 },
      { fewest: 3, most: 4, last: 3 },
      { fewest: 3, most: 3, last: 3 },
    ]);
  });

  it('do not change where one goes in the instant in which another comes', () => {
    expect(countOnLine([span(0, 10)], [span(-1, 5), span(5, 20)], 0, [])).toEqual([{ fewest: 1, most: 1, last: 1 }]);
  });

  it('are not known where nobody listened', () => {
    expect(countOnLine(hours, [span(0, 12), span(5, 7)], 1, [span(4, 20)])).toEqual([{ fewest: 2, most: 2, last: 2 }, null, { fewest: 1, most: 1, last: 1 }]);
  });

  it('agree with counting at every instant', () => {
    const random = seeded(7);
    for (let round = 0; round < 200; round += 1) {
      const some = (): Span => {
        const from = Math.floor(random() * 70) - 5;
        return span(from, from + 1 + Math.floor(random() * 20));
      };
      const spans = Array.from({ length: Math.floor(random() * 12) }, some);
      const unknown = Array.from({ length: Math.floor(random() * 3) }, some);
      const slots = [span(0, 20), span(20, 25), span(25, 60)];
      const naive = slots.map(({ from, to }) => {
        const counts = Array.from({ length: to - from }, (_, i) => from + i)
          .filter((at) => !unknown.some((hole) => hole.from <= at && at < hole.to))
          .map((at) => 3 + spans.filter((one) => one.from <= at && at < one.to).length);
        return counts.length === 0 ? null : { fewest: Math.min(...counts), most: Math.max(...counts), last: counts.at(-1) };
      });
      expect(countOnLine(slots, spans, 3, unknown)).toEqual(naive);
    }
  });
});

describe('what no login covers', () => {
  const minute = 60 * MICROS_PER_SECOND;
  const range = span(100 * minute, 200 * minute);

  it('is before the first, between two, and after the last unless that was told of a moment ago', () => {
    const logins = [span(110 * minute, 120 * minute), span(130 * minute, 199.5 * minute)];
    expect(silenceAround(logins, range)).toEqual([span(100 * minute, 110 * minute), span(120 * minute, 130 * minute)]);
    expect(silenceAround([span(0, 150 * minute)], range)).toEqual([span(150 * minute, 200 * minute)]);
    expect(silenceAround([], range)).toEqual([range]);
  });
});
