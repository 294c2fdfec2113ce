import { expect, it } from 'vitest';
import { itself, ofLimit, type Figure } from '../../bench/figure.js';
import { growth, reportOn, type Run } from '../../bench/report.js';

const figure = (what: string, value: number, target: Figure['target'], limit: number | null = null): Figure => ({ what, database: 'SQLite', value, unit: 'ms', limit: limit === null ? null : { value: limit, is: 'the limit' }, target });
const run = (figures: readonly Figure[]): Run => ({ at: '2026-11-01T00:00:00.000Z', rows: 1_000_000, machine: '', figures });

it('says what got worse since the last run: ratios where there is a limit, values elsewhere, and the direction that is better', () => {
  const last = run([figure('ratio', 10, ofLimit('at most', 2), 10), figure('rate', 100, ofLimit('at least', 1), 100), figure('value', 10, itself('at most', 50)), figure('noise', 10, itself('at most', 50))]);
  const now = [figure('ratio', 10, ofLimit('at most', 2), 5), figure('rate', 100, ofLimit('at least', 1), 150), figure('value', 13, itself('at most', 50)), figure('noise', 12, itself('at most', 50)), figure('new', 99, itself('at most', 50))];
  const text = reportOn(1_000_000, now, last, false);
  expect(text.slice(text.indexOf('Against'))).toBe('Against the run of 2026-11-01T00:00:00.000Z, 4 figures of it: got worse:\n  ratio (SQLite): 1.00 -> 2.00\n  rate (SQLite): 1.00 -> 0.67\n  value (SQLite): 10.0 -> 13.0');
  expect(reportOn(1_000_000, last.figures, last, false)).toContain('nothing got worse');
  expect(reportOn(1_000_000, now, null, false)).toContain('No run to compare with.');
});

it('compares the p99 of many rows with those of a million, and a race is won or lost', () => {
  const base = run([figure('a, p99', 10, itself('at most', 50)), figure('a, p50', 1, itself('at most', 50))]);
  const grown = growth(base, [figure('a, p99', 14, itself('at most', 50)), figure('a, p50', 9, itself('at most', 50)), figure('b, p99', 9, itself('at most', 50))]);
  expect(grown).toMatchObject([{ what: 'a, p99, grown', value: 14, limit: { value: 10 } }]);
  expect(reportOn(10_000_000, grown, null, false)).toMatch(/a, p99, grown .*1\.40 +at most 1\.30 of limit +NOT MET/);
  expect(reportOn(1, [figure('against a peer: x', 1, ofLimit('at most', 1), 2), figure('against a peer: y', 3, ofLimit('at most', 1), 2)], null, false)).toMatch(/x .*ahead\n.*y .*BEHIND/);
  expect(growth(null, grown)).toEqual([]);
});
