import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { sipSessions } from '../sip-session/columns.js';
import { ADDRESS, WORDS } from './refused.js';
import type { Span } from './spans.js';

/** So many of an account's newest rows are looked through for phones and addresses. */
export const MOST_ROWS = 10_000;
const MOST_GROUPS = 500;
const MOST_ADDRESSES = 500;

/** A phone's software, or an address without its port, and when it was seen. */
export interface Seen {
  readonly value: string;
  readonly firstAt: Micros;
  readonly lastAt: Micros;
  readonly events: number;
}

/** With which phones and from where an account came, latest first. */
export interface Whereabouts {
  readonly userAgents: readonly Seen[];
  readonly addresses: readonly Seen[];
  /** Rows older than this were not looked through; null where all were. */
  readonly since: Micros | null;
}

export async function whereabouts(knex: Knex, pbx: string, username: string): Promise<Whereabouts> {
  const groups = (await whereaboutsQuery(knex, pbx, username)) as Group[];
  const beyond = (await newestRows(knex, pbx, username).clearSelect().select('at').offset(MOST_ROWS - 1).limit(1)) as { at: number | string }[];
  return { userAgents: seen(groups, 'user_agent'), addresses: seen(groups, 'address'), since: beyond[0] ? Number(beyond[0].at) : null };
}

interface Group {
  readonly user_agent: string;
  readonly address: string;
  readonly first_at: number | string;
  readonly last_at: number | string;
  readonly events: number | string;
}

const newestRows = (knex: Knex, pbx: string, username: string): Knex.QueryBuilder =>
  knex(sipSessions.table)
    .select('user_agent', 'remote_address', 'at', 'details', 'binding')
    .where({ peername: username, pbx })
    .orderBy([{ column: 'at', order: 'desc' }, { column: 'id', order: 'desc' }])
    .limit(MOST_ROWS);

/** The SQL; apart, so that tests can ask the database to explain it. */
export const whereaboutsQuery = (knex: Knex, pbx: string, username: string): Knex.QueryBuilder =>
  knex
    .select('user_agent', knex.raw(`${ADDRESS} as address`))
    .min({ first_at: 'at' })
    .max({ last_at: 'at' })
    .count({ events: '*' })
    .from(newestRows(knex, pbx, username).as('newest'))
    // A stranger who tries the name comes from elsewhere.
    .where('binding', 'bound')
    .whereNotIn('details', WORDS)
    .groupBy('user_agent', 'address')
    .orderBy('last_at', 'desc')
    .limit(MOST_GROUPS);

function seen(groups: readonly Group[], column: 'user_agent' | 'address'): Seen[] {
  const found = new Map<string, Seen>();
  for (const group of groups) {
    const value = group[column];
    if (value === '') continue;
    const [firstAt, lastAt, events] = [Number(group.first_at), Number(group.last_at), Number(group.events)];
    const known = found.get(value) ?? { value, firstAt, lastAt, events: 0 };
    found.set(value, { value, firstAt: Math.min(known.firstAt, firstAt), lastAt: Math.max(known.lastAt, lastAt), events: known.events + events });
  }
  return [...found.values()].sort((a, b) => b.lastAt - a.lastAt);
}

/** An address from which sign-ins with an account's name were refused. */
export interface Refusal {
  /** Without the port; '' where the PBX told none. */
  readonly address: string;
  readonly attempts: number;
  readonly firstAt: Micros;
  readonly lastAt: Micros;
  /** Why, in the log's words, the most frequent first. */
  readonly reasons: readonly string[];
}

/** The refused sign-ins with one name; counts are exact. */
export interface Refusals {
  readonly attempts: number;
  readonly addressCount: number;
  /** Most attempts first; the first so many. */
  readonly addresses: readonly Refusal[];
}

/** The refused sign-ins with one name in `[from, to)`, by address. */
export async function refusedSignIns(knex: Knex, pbx: string, username: string, range: Span, most = MOST_ADDRESSES): Promise<Refusals> {
  const rows = (await refusedAddressesQuery(knex, pbx, username, range, most)) as { address: string; attempts: number | string; first_at: number | string; last_at: number | string; total: number | string; groups: number | string }[];
  const reasons = rows.length === 0 ? [] : ((await refusedReasonsQuery(knex, pbx, username, range, rows.map(({ address }) => address))) as { address: string; details: string }[]);
  const byAddress = new Map<string, string[]>();
  for (const { address, details } of reasons) byAddress.set(address, [...(byAddress.get(address) ?? []), details]);
  return {
    attempts: Number(rows[0]?.total ?? 0),
    addressCount: Number(rows[0]?.groups ?? 0),
    addresses: rows.map(({ address, attempts, first_at, last_at }) => ({ address, attempts: Number(attempts), firstAt: Number(first_at), lastAt: Number(last_at), reasons: byAddress.get(address) ?? [] })),
  };
}

const refusedRows = (knex: Knex, pbx: string, username: string, { from, to }: Span): Knex.QueryBuilder =>
  knex(sipSessions.table)
    .where({ peername: username, pbx })
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereIn('details', WORDS)
    .whereRaw(`coalesce(event, '') = 'REGISTER'`);

export function refusedAddressesQuery(knex: Knex, pbx: string, username: string, range: Span, most: number): Knex.QueryBuilder {
  const byAddress = refusedRows(knex, pbx, username, range)
    .select(knex.raw(`${ADDRESS} as address`))
    .count({ attempts: '*' })
    .min({ first_at: 'at' })
    .max({ last_at: 'at' })
    .groupBy('address');
  return knex
    .select('*', knex.raw('sum(attempts) over () as ??', ['total']), knex.raw('count(*) over () as ??', ['groups']))
    .from(byAddress.as('found'))
    .orderBy([{ column: 'attempts', order: 'desc' }, { column: 'last_at', order: 'desc' }, { column: 'address' }])
    .limit(most);
}

/** Why, by address, the most frequent first. */
export const refusedReasonsQuery = (knex: Knex, pbx: string, username: string, range: Span, addresses: readonly string[]): Knex.QueryBuilder =>
  refusedRows(knex, pbx, username, range)
    .whereRaw(`${ADDRESS} in (${addresses.map(() => '?').join(', ')})`, [...addresses])
    .select('details', knex.raw(`${ADDRESS} as address`))
    .groupBy('address', 'details')
    .orderByRaw('count(*) desc, details');
