import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Doubt } from '../output.js';
import { sipSessions } from './columns.js';
import { INFERENCE_MARGIN } from './outage.js';

export const DOUBTS = 'session_doubt';

export type Row = Record<string, string | number>;

export interface DoubtfulRow {
  readonly row: Row;
  readonly doubt: Extract<Doubt, { kind: 'inferred' }>;
}

/** A doubtful row as it is kept, whether it stands in the log or not. */
interface Kept extends DoubtfulRow {
  readonly key: string;
  readonly listener: string;
  readonly at: Micros;
}

interface Stored {
  readonly event_key: string;
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
/** By then every listener has written what it heard. */
const KEPT_FOR: Micros = 31 * 86_400 * MICROS_PER_SECOND;

/**
 * Makes the log hold those doubtful rows that no other listener tells: a doubtful row stands unless a row that somebody
 * heard, or an earlier doubtful one that stands, says the same. All that were ever doubted are kept, so that it does not
 * matter who writes first: what is heard late takes a row back, and may give back another one that it had hidden.
 *
 * `written` are the listener's rows without doubt, which stand already. The PBX's turn must have been taken.
 */
export async function settleDoubts(trx: Knex, listener: string, written: readonly Row[], doubtful: readonly DoubtfulRow[]): Promise<void> {
  const sure = written.filter(isOfAccount);
  const told = [...sure, ...doubtful.map(({ row }) => row)];
  if (told.length === 0) return;
  const kept = await readKept(trx, told);
  // Somebody heard it whole: no doubt is left.
  const settled = new Set(sure.map(keyOf).filter((key) => kept.delete(key)));
  if (settled.size > 0) await trx(DOUBTS).whereIn('event_key', [...settled]).delete();
  for (const row of await keep(trx, listener, doubtful, kept)) kept.set(row.key, row);
  await addHeard(trx, listener, told, kept);
  for (const group of new Set([...kept.values()].map(({ row }) => groupOf(row)))) {
    const own = [...kept.values()].filter(({ row }) => groupOf(row) === group);
    const news = told.filter((row) => groupOf(row) === group).map((row) => Number(row['at']));
    if (own.some((one) => news.some((at) => isAbout(one, at)))) await settleGroup(trx, own, Math.min(...news));
  }
}

export const isOfAccount = ({ event }: Row): boolean => event === 'REGISTER' || event === 'UNREGISTER';

const keyOf = (row: Row): string => String(row['event_key']);
/** Rows of different groups never say the same. */
const groupOf = ({ pbx, peername, event }: Row): string => JSON.stringify([pbx, peername, event]);
const isAbout = ({ doubt, at }: Kept, instant: Micros): boolean => instant >= doubt.since - INFERENCE_MARGIN && instant <= at + INFERENCE_MARGIN;
const inOrder = (a: Kept, b: Kept): number => a.at - b.at || (a.key < b.key ? -1 : 1);

/** Those of the accounts that these rows are about, as far as they may change, by key. */
async function readKept(trx: Knex, rows: readonly Row[]): Promise<Map<string, Kept>> {
  const found = await trx<Stored>(DOUBTS)
    .whereIn('pbx', [...new Set(rows.map(({ pbx }) => String(pbx)))])
    .whereIn('peername', [...new Set(rows.map(({ peername }) => String(peername)))])
    .where('at', '>=', Math.min(...rows.map(({ at }) => Number(at))) - INFERENCE_MARGIN)
    .select('event_key', 'listener', 'since_at', 'at', 'heard', 'content');
  return new Map(
    found.map(({ event_key: key, listener, since_at: since, at, heard, content }) => {
      const doubt = { kind: 'inferred', since: Number(since), heard: JSON.parse(heard) as string[] } as const;
      return [key, { key, listener, at: Number(at), doubt, row: JSON.parse(content) as Row }];
    }),
  );
}

/** Keeps those that are new, but for what stands without doubt; answers them. */
async function keep(trx: Knex, listener: string, doubtful: readonly DoubtfulRow[], kept: ReadonlyMap<string, Kept>): Promise<Kept[]> {
  const unknown = new Map(doubtful.map((one) => [keyOf(one.row), one]));
  for (const key of kept.keys()) unknown.delete(key);
  for (const key of await standing(trx, [...unknown.keys()])) unknown.delete(key);
  const added = [...unknown].map(([key, { row, doubt }]): Kept => ({ key, listener, at: Number(row['at']), row, doubt }));
  if (added.length === 0) return added;
  await insertOnce(trx, DOUBTS, added.map(toStored));
  const oldest = Math.min(...added.map(({ at }) => at));
  await trx(DOUBTS).whereIn('pbx', [...new Set(added.map(({ row }) => String(row['pbx'])))]).where('at', '<', oldest - KEPT_FOR).delete();
  return added;
}

const toStored = ({ key, listener, at, row, doubt }: Kept): Row => ({
  event_key: key,
  listener,
  pbx: String(row['pbx']),
  peername: String(row['peername']),
  since_at: doubt.since,
  at,
  heard: JSON.stringify(doubt.heard),
  content: JSON.stringify(row),
});

/** What the listener tells itself beside its doubtful rows is something else, though another one may write it first. */
async function addHeard(trx: Knex, listener: string, told: readonly Row[], kept: Map<string, Kept>): Promise<void> {
  for (const one of kept.values()) {
    if (one.listener !== listener) continue;
    const more = told.filter((row) => groupOf(row) === groupOf(one.row) && isAbout(one, Number(row['at']))).map(keyOf).filter((key) => key !== one.key && !one.doubt.heard.includes(key));
    if (more.length === 0) continue;
    const heard = [...one.doubt.heard, ...more];
    kept.set(one.key, { ...one, doubt: { ...one.doubt, heard } });
    await trx(DOUBTS).where('event_key', one.key).update({ heard: JSON.stringify(heard) });
  }
}

/** One group, in which something new was told from an instant on. */
async function settleGroup(trx: Knex, group: readonly Kept[], from: Micros): Promise<void> {
  const ordered = group.filter(({ at }) => at + INFERENCE_MARGIN >= from).sort(inOrder);
  const stands = new Set(await standing(trx, ordered.map(({ key }) => key)));
  for (const [place, one] of ordered.entries()) {
    // What comes later hides nothing that came before it.
    const isTold = (await tellingQuery(trx, one, ordered.slice(place).map(({ key }) => key)).first('id')) !== undefined;
    if (isTold && stands.has(one.key)) await trx(sipSessions.table).where('event_key', one.key).delete();
    if (!isTold && !stands.has(one.key)) await insertOnce(trx, sipSessions.table, [one.row]);
  }
}

/** Rows of somebody else that say what this one says; those with the keys `silent` do not count. */
function tellingQuery(trx: Knex, { row, at, doubt }: Kept, silent: readonly string[]): Knex.QueryBuilder {
  const { pbx, peername, event, details } = row;
  const query = trx(sipSessions.table)
    .where({ pbx, peername, event })
    .whereBetween('at', [doubt.since - INFERENCE_MARGIN, at + INFERENCE_MARGIN])
    .whereNotIn('event_key', [...doubt.heard, ...silent]);
  // An attempt that was refused is no registration, nor the other way round.
  const isRegistration = details === REGISTERED || details === INFERRED;
  if (event === 'REGISTER' && !isRegistration) void query.where('details', String(details));
  if (event === 'REGISTER' && isRegistration) void query.where((is) => void is.where({ source: 'CLIENT', details: REGISTERED }).orWhere('details', INFERRED));
  return query;
}

async function standing(trx: Knex, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await trx<{ event_key: string }>(sipSessions.table).whereIn('event_key', [...keys]).select('event_key');
  return rows.map(({ event_key: key }) => key);
}
