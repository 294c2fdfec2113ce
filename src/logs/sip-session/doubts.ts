import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { around } from '../../database/partitions.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { Doubt } from '../output.js';
import { rowsChanged } from '../statistics/summaries.js';
import { sipSessions } from './columns.js';
import { INFERENCE_MARGIN } from './outage.js';
import { sayTakenBack } from './taken-back.js';

const DOUBTS = 'session_doubt';

export type Row = Record<string, string | number>;

export interface DoubtfulRow {
  readonly row: Row;
  readonly doubt: Extract<Doubt, { kind: 'inferred' }>;
}

/** A listener's doubt, kept whether the row stands in the log or not. Several may doubt the same row. */
interface Kept extends DoubtfulRow {
  readonly key: string;
  readonly listener: string;
  readonly at: Micros;
}

interface Stored {
  readonly row_key: string;
  readonly listener: string;
  readonly since_at: number | string;
  readonly at: number | string;
  readonly heard: string;
  readonly content: string;
  readonly pbx: string;
  readonly peername: string;
}

const REGISTERED = '200 OK';
const INFERRED = 'INFERRED';
/** Of a doubt about a longer time the log may have very many rows. */
const SHORT: Micros = 60 * MICROS_PER_SECOND;
const ACCOUNTS_A_QUERY = 500;
/** By then every listener has written what it heard. */
const KEPT_FOR: Micros = 31 * 86_400 * MICROS_PER_SECOND;

/**
 * Makes the log hold those doubtful rows that no other listener tells: a doubtful row stands unless a row that somebody
 * heard, or an earlier doubtful one that stands, says the same. All doubts are kept, so that it does not matter who
 * writes first: what is heard late takes a row back, and may give back another one that it had hidden.
 *
 * `written` are the listener's rows without doubt, which stand already. The PBX's turn must have been taken.
 */
export async function settleDoubts(trx: Knex, listener: string, written: readonly Row[], doubtful: readonly DoubtfulRow[]): Promise<void> {
  const sure = written.filter(isOfAccount);
  const told = [...sure, ...doubtful.map(({ row }) => row)];
  if (told.length === 0) return;
  // Somebody heard it whole: no doubt is left.
  const whole = new Set(sure.map(keyOf));
  const known = await readKept(trx, told);
  if (known.some(({ key }) => whole.has(key))) await trx(DOUBTS).whereIn('row_key', [...whole]).delete();
  const before = known.filter(({ key }) => !whole.has(key));
  const kept = inGroups([...before, ...(await keep(trx, listener, doubtful, before))], ({ row }) => row);
  const news = inGroups(told, (row) => row);
  const groups = [...kept].map(([name, doubts]) => ({ listener, doubts, told: news.get(name) ?? [] }));
  const rest = await standAlone(trx, groups);
  for (const group of rest) await settleGroup(trx, group);
}

export const isOfAccount = ({ event }: Row): boolean => event === 'REGISTER' || event === 'UNREGISTER';

const isRegistration = ({ event, details }: Row): boolean => event === 'REGISTER' && (details === REGISTERED || details === INFERRED);
const keyOf = (row: Row): string => String(row['event_key']);
const groupOf = ({ pbx, peername, event }: Row): string => JSON.stringify([pbx, peername, event]);

/** Rows of different groups never say the same. */
function inGroups<T>(items: readonly T[], rowOf: (item: T) => Row): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = groupOf(rowOf(item));
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

const instantOf = (row: Row): Micros => Number(row['at']);
const isAbout = ({ doubt, at }: Kept, row: Row): boolean => instantOf(row) >= doubt.since - INFERENCE_MARGIN && instantOf(row) <= at + INFERENCE_MARGIN;
const inOrder = (a: Kept, b: Kept): number => a.at - b.at || (a.key < b.key ? -1 : 1);

