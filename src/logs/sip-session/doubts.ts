import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { updateMany } from '../../database/many.js';
import { around } from '../../database/partitions.js';
import { insertFresh } from '../../database/statements.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { eventKey } from '../key.js';
import { sipSessions } from './columns.js';
import { concerned, groupedBy, groupOf, INFERRED, instantOf, isOfAccount, isRegistration, isShort, judge, keyOf, REGISTERED, type DoubtfulRow, type Group, type Kept, type Row, type Verdict } from './doubt.js';
import { INFERENCE_MARGIN } from './outage.js';
import { sayTakenBack } from './taken-back.js';

const DOUBTS = 'session_doubt';

interface Stored {
  readonly id: number | string;
  readonly row_key: string;
  readonly listener: string;
  readonly since_at: number | string;
  readonly at: number | string;
  readonly heard: string;
  readonly content: string;
  readonly pbx: string;
  readonly peername: string;
}

const GROUPS_A_QUERY = 500;
const KEYS_A_QUERY = 1_000;
const UPDATES_A_QUERY = 500;
/** Of an account that is attacked the log may have any number of rows. */
const MOST_NEAR = 5_000;
/** By then every listener has written what it heard. */
const KEPT_FOR: Micros = 31 * 86_400 * MICROS_PER_SECOND;

/**
 * Makes the log hold those doubtful rows that no other listener tells: a doubtful row stands unless a row that somebody
 * heard, or an earlier doubtful one that stands, says the same. All doubts are kept, so that it does not matter who
 * writes first: what is heard late takes a row back, and may give back another one that it had hidden.
 *
 * `written` are the listener's rows without doubt, which stand already. The PBX's turn must have been taken. Answers the instants of
 * the rows that came or went, for `rowsChanged`.
 */
export async function settleDoubts(trx: Knex, listener: string, written: readonly Row[], doubtful: readonly DoubtfulRow[]): Promise<readonly Micros[]> {
  const sure = written.filter(isOfAccount);
  const told = [...sure, ...doubtful.map(({ row }) => row)];
  if (told.length === 0) return [];
  // Somebody heard it whole: no doubt is left.
  const whole = new Set(sure.map(keyOf));
  const known = await readKept(trx, told);
  if (known.some(({ key }) => whole.has(key))) await trx(DOUBTS).whereIn('row_key', [...whole]).delete();
  const before = known.filter(({ key }) => !whole.has(key));
  const stood = await standing(trx, [...before.map(({ row }) => row), ...doubtful.map(({ row }) => row)]);
  const groups = concerned(listener, [...before, ...unkept(listener, doubtful, before, stood)], told);
  await keep(trx, groups.flatMap(({ doubts }) => doubts), before);
  return change(trx, await verdicts(trx, groups, stood), stood);
}

/** Doubts about the accounts that these rows are of, as far as they may change. */
async function readKept(trx: Knex, rows: readonly Row[]): Promise<Kept[]> {
  const found = await trx<Stored>(DOUBTS)
    .whereIn('peername', [...new Set(rows.map(({ peername }) => String(peername)))])
    .where('at', '>=', Math.min(...rows.map(instantOf)) - INFERENCE_MARGIN)
    .select('id', 'row_key', 'listener', 'since_at', 'at', 'heard', 'content');
  return found.map(({ id, row_key: key, listener, since_at: since, at, heard, content }) => {
    const doubt = { kind: 'inferred', since: Number(since), heard: JSON.parse(heard) as string[] } as const;
    return { id: Number(id), key, listener, at: Number(at), doubt, row: JSON.parse(content) as Row };
  });
}

/** The listener's doubts that are new, but for rows that stand without any. */
function unkept(listener: string, doubtful: readonly DoubtfulRow[], kept: readonly Kept[], stood: ReadonlyMap<string, Row>): Kept[] {
  const own = new Set(kept.filter((one) => one.listener === listener).map(({ key }) => key));
  const others = new Set(kept.map(({ key }) => key));
  const unknown = new Map(doubtful.map((one) => [keyOf(one.row), one]));
  return [...unknown].filter(([key]) => !own.has(key) && (others.has(key) || !stood.has(key))).map(([key, { row, doubt }]) => ({ id: null, key, listener, at: instantOf(row), row, doubt }));
}

