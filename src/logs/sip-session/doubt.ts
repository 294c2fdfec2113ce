import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Doubt } from '../output.js';
import { INFERENCE_MARGIN } from './outage.js';

/* Which doubtful rows the log holds, decided from rows that were read. */

export type Row = Readonly<Record<string, string | number>>;

export interface DoubtfulRow {
  readonly row: Row;
  readonly doubt: Extract<Doubt, { kind: 'inferred' }>;
}

/** A listener's doubt, kept whether the row stands in the log or not. Several may doubt the same row. */
export interface Kept extends DoubtfulRow {
  /** Null for one that is not stored yet. */
  readonly id: number | null;
  readonly key: string;
  readonly listener: string;
  readonly at: Micros;
}

/** Doubts that concern one another, in order. */
export interface Group {
  /** As `groupOf` has it. */
  readonly name: string;
  readonly doubts: readonly Kept[];
}

export const REGISTERED = '200 OK';
export const INFERRED = 'INFERRED';
/** Of a doubt about a longer time the log may have very many rows. */
const SHORT: Micros = 60 * MICROS_PER_SECOND;

export const isOfAccount = ({ event }: Row): boolean => event === 'REGISTER' || event === 'UNREGISTER';
export const isRegistration = ({ event, details }: Row): boolean => event === 'REGISTER' && (details === REGISTERED || details === INFERRED);
export const keyOf = (row: Row): string => String(row['event_key']);
export const instantOf = (row: Row): Micros => Number(row['at']);
export const isShort = ({ at, doubt }: Kept): boolean => at - doubt.since <= SHORT;

/** Rows of different groups never say the same. */
export const groupOf = ({ pbx, peername, event }: Row): string => JSON.stringify([pbx, peername, event]);

export function groupedBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/** The groups about which the listener told something, each with its doubts in order, those of the listener's own knowing what it told beside them. */
export function concerned(listener: string, doubts: readonly Kept[], told: readonly Row[]): Group[] {
  const news = groupedBy(told, groupOf);
  return [...groupedBy(doubts, ({ row }) => groupOf(row))].flatMap(([name, group]) => {
    const rows = news.get(name) ?? [];
    if (!group.some((one) => rows.some((row) => isAbout(one, row)))) return [];
    const from = rows.reduce((least, row) => Math.min(least, instantOf(row)), Number.POSITIVE_INFINITY);
    const ordered = group.filter(({ at }) => at + INFERENCE_MARGIN >= from).sort(inOrder);
    return [{ name, doubts: ordered.map((one) => (one.listener === listener ? withHeard(one, rows) : one)) }];
  });
}

/** What of a group is to change in the log, in order. */
export interface Verdict {
  readonly come: readonly Row[];
  /** Keys of those that are taken back. */
  readonly gone: readonly string[];
  /** Instants of both, as all who doubt them have them. */
  readonly changed: readonly Micros[];
}

/** `log` holds what the log has of the group (`groupOf`) around its doubts; `stood` has those of their keys that stand in it. */
export function judge(doubts: readonly Kept[], log: readonly Row[], stood: { has(key: string): boolean }): Verdict {
  const there = new Map(log.map((row) => [keyOf(row), row]));
  const byKey = [...groupedBy(doubts, ({ key }) => key)];
  const placeOf = new Map(byKey.map(([key], place) => [key, place]));
  const verdict = { come: [] as Row[], gone: [] as string[], changed: [] as Micros[] };
  for (const [place, [key, alike]] of byKey.entries()) {
    // What comes later hides nothing that came before it.
    const before = [...there.values()].filter((row) => (placeOf.get(keyOf(row)) ?? -1) < place);
    const stands = alike.some((one) => !isTold(one, before));
    if (stands === stood.has(key)) continue;
    verdict.changed.push(...alike.map(({ row }) => instantOf(row)));
    const [first] = alike;
    if (!stands) {
      verdict.gone.push(key);
      there.delete(key);
    } else if (first) {
      verdict.come.push(first.row);
      there.set(key, first.row);
    }
  }
  return verdict;
}

/** Whether one of these rows of somebody else says what this one says. */
function isTold(one: Kept, rows: readonly Row[]): boolean {
  const heard = new Set(one.doubt.heard);
  return rows.some((row) => saysTheSame(row, one.row) && isAbout(one, row) && !heard.has(keyOf(row)));
}

/** As `tellingQuery` has it: an attempt that was refused is no registration, nor the other way round. */
function saysTheSame(other: Row, row: Row): boolean {
  if (row['event'] !== 'REGISTER') return true;
  if (!isRegistration(row)) return other['details'] === row['details'];
  return other['details'] === INFERRED || (other['source'] === 'CLIENT' && other['details'] === REGISTERED);
}

const isAbout = ({ doubt, at }: Kept, row: Row): boolean => instantOf(row) >= doubt.since - INFERENCE_MARGIN && instantOf(row) <= at + INFERENCE_MARGIN;
const inOrder = (a: Kept, b: Kept): number => a.at - b.at || (a.key < b.key ? -1 : 1);

/** What a listener tells beside a row that it doubts is something else, though another one may write it first. Not so of an attempt that was refused. */
function withHeard(one: Kept, told: readonly Row[]): Kept {
  const { key, row, doubt } = one;
  if (row['event'] === 'REGISTER' && !isRegistration(row)) return one;
  const known = new Set([key, ...doubt.heard]);
  const more = told.filter((other) => isAbout(one, other)).map(keyOf).filter((other) => !known.has(other));
  return more.length === 0 ? one : { ...one, doubt: { ...doubt, heard: [...doubt.heard, ...new Set(more)] } };
}