/** Doubts about the accounts that these rows are of, as far as they may change. */
async function readKept(trx: Knex, rows: readonly Row[]): Promise<Kept[]> {
  const found = await trx<Stored>(DOUBTS)
    .whereIn('pbx', [...new Set(rows.map(({ pbx }) => String(pbx)))])
    .whereIn('peername', [...new Set(rows.map(({ peername }) => String(peername)))])
    .where('at', '>=', Math.min(...rows.map(instantOf)) - INFERENCE_MARGIN)
    .select('row_key', 'listener', 'since_at', 'at', 'heard', 'content');
  return found.map(({ row_key: key, listener, since_at: since, at, heard, content }) => {
    const doubt = { kind: 'inferred', since: Number(since), heard: JSON.parse(heard) as string[] } as const;
    return { key, listener, at: Number(at), doubt, row: JSON.parse(content) as Row };
  });
}

/** Keeps the listener's doubts that are new, but for rows that stand without any; answers them. */
async function keep(trx: Knex, listener: string, doubtful: readonly DoubtfulRow[], kept: readonly Kept[]): Promise<Kept[]> {
  const own = new Set(kept.filter((one) => one.listener === listener).map(({ key }) => key));
  const others = new Set(kept.map(({ key }) => key));
  const unknown = new Map(doubtful.map((one) => [keyOf(one.row), one] as const).filter(([key]) => !own.has(key)));
  for (const key of await standing(trx, [...unknown.keys()], [...unknown.values()].map(({ row }) => instantOf(row)))) if (!others.has(key)) unknown.delete(key);
  const added = [...unknown].map(([key, { row, doubt }]): Kept => ({ key, listener, at: instantOf(row), row, doubt }));
  if (added.length === 0) return added;
  await insertOnce(trx, DOUBTS, added.map(toStored));
  const oldest = Math.min(...added.map(({ at }) => at));
  await trx(DOUBTS).whereIn('pbx', [...new Set(added.map(({ row }) => String(row['pbx'])))]).where('at', '<', oldest - KEPT_FOR).delete();
  return added;
}

const toStored = ({ key, listener, at, row, doubt }: Kept): Row => ({
  event_key: eventKey(key, listener),
  row_key: key,
  listener,
  pbx: String(row['pbx']),
  peername: String(row['peername']),
  since_at: doubt.since,
  at,
  heard: JSON.stringify(doubt.heard),
  content: JSON.stringify(row),
});

/** Doubts that concern one another, and the rows that the listener told about them. */
interface Group {
  readonly listener: string;
  readonly doubts: readonly Kept[];
  readonly told: readonly Row[];
}

/**
 * Around a login each registration is in doubt, and next to none of them has another row anywhere near: those are found with
 * one look into the log, and stand. Answers the other groups.
 */
async function standAlone(trx: Knex, groups: readonly Group[]): Promise<Group[]> {
  const rest: Group[] = [];
  const lone: (Group & { readonly one: Kept })[] = [];
  for (const group of groups) {
    const [one, more] = group.doubts;
    const isLone = one !== undefined && more === undefined && one.at - one.doubt.since <= SHORT && group.told.length === 1 && group.told.every((row) => keyOf(row) === one.key);
    if (isLone) lone.push({ ...group, one });
    else rest.push(group);
  }
  const standing: Row[] = [];
  for (let start = 0; start < lone.length; start += ACCOUNTS_A_QUERY) {
    const some = lone.slice(start, start + ACCOUNTS_A_QUERY);
    const near = inGroups(await rowsNear(trx, some.map(({ one }) => one)), (row) => row);
    for (const { one, ...group } of some) {
      const beside = (near.get(groupOf(one.row)) ?? []).filter((row) => isAbout(one, row) && !one.doubt.heard.includes(keyOf(row)));
      if (beside.length === 0) standing.push(one.row);
      else if (beside.some((row) => keyOf(row) !== one.key)) rest.push(group);
    }
  }
  await insertOnce(trx, sipSessions.table, standing);
  await rowsChanged(trx, sipSessions.table, standing.map(instantOf));
  return rest;
}

/** What the log has of the accounts of these doubts, at the time of any of them. */
async function rowsNear(trx: Knex, doubts: readonly Kept[]): Promise<Row[]> {
  const from = Math.min(...doubts.map(({ doubt }) => doubt.since)) - INFERENCE_MARGIN;
  const to = Math.max(...doubts.map(({ at }) => at)) + INFERENCE_MARGIN;
  return trx(sipSessions.table)
    .whereIn('peername', [...new Set(doubts.map(({ row }) => String(row['peername'])))])
    .whereBetween('at', [from, to])
    .select('event_key', 'pbx', 'peername', 'event', 'at');
}

