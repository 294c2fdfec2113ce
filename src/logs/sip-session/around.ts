import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { fromRow, type DatabaseRow } from '../columns.js';
import { sipSessions, type SipSession } from './columns.js';
import { LEFT_ON_LINE, REGISTERED, UNREGISTERED } from './standing.js';

/** So many rows of a time are read at most; of an account that is attacked there can be any number. */
export const MOST_EVENTS = 500;

interface Span {
  readonly from: Micros;
  readonly to: Micros;
}

/** A row, and what it says of its account: on line after it, off line, or null where it is about something else. */
export interface SessionEvent {
  readonly row: SipSession;
  readonly standing: 'on' | 'off' | null;
}

/** Rows of `[from, to)`, oldest first. `complete` is false where there are more than are given. */
export interface EventsAround {
  readonly events: readonly SessionEvent[];
  readonly complete: boolean;
}

/**
 * What these accounts of a PBX did, and what they may have done: the rows that are theirs, and the connections that are theirs or
 * another's, as `candidates` of such a row tells.
 */
export async function eventsAround(knex: Knex, pbx: string, names: readonly string[], span: Span): Promise<EventsAround> {
  if (names.length === 0) return { events: [], complete: true };
  const own = await Promise.all(names.map((name) => eventsOf(accountRowsQuery(knex, pbx, name, span))));
  const ambiguous = await eventsOf(ambiguousRowsQuery(knex, pbx, span));
  const theirs = ambiguous.filter(({ row }) => (row.candidates ?? '').split(',').some((name) => names.includes(name.trim())));
  const events = [...own.flatMap((rows) => rows.slice(0, MOST_EVENTS)), ...theirs].sort((a, b) => a.row.timestamp - b.row.timestamp || a.row.id - b.row.id);
  return { events, complete: ambiguous.length <= MOST_EVENTS && own.every((rows) => rows.length <= MOST_EVENTS) };
}

/** The last row before an instant, and not before `since`, that says whether an account is on line; null where there is none. */
export async function lastStanding(knex: Knex, pbx: string, name: string, at: Micros, since: Micros): Promise<SessionEvent | null> {
  const [event] = await eventsOf(lastStandingQuery(knex, pbx, name, at, since));
  return event ?? null;
}

async function eventsOf(query: Knex.QueryBuilder): Promise<SessionEvent[]> {
  const rows = (await query) as DatabaseRow[];
  return rows.map((row) => ({ row: fromRow(sipSessions.columns, row), standing: row['standing'] === 'on' || row['standing'] === 'off' ? row['standing'] : null }));
}

const STANDING = `case when (${REGISTERED} or ${UNREGISTERED}) then (case when ${LEFT_ON_LINE} then 'on' else 'off' end) else '' end as standing`;

const rowsOf = (knex: Knex, pbx: string, { from, to }: Span): Knex.QueryBuilder =>
  knex(sipSessions.table)
    .select(Object.values(sipSessions.columns).map(({ db }) => db))
    .select(knex.raw(STANDING))
    .where('pbx', pbx)
    .where('at', '>=', from)
    .where('at', '<', to);

const oldestFirst = (query: Knex.QueryBuilder): Knex.QueryBuilder => query.orderBy([{ column: 'at' }, { column: 'id' }]).limit(MOST_EVENTS + 1);

/** The SQL; apart, so that tests can ask the database to explain it. */
export const accountRowsQuery = (knex: Knex, pbx: string, name: string, span: Span): Knex.QueryBuilder => oldestFirst(rowsOf(knex, pbx, span).where('peername', name));

export const ambiguousRowsQuery = (knex: Knex, pbx: string, span: Span): Knex.QueryBuilder => oldestFirst(rowsOf(knex, pbx, span).where('binding', 'ambiguous'));

export const lastStandingQuery = (knex: Knex, pbx: string, name: string, at: Micros, since: Micros): Knex.QueryBuilder =>
  rowsOf(knex, pbx, { from: since, to: at })
    .where('peername', name)
    .whereRaw(`(${REGISTERED} or ${UNREGISTERED})`)
    .orderBy([{ column: 'at', order: 'desc' }, { column: 'id', order: 'desc' }])
    .limit(1);