/** Keeps doubts that are new, and what else is known to have been heard beside those of `before`. */
async function keep(trx: Knex, doubts: readonly Kept[], before: readonly Kept[]): Promise<void> {
  const added = doubts.filter(({ id }) => id === null);
  const unchanged = new Set(before);
  const updates = doubts.flatMap((one) => (one.id === null || unchanged.has(one) ? [] : [{ id: one.id, values: { heard: JSON.stringify(one.doubt.heard) } }]));
  for (let start = 0; start < updates.length; start += UPDATES_A_QUERY) await updateMany(trx, DOUBTS, updates.slice(start, start + UPDATES_A_QUERY), { sql: '1 = 1', values: [] });
  if (added.length === 0) return;
  await insertOnce(trx, DOUBTS, added.map(toStored));
  const oldest = Math.min(...added.map(({ at }) => at));
  await trx(DOUBTS).whereIn('pbx', [...new Set(added.map(({ row }) => String(row['pbx'])))]).where('at', '<', oldest - KEPT_FOR).delete();
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

/** Around a login each registration is in doubt: groups of a short time are judged after one look into the log for many, as far as it has few rows of that time. */
async function verdicts(trx: Knex, groups: readonly Group[], stood: ReadonlyMap<string, Row>): Promise<Verdict[]> {
  const short = groups.filter(({ doubts }) => doubts.every(isShort));
  const long = groups.filter(({ doubts }) => !doubts.every(isShort));
  const found: Verdict[] = [];
  for (let start = 0; start < short.length; start += GROUPS_A_QUERY) {
    const some = short.slice(start, start + GROUPS_A_QUERY);
    const near = await rowsNear(trx, some.flatMap(({ doubts }) => doubts));
    if (near.length > MOST_NEAR) long.push(...some);
    else {
      const byGroup = groupedBy(near, groupOf);
      for (const { name, doubts } of some) found.push(judge(doubts, byGroup.get(name) ?? [], stood));
    }
  }
  for (const { doubts } of long) found.push(judge(doubts, await rowsTelling(trx, doubts, stood), stood));
  return found;
}

const TOLD_BY = ['event_key', 'pbx', 'peername', 'event', 'source', 'details', 'at'];

/** What the log has of the accounts of these doubts, at the time of any of them; not all of it where that is more than `MOST_NEAR`. */
async function rowsNear(trx: Knex, doubts: readonly Kept[]): Promise<Row[]> {
  const from = Math.min(...doubts.map(({ doubt }) => doubt.since)) - INFERENCE_MARGIN;
  const to = Math.max(...doubts.map(({ at }) => at)) + INFERENCE_MARGIN;
  return trx<Row>(sipSessions.table)
    .whereIn('peername', [...new Set(doubts.map(({ row }) => String(row['peername'])))])
    .whereBetween('at', [from, to])
    .limit(MOST_NEAR + 1)
    .select(...TOLD_BY);
}

/** Of what the log has around the doubts of a group as much as it takes to judge them: what else is doubted, and one row of what is not for each. */
async function rowsTelling(trx: Knex, doubts: readonly Kept[], stood: ReadonlyMap<string, Row>): Promise<Row[]> {
  const keys = [...new Set(doubts.map(({ key }) => key))];
  const rows = rowsOf(stood, keys);
  for (const one of doubts) rows.push(...((await tellingQuery(trx, one, keys)) as Row[]));
  return rows;
}

/** A row of somebody else that says what this one says; those with the keys `silent` do not count. */
function tellingQuery(trx: Knex, { row, at, doubt }: Kept, silent: readonly string[]): Knex.QueryBuilder {
  const { pbx, peername, event, details } = row;
  // As `saysTheSame` has it.
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
    .whereRaw(`case when pbx = ? and event = ?${kind.sql} then 1 else 0 end = 1`, [String(pbx), String(event), ...kind.values])
    .limit(1)
    .select(...TOLD_BY);
}

/** What of these rows stands in the log, by key. */
async function standing(trx: Knex, rows: readonly Row[]): Promise<Map<string, Row>> {
  const stood = new Map<string, Row>();
  for (let start = 0; start < rows.length; start += KEYS_A_QUERY) {
    const some = rows.slice(start, start + KEYS_A_QUERY);
    const found: readonly Row[] = await trx(sipSessions.table)
      .whereIn('event_key', [...new Set(some.map(keyOf))])
      .whereBetween('at', around(some.map(instantOf)))
      .select('id', ...TOLD_BY);
    for (const row of found) stood.set(keyOf(row), row);
  }
  return stood;
}

const rowsOf = (stood: ReadonlyMap<string, Row>, keys: readonly string[]): Row[] =>
  keys.flatMap((key) => {
    const row = stood.get(key);
    return row ? [row] : [];
  });

/** Makes the log as it is to be; answers the instants of what came or went. */
async function change(trx: Knex, verdicts: readonly Verdict[], stood: ReadonlyMap<string, Row>): Promise<Micros[]> {
  const gone = rowsOf(stood, verdicts.flatMap((verdict) => verdict.gone));
  for (const { id, at } of gone) await trx(sipSessions.table).where({ id, at }).delete();
  await sayTakenBack(trx, gone.map(({ id }) => Number(id)));
  await insertFresh(trx, sipSessions.table, verdicts.flatMap(({ come }) => come));
  return verdicts.flatMap(({ changed }) => changed);
}