/** One group, of which the listener told these rows. */
async function settleGroup(trx: Knex, { listener, doubts: group, told }: Group): Promise<void> {
  if (!group.some((one) => told.some((row) => isAbout(one, row)))) return;
  const from = Math.min(...told.map(instantOf));
  const ordered: Kept[] = [];
  for (const one of group.filter(({ at }) => at + INFERENCE_MARGIN >= from).sort(inOrder)) ordered.push(one.listener === listener ? await withHeard(trx, one, told) : one);
  const keys = [...new Set(ordered.map(({ key }) => key))];
  const stood = new Set(await standing(trx, keys, ordered.map(({ at }) => at)));
  for (const [place, key] of keys.entries()) {
    const doubts = ordered.filter((one) => one.key === key);
    // What comes later hides nothing that came before it.
    const stands = await some(doubts, async (one) => (await tellingQuery(trx, one, keys.slice(place)).first('id')) === undefined);
    if (stands !== stood.has(key)) await rowsChanged(trx, sipSessions.table, doubts.map(({ row }) => instantOf(row)));
    if (!stands && stood.has(key)) await takeBack(trx, key, doubts.map(({ at }) => at));
    if (stands && !stood.has(key)) await insertOnce(trx, sipSessions.table, doubts.slice(0, 1).map(({ row }) => row));
  }
}

/** The row of a key, which is of one of these times. */
async function takeBack(trx: Knex, key: string, times: readonly Micros[]): Promise<void> {
  const row = await trx<{ id: number; at: number; event_key: string }>(sipSessions.table).where('event_key', key).whereBetween('at', around(times)).first('id', 'at');
  if (row === undefined) return;
  await trx(sipSessions.table).where({ id: row.id, at: row.at }).delete();
  await sayTakenBack(trx, row.id);
}

/** What a listener tells beside a row that it doubts is something else, though another one may write it first. Not so of an attempt that was refused. */
async function withHeard(trx: Knex, one: Kept, told: readonly Row[]): Promise<Kept> {
  const { key, listener, row, doubt } = one;
  if (row['event'] === 'REGISTER' && !isRegistration(row)) return one;
  const known = new Set([key, ...doubt.heard]);
  const more = told.filter((other) => isAbout(one, other)).map(keyOf).filter((other) => !known.has(other));
  if (more.length === 0) return one;
  const heard = [...doubt.heard, ...new Set(more)];
  await trx(DOUBTS).where({ row_key: key, listener }).update({ heard: JSON.stringify(heard) });
  return { ...one, doubt: { ...doubt, heard } };
}

async function some<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (await test(item)) return true;
  return false;
}

/** Rows of somebody else that say what this one says; those with the keys `silent` do not count. */
function tellingQuery(trx: Knex, { row, at, doubt }: Kept, silent: readonly string[]): Knex.QueryBuilder {
  const { pbx, peername, event, details } = row;
  // An attempt that was refused is no registration, nor the other way round.
  const kind =
    event !== 'REGISTER'
      ? { sql: '', values: [] }
      : isRegistration(row)
        ? { sql: ' and (details = ? or (source = ? and details = ?))', values: [INFERRED, 'CLIENT', REGISTERED] }
        : { sql: ' and details = ?', values: [String(details)] };
  return trx(sipSessions.table)
    .where('peername', String(peername))
    .whereBetween('at', [doubt.since - INFERENCE_MARGIN, at + INFERENCE_MARGIN])
    .whereNotIn('event_key', [...doubt.heard, ...silent])
    // Hidden from SQLite, which would go through the registrations of everybody at that time.
    .whereRaw(`case when pbx = ? and event = ?${kind.sql} then 1 else 0 end = 1`, [String(pbx), String(event), ...kind.values]);
}

/** Which of these keys stand in the log; `times` are those of their rows. */
async function standing(trx: Knex, keys: readonly string[], times: readonly Micros[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows: readonly { readonly event_key: string }[] = await trx(sipSessions.table).whereIn('event_key', [...keys]).whereBetween('at', around(times)).select('event_key');
  return rows.map(({ event_key: key }) => key);
}
