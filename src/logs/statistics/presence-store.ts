import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { registeredAccounts } from '../registered-account/columns.js';
import { sipSessions } from '../sip-session/columns.js';
import { LEFT_ON_LINE, OF_TRUNK, REGISTERED, STAYS, UNREGISTERED } from '../sip-session/standing.js';
import { onLineSpans } from './presence.js';
import type { Span } from './spans.js';

const TABLE = sipSessions.table;
/** Ends of registrations that are looked at; beyond them the older part of the range is not known. */
export const MOST_ENDS = 20_000;
/** Registrations of a range that are read at once to find returns among them; where there are more, each return is looked up. */
const MOST_REGISTERED = 20_000;
const SEEKS_A_QUERY = 100;
const ACCOUNTS_A_QUERY = 500;

/** Who was on line in a range, all accounts of some PBXs together. */
export interface Presence {
  /** Accounts that were ever seen on line. */
  readonly known: number;
  readonly onLineNow: number;
  /** Accounts on line throughout the range. */
  readonly always: number;
  /** When each of the others was. */
  readonly spans: readonly Span[];
  /** From here on it is known; later than the range's beginning only where more changed than is read. */
  readonly knownFrom: Micros;
}

/**
 * Which accounts were on line in `[from, to)`, where `to` is now. No history of states is kept, so it is put together:
 * an account whose state is older than the range was as it is now throughout; for one that changed, rows tell. Each
 * UNREGISTER that left no contact is an end, the first REGISTER after it the return, and the last row before the range
 * says how it began.
 *
 * So exact as the log is: to the millisecond where the PBX was heard and told of each change. An account that came back within two
 * seconds may not show as gone. What changed while nobody listened shows at the next listing: that time is to be drawn
 * as unknown. A name that two channel drivers share counts as one account, on line while either has a contact.
 */
export async function presence(knex: Knex, pbxs: readonly string[], { from, to }: Span): Promise<Presence> {
  const accounts = await roster(knex, pbxs);
  const constant = accounts.filter(({ since }) => since !== 0 && since < from);
  const changed = accounts.filter(({ since }) => since === 0 || since >= from);
  const counts = { known: accounts.length, onLineNow: accounts.filter(({ online }) => online).length, always: constant.filter(({ online }) => online).length };
  if (changed.length === 0) return { ...counts, spans: [], knownFrom: from };

  const { ends, knownFrom } = await endsOf(knex, changed, { from, to });
  const before = await onLineBefore(knex, pbxs, { from, at: knownFrom });
  const wanted = changed.flatMap((account) => [...(before.has(keyOf(account)) ? [] : [knownFrom]), ...(ends.get(keyOf(account)) ?? [])].map((at) => ({ account, at })));
  const returns = await firstReturns(knex, wanted, { from: knownFrom, to });
  const spans = changed.flatMap((account) =>
    onLineSpans(
      { onLineBefore: before.has(keyOf(account)), ends: ends.get(keyOf(account)) ?? [], returns: returns.get(keyOf(account)) ?? new Map(), onLineNow: account.online, since: account.since },
      { from: knownFrom, to },
    ),
  );
  return { ...counts, spans, knownFrom };
}

interface Account {
  readonly pbx: string;
  readonly username: string;
  readonly online: boolean;
  readonly since: Micros;
}

const keyOf = ({ pbx, username }: { readonly pbx: string; readonly username: string }): string => JSON.stringify([pbx, username]);

async function roster(knex: Knex, pbxs: readonly string[]): Promise<Account[]> {
  const rows = await knex<{ pbx: string; username: string; online: number; since: number | string }>(registeredAccounts.table)
    .whereIn('pbx', [...pbxs])
    .select('pbx', 'username', 'online', 'since');
  const accounts = new Map<string, Account>();
  for (const { pbx, username, online, since } of rows) {
    const other = accounts.get(keyOf({ pbx, username }));
    accounts.set(keyOf({ pbx, username }), { pbx, username, online: online === 1 || (other?.online ?? false), since: Math.max(Number(since), other?.since ?? 0) });
  }
  return [...accounts.values()];
}

/** When registrations ended in the range and left nobody, by account and in order. */
async function endsOf(knex: Knex, accounts: readonly Account[], { from, to }: Span): Promise<{ readonly ends: ReadonlyMap<string, readonly Micros[]>; readonly knownFrom: Micros }> {
  const rows = (await endsQuery(knex, { from, to })) as { pbx: string; username: string; at: number | string }[];
  const ends = new Map<string, Micros[]>(accounts.map((account) => [keyOf(account), []]));
  for (const { at, ...account } of rows.slice(0, MOST_ENDS).reverse()) ends.get(keyOf(account))?.push(Number(at));
  const beyond = rows[MOST_ENDS];
  return { ends, knownFrom: beyond ? Number(beyond.at) + 1 : from };
}

export const endsQuery = (knex: Knex, { from, to }: Span): Knex.QueryBuilder =>
  knex(TABLE)
    .select({ pbx: 'pbx', username: 'peername', at: 'at' })
    .where('event', 'UNREGISTER')
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereRaw(`not ${STAYS} and not ${OF_TRUNK}`)
    .orderBy([{ column: 'at', order: 'desc' }, { column: 'id', order: 'desc' }])
    .limit(MOST_ENDS + 1);

