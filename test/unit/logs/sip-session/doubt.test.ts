import { expect, it } from 'vitest';
import { judge, keyOf, type Kept, type Row } from '../../../../src/logs/sip-session/doubt.js';
import { seeded } from '../../../support/random.js';

const SECOND = 1_000_000;
const MARGIN = 2 * SECOND;

interface Told {
  readonly key: string;
  readonly at: number;
  readonly source: string;
  readonly details: string;
}

const rowOf = ({ key, at, source, details }: Told, event: string): Row => ({ event_key: key, pbx: 'lab', peername: '909', event, source, details, at });

/** One doubt after the other asks the log, which changes meanwhile. */
function oneByOne(doubts: readonly Kept[], log: readonly Row[]): string[] {
  const rows = new Map(log.map((row) => [keyOf(row), row]));
  const keys = [...new Set(doubts.map(({ key }) => key))];
  for (const [place, key] of keys.entries()) {
    const alike = doubts.filter((one) => one.key === key);
    const stands = alike.some(({ row, doubt, at }) => {
      const silent = [...doubt.heard, ...keys.slice(place)];
      const saysTheSame = (other: Row): boolean => {
        if (row['event'] === 'UNREGISTER') return true;
        const isRegistered = (one: Row): boolean => one['details'] === 'INFERRED' || one['details'] === '200 OK';
        return isRegistered(row) ? other['details'] === 'INFERRED' || (isRegistered(other) && other['source'] === 'CLIENT') : other['details'] === row['details'];
      };
      return ![...rows.values()].some((other) => Number(other['at']) >= doubt.since - MARGIN && Number(other['at']) <= at + MARGIN && !silent.includes(keyOf(other)) && saysTheSame(other));
    });
    const [first] = alike;
    if (!stands) rows.delete(key);
    else if (first && !rows.has(key)) rows.set(key, first.row);
  }
  return [...rows.keys()].sort();
}

it.each(Array.from({ length: 300 }, (_, n) => n + 1))('doubts are judged together as one by one (%i)', (seed) => {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const event = pick(['REGISTER', 'UNREGISTER']);
  const span = pick([6, 20]);
  const told = Array.from({ length: 2 + Math.floor(random() * 12) }, (_, n): Told => ({
    key: `row ${n}`, at: Math.floor(random() * span * 2) * (SECOND / 2), source: pick(['CLIENT', 'SERVER']), details: pick(['200 OK', '200 OK', 'INFERRED', 'INVALID_PASSWORD', 'FAILED_ACL']),
  }));
  const doubts = told
    .flatMap((one) => Array.from({ length: pick([0, 1, 1, 2]) }, (_, n): Kept => {
      const heard = told.filter(() => random() < 0.2).map(({ key }) => key);
      const since = one.at - pick([0, 0, 3 * SECOND]);
      return { id: n, key: one.key, listener: `listener ${n}`, at: one.at, row: rowOf(one, event), doubt: { kind: 'inferred', since, heard } };
    }))
    .sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  const doubted = new Set(doubts.map(({ key }) => key));
  const log = told.filter(({ key }) => !doubted.has(key) || random() < 0.5).map((one) => rowOf(one, event));
  const { come, gone, changed } = judge(doubts, log, new Set(log.map(keyOf)));
  expect([...log.map(keyOf).filter((key) => !gone.includes(key)), ...come.map(keyOf)].sort()).toEqual(oneByOne(doubts, log));
  expect(changed.length).toBeGreaterThanOrEqual(come.length + gone.length);
  // What was judged stays so.
  expect(judge(doubts, [...log.filter((row) => !gone.includes(keyOf(row))), ...come], new Set(oneByOne(doubts, log)))).toEqual({ come: [], gone: [], changed: [] });
});
