import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { sipSessions } from '../sip-session/columns.js';
import { ADDRESS, WORDS } from './refused.js';
import type { Span } from './spans.js';

/** So many of an account's newest rows are looked through for phones and addresses. */
export const MOST_ROWS = 10_000;
const MOST_GROUPS = 500;

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

/** The refused sign-ins with one name in `[from, to)`, by address, most attempts first. */
export async function refusedSignIns(knex: Knex, pbx: string, username: string, range: Span): Promise<Refusal[]> {
  const rows = (await refusedSignInsQuery(knex, pbx, username, range)) as { address: string; details: string; attempts: number | string; first_at: number | string; last_at: number | string }[];
  const found = new Map<string, Refusal>();
  for (const { address, details, attempts, first_at, last_at } of rows) {
    const known = found.get(address) ?? { address, attempts: 0, firstAt: Number(first_at), lastAt: Number(last_at), reasons: [] };
    found.set(address, {
      address,
      attempts: known.attempts + Number(attempts),
      firstAt: Math.min(known.firstAt, Number(first_at)),
      lastAt: Math.max(known.lastAt, Number(last_at)),
      reasons: [...known.reasons, details],
    });
  }
  return [...found.values()].sort((a, b) => b.attempts - a.attempts || b.lastAt - a.lastAt);
}

export const refusedSignInsQuery = (knex: Knex, pbx: string, username: string, { from, to }: Span): Knex.QueryBuilder =>
  knex(sipSessions.table)
    .select('details', knex.raw(`${ADDRESS} as address`))
    .count({ attempts: '*' })
    .min({ first_at: 'at' })
    .max({ last_at: 'at' })
    .where({ peername: username, pbx })
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereIn('details', WORDS)
    .whereRaw(`coalesce(event, '') = 'REGISTER'`)
    .groupBy('address', 'details')
    .orderBy([{ column: 'attempts', order: 'desc' }, { column: 'address' }])
    .limit(MOST_GROUPS);