/** Those of the accounts that changed since `from` which their last registration or unregistration before `at` left on line. */
async function onLineBefore(knex: Knex, pbxs: readonly string[], { from, at }: { readonly from: Micros; readonly at: Micros }): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let after = 0; ; ) {
    const rows = (await lastRowsQuery(knex, pbxs, { from, at, after })) as { id: number; pbx: string; username: string; stays: number | null }[];
    for (const row of rows) if (row.stays === 1) found.add(keyOf(row));
    const last = rows.at(-1);
    if (!last || rows.length < ACCOUNTS_A_QUERY) return found;
    after = last.id;
  }
}

/** What an account's last registration or unregistration before `at` left: 1 on line, 0 not. */
const lastRow = (knex: Knex, at: Micros): Knex.QueryBuilder =>
  knex(TABLE)
    .select(knex.raw(`case when ${LEFT_ON_LINE} then 1 else 0 end as stays`))
    .where('at', '<', at)
    .whereRaw(`(${REGISTERED} or ${UNREGISTERED})`)
    .orderBy([{ column: 'at', order: 'desc' }, { column: `${TABLE}.id`, order: 'desc' }])
    .limit(1);

export const lastRowQuery = (knex: Knex, { pbx, username }: Pick<Account, 'pbx' | 'username'>, at: Micros): Knex.QueryBuilder => lastRow(knex, at).where({ peername: username, pbx });

/** The SQL of some accounts' last rows; apart, so that tests can ask the database to explain it. One query of few words: to plan a hundred look-ups costs more than to make them. */
export function lastRowsQuery(knex: Knex, pbxs: readonly string[], { from, at, after }: { readonly from: Micros; readonly at: Micros; readonly after: number }): Knex.QueryBuilder {
  const accounts = registeredAccounts.table;
  const last = lastRow(knex, at)
    .where(`${TABLE}.peername`, knex.ref(`${accounts}.username`))
    .where(`${TABLE}.pbx`, knex.ref(`${accounts}.pbx`));
  return knex(accounts)
    .select('id', 'pbx', 'username', last.as('stays'))
    .whereIn('pbx', [...pbxs])
    .where((changed) => void changed.where('since', 0).orWhere('since', '>=', from))
    .where('id', '>', after)
    .orderBy('id')
    .limit(ACCOUNTS_A_QUERY);
}

/** The first REGISTER of an account from an instant on, before `to`, by account and instant. */
async function firstReturns(knex: Knex, wanted: readonly { readonly account: Account; readonly at: Micros }[], { from, to }: Span): Promise<ReadonlyMap<string, ReadonlyMap<Micros, Micros | null>>> {
  if (wanted.length === 0) return new Map();
  const rows = (await registeredQuery(knex, { from, to })) as { pbx: string; username: string; at: number | string }[];
  const found = rows.length > MOST_REGISTERED ? await together(knex, wanted.map(({ account, at }) => firstReturnQuery(knex, account, { from: at, to }))) : firstOf(rows, wanted);
  const returns = new Map<string, Map<Micros, Micros | null>>();
  for (const [index, { account, at }] of wanted.entries()) {
    const own = returns.get(keyOf(account)) ?? new Map<Micros, Micros | null>();
    returns.set(keyOf(account), own.set(at, found[index] ?? null));
  }
  return returns;
}

/** All registrations of a range, in order; one more than are looked through. */
export const registeredQuery = (knex: Knex, { from, to }: Span): Knex.QueryBuilder =>
  knex(TABLE)
    .select({ pbx: 'pbx', username: 'peername', at: 'at' })
    .where('event', 'REGISTER')
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereRaw(REGISTERED)
    .orderBy([{ column: 'at' }, { column: 'id' }])
    .limit(MOST_REGISTERED + 1);

function firstOf(rows: readonly { readonly pbx: string; readonly username: string; readonly at: number | string }[], wanted: readonly { readonly account: Account; readonly at: Micros }[]): (Micros | null)[] {
  const registered = new Map<string, Micros[]>();
  for (const { at, ...account } of rows) {
    const own = registered.get(keyOf(account)) ?? [];
    registered.set(keyOf(account), own);
    own.push(Number(at));
  }
  return wanted.map(({ account, at }) => registered.get(keyOf(account))?.find((registeredAt) => registeredAt >= at) ?? null);
}

export const firstReturnQuery = (knex: Knex, { pbx, username }: Pick<Account, 'pbx' | 'username'>, { from, to }: Span): Knex.QueryBuilder =>
  knex(TABLE)
    .select('at')
    .where({ peername: username, pbx })
    .where('at', '>=', from)
    .where('at', '<', to)
    .whereRaw(REGISTERED)
    .orderBy([{ column: 'at' }, { column: 'id' }])
    .limit(1);

/** Many look-ups of one value each, as columns of few rows, since each query alone would cost a way to the database; null where there is none. */
export async function together(knex: Knex, seeks: readonly Knex.QueryBuilder[]): Promise<(number | null)[]> {
  const values: (number | null)[] = [];
  for (let start = 0; start < seeks.length; start += SEEKS_A_QUERY) {
    const part = seeks.slice(start, start + SEEKS_A_QUERY);
    const [row] = await knex.select<Readonly<Record<string, number | string | null>>[]>(part.map((seek, index) => seek.as(`seek${index}`)));
    for (const index of part.keys()) {
      const value = row?.[`seek${index}`] ?? null;
      values.push(value === null ? null : Number(value));
    }
  }
  return values;
}
