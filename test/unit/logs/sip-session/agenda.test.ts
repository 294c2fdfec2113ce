import { describe, expect, it } from 'vitest';
import { Agenda } from '../../../../src/logs/sip-session/agenda.js';

const SECOND = 1_000_000;

function takeAll<T>(agenda: Agenda<T>, now: number): T[] {
  const taken: T[] = [];
  for (let next = agenda.take(now); next; next = agenda.take(now)) taken.push(next.what);
  return taken;
}

describe('Agenda', () => {
  it('gives what is due, earliest first, and of equal times the first to come', () => {
    const agenda = new Agenda<string>();
    for (const [due, what] of [[3, 'c'], [1, 'a'], [2, 'b1'], [2, 'b2'], [5, 'e'], [2, 'b3']] as const) agenda.plan(due, what);
    expect(takeAll(agenda, 1)).toEqual([]);
    expect(takeAll(agenda, 4)).toEqual(['a', 'b1', 'b2', 'b3', 'c']);
    expect(takeAll(agenda, 6)).toEqual(['e']);
  });

  it('orders whatever is planned, and saves it in that order', () => {
    const agenda = new Agenda<number>();
    const dues = Array.from({ length: 500 }, (_, n) => (n * 7_919) % 101);
    for (const [n, due] of dues.entries()) agenda.plan(due, n);
    const order = [...dues.keys()].sort((a, b) => (dues[a] ?? 0) - (dues[b] ?? 0) || a - b);
    expect(agenda.save().map(({ what }) => what)).toEqual(order);
    expect(takeAll(agenda, 101)).toEqual(order);
  });

  it('waits for nothing that lies far ahead since the clock was set back', () => {
    const agenda = new Agenda<string>();
    agenda.plan(3_600 * SECOND, 'late');
    agenda.plan(3_602 * SECOND, 'later');
    expect(takeAll(agenda, 3_599 * SECOND)).toEqual([]);
    expect(takeAll(agenda, 60 * SECOND)).toEqual(['late', 'later']);
  });

  it('gives once in a pass what lay far ahead, however near it is planned again, and waits as ever afterwards', () => {
    const agenda = new Agenda<string>();
    for (const [due, what] of [[3_600, 'a'], [3_601, 'b']] as const) agenda.plan(due * SECOND, what);
    const pass = (now: number): string[] => {
      const taken: string[] = [];
      for (let next = agenda.take(now * SECOND); next && taken.length < 10; next = agenda.take(now * SECOND)) {
        taken.push(next.what);
        agenda.plan((now + 2) * SECOND, next.what);
      }
      return taken;
    };
    expect(pass(60)).toEqual(['a', 'b']);
    agenda.plan(61 * SECOND, 'new');
    expect(pass(60)).toEqual([]);
    expect(pass(62)).toEqual(['new']);
    expect(pass(63)).toEqual(['a', 'b']);
    expect(pass(64)).toEqual([]);
  });
});
