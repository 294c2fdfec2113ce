import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { sipSessions } from '../sip-session/columns.js';
import { REGISTERED, STAYS, UNREGISTERED } from '../sip-session/standing.js';
import { without, type Span } from './spans.js';
import { HOUR, summariesWithin } from './summaries.js';

/** Rows that are read where nothing is summed up; beyond them the older part of the range is not known. */
export const MOST_READ = 60_000;
/** SQLite answers on the thread that reads AMI: what one query reads must stay small. */
const AT_ONCE: Micros = 6 * HOUR;

/** What a row says of its account: it is gone, a contact of it went while another stays, or it registered. */
const GONE = 0;
const STAYED = 1;
const CAME = 2;
/** An instant and what happened then in one number, which is exact until 2065: where both happen at once, whoever came is there. */
const codeOf = (at: Micros, what: number): number => at * 3 + what;
export const instantOf = (code: number): Micros => Math.floor(code / 3);
export const isCame = (code: number): boolean => code % 3 === CAME;
export const isGone = (code: number): boolean => code % 3 === GONE;

/** What happened, by PBX and account. */
export type Comings = ReadonlyMap<string, ReadonlyMap<string, number[]>>;
/** The same for JSON, relative to the hour's beginning. */
type Content = readonly (readonly [pbx: string, accounts: readonly (readonly [username: string, codes: readonly number[]])[]])[];

interface Row {
  readonly pbx: string;
  readonly username: string;
  readonly at: number | string;
  readonly what: number;
}

/** All of a range that says whether accounts are on line, the latest first. */
export const comingsQuery = (knex: Knex, { from, to }: Span, most = MOST_READ): Knex.QueryBuilder =>
  knex(sipSessions.table)
    .select({ pbx: 'pbx', username: 'peername', at: 'at' }, knex.raw(`case when event = 'REGISTER' then ${CAME} when ${STAYS} then ${STAYED} else ${GONE} end as what`))
    .whereIn('event', ['REGISTER', 'UNREGISTER'])
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereRaw(`(${REGISTERED} or ${UNREGISTERED})`)
    .orderBy('at', 'desc')
    .limit(most);

/** An hour's comings as far as they matter: of an account's registrations only the first, and the first after each end. */
export async function sumComings(knex: Knex, from: Micros): Promise<Content> {
  const comings = new Map<string, Map<string, number[]>>();
  for (const { pbx, username, at, what } of (await comingsQuery(knex, { from, to: from + HOUR }, Number.MAX_SAFE_INTEGER)) as Row[]) {
    const accounts = comings.get(pbx) ?? new Map<string, number[]>();
    comings.set(pbx, accounts);
    const codes = accounts.get(username) ?? [];
    accounts.set(username, codes);
    codes.push(codeOf(Number(at) - from, what));
  }
  return [...comings].map(([pbx, accounts]) => [pbx, [...accounts].map(([username, codes]) => [username, matters(codes.sort((a, b) => a - b))] as const)] as const);
}

function matters(codes: readonly number[]): number[] {
  let here = false;
  return codes.filter((code) => {
    if (isGone(code)) {
      here = false;
      return true;
    }
    if (here) return false;
    // One who stayed was there, but did not come.
    here = isCame(code);
    return true;
  });
}

/**
 * Adds to the accounts of `comings` what happened to them in a range, from the summaries and, where there is none, from the rows,
 * and puts it in order. Answers from when on it is all: later than the range's beginning only where more rows would have to be read.
 */
export async function readComings(knex: Knex, comings: Comings, range: Span): Promise<Micros> {
  const summed = await summariesWithin(knex, 'comings', range);
  for (const { from, content } of summed) {
    for (const [pbx, accounts] of content as Content) {
      const wanted = comings.get(pbx);
      for (const [username, codes] of accounts) {
        const own = wanted?.get(username);
        if (own) for (const code of codes) own.push(codeOf(from, 0) + code);
      }
    }
  }
  const knownFrom = await readRows(knex, comings, without(range, summed.map(({ from }) => ({ from, to: from + HOUR }))), range.from);
  for (const accounts of comings.values()) for (const codes of accounts.values()) codes.sort((a, b) => a - b);
  return knownFrom;
}

async function readRows(knex: Knex, comings: Comings, spans: readonly Span[], allFrom: Micros): Promise<Micros> {
  let left = MOST_READ;
  for (const { from, to } of [...spans].reverse()) {
    for (let end = to; end > from; end = Math.max(from, end - AT_ONCE)) {
      const rows = (await comingsQuery(knex, { from: Math.max(from, end - AT_ONCE), to: end }, left + 1)) as Row[];
      for (const { pbx, username, at, what } of rows.slice(0, left)) comings.get(pbx)?.get(username)?.push(codeOf(Number(at), what));
      const beyond = rows[left];
      if (beyond) return Number(beyond.at) + 1;
      left -= rows.length;
    }
  }
  return allFrom;
}
