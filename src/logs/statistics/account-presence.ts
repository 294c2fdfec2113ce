import type { Knex } from 'knex';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { sipSessions } from '../sip-session/columns.js';
import { STAYS, UNREGISTERED } from '../sip-session/standing.js';
import { firstReturnQuery, lastRowQuery, together } from './presence-store.js';
import { onLineSpans } from './presence.js';
import { lengthOf, union, within, without, type Span } from './spans.js';

/** Ends of registrations of one account that are looked at; beyond them the older part of the range is not known. */
const MOST_ENDS = 2_000;

/** Whoever is back so soon has hardly been away on purpose. */
export const FLAP: Micros = 300 * MICROS_PER_SECOND;

/** One account, and its state now; null where no state of it is kept. */
export interface PresentAccount {
  readonly pbx: string;
  readonly username: string;
  readonly state: { readonly online: boolean; readonly since: Micros | null } | null;
}

/** A registration that was lost, so that the account was off line. */
export interface Loss {
  readonly at: Micros;
  /** When it was on line again; null while it is not. */
  readonly back: Micros | null;
  /** Why, in the log's words; '' where no row tells. */
  readonly details: string;
  /** Whether the PBX was heard all the time until it was back: otherwise nothing is sure. */
  readonly heard: boolean;
}

/** When one account was on line in a range. */
export interface AccountPresence {
  readonly onLine: readonly Span[];
  /** Of this nothing is known: nobody listened, or more happened than is read. */
  readonly unknown: readonly Span[];
  /** In order. */
  readonly losses: readonly Loss[];
}

/** When an account was on line in `[from, to)`, where `to` is now, as `presence` tells it of all; `unheard` is when its PBX was not heard. */
export async function accountPresence(knex: Knex, account: PresentAccount, range: Span, unheard: readonly Span[]): Promise<AccountPresence> {
  const { state } = account;
  if (state?.since != null && state.since < range.from) return told(state.online ? [range] : [], range, unheard, new Map());
  const rows = (await accountEndsQuery(knex, account, range)) as { at: number | string; details: string }[];
  const beyond = rows[MOST_ENDS];
  const known = { from: beyond ? Number(beyond.at) + 1 : range.from, to: range.to };
  const ends = rows.slice(0, MOST_ENDS).reverse().map(({ at, details }) => ({ at: Number(at), details }));
  const [stayed] = await together(knex, [lastRowQuery(knex, account, known.from)]);
  const asked = [known.from, ...ends.map(({ at }) => at)];
  const found = await together(knex, asked.map((at) => firstReturnQuery(knex, account, { from: at, to: range.to })));
  const returns = new Map(asked.map((at, index) => [at, found[index] ?? null]));
  const onLine = onLineSpans({ onLineBefore: stayed === 1, ends: ends.map(({ at }) => at), returns, onLineNow: state?.online ?? false, since: state?.since ?? 0 }, known);
  return told(onLine, range, [...unheard, { from: range.from, to: known.from }, ...afterwards(state, asked, returns, range)], new Map(ends.map(({ at, details }) => [at, details])));
}

/** Without a state nothing says how long the last registration held. */
function afterwards(state: PresentAccount['state'], asked: readonly Micros[], returns: ReadonlyMap<Micros, Micros | null>, { to }: Span): Span[] {
  const last = returns.get(asked.at(-1) ?? 0) ?? null;
  return state !== null || last === null ? [] : [{ from: last, to }];
}

/** The SQL; apart, so that tests can ask the database to explain it. */
export const accountEndsQuery = (knex: Knex, { pbx, username }: PresentAccount, { from, to }: Span): Knex.QueryBuilder =>
  knex(sipSessions.table)
    .select('at', 'details')
    .where({ peername: username, pbx })
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereRaw(`${UNREGISTERED} and not ${STAYS}`)
    .orderBy([{ column: 'at', order: 'desc' }, { column: 'id', order: 'desc' }])
    .limit(MOST_ENDS + 1);

function told(onLine: readonly Span[], range: Span, unknown: readonly Span[], reasons: ReadonlyMap<Micros, string>): AccountPresence {
  const blank = union(within(unknown, range));
  const losses = without(range, onLine)
    .filter(({ from }) => from > range.from)
    .map(({ from, to }): Loss => ({ at: from, back: to < range.to ? to : null, details: reasons.get(from) ?? '', heard: !blank.some((span) => span.from <= to && span.to >= from) }));
  return { onLine, unknown: blank, losses };
}

/** What a presence comes to in a part of its range. */
export interface PresenceFigures {
  /** Registrations lost. */
  readonly lost: number;
  /** Of these the ones that were back within `FLAP`, in a time in which the PBX was heard throughout. */
  readonly flaps: number;
  /** Of what is known of the range the part, from 0 to 1, in which the account was on line; null where nothing is. */
  readonly onLine: number | null;
}

export function presenceFigures({ onLine, unknown, losses }: AccountPresence, part: Span): PresenceFigures {
  const lost = losses.filter(({ at }) => at >= part.from && at < part.to);
  const known = without(part, unknown);
  const length = lengthOf(known);
  const there = known.reduce((sum, span) => sum + lengthOf(within(onLine, span)), 0);
  return { lost: lost.length, flaps: lost.filter(({ at, back, heard }) => heard && back !== null && back - at <= FLAP).length, onLine: length === 0 ? null : there / length };
}
