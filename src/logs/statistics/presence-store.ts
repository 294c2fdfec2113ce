import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { registeredAccounts } from '../registered-account/columns.js';
import { sipSessions } from '../sip-session/columns.js';
import { LEFT_ON_LINE, REGISTERED, UNREGISTERED } from '../sip-session/standing.js';
import { instantOf, isCame, isGone, readComings } from './comings.js';
import { onLineSpans, type Evidence } from './presence.js';
import type { Span } from './spans.js';
import { DAY, summaryAt } from './summaries.js';

const TABLE = sipSessions.table;
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
  const counts = await countAccounts(knex, pbxs, from);
  const changed = await changedAccounts(knex, pbxs, from);
  if (changed.length === 0) return { ...counts, spans: [], knownFrom: from };

  const standing = await standingBefore(knex, from);
  const begin = standing?.at ?? from;
  const comings = new Map<string, Map<string, number[]>>();
  const own = changed.map((account) => ({ account, codes: codesOf(comings, account) }));
  const readFrom = await readComings(knex, comings, { from: begin, to });
  const known = { from: Math.max(readFrom, from), to };
  const before =
    standing && readFrom === begin
      ? await standingAt(knex, pbxs, { ...standing, from: known.from, changed: own })
      : await onLineBefore(knex, pbxs, { from, at: known.from });
  const spans = own.flatMap(({ account, codes }) =>
    onLineSpans({ onLineBefore: before.has(keyOf(account)), ...evidenceOf(codes, known.from), onLineNow: account.online, since: account.since }, known),
  );
  return { ...counts, spans, knownFrom: known.from };
}

interface Account {
  readonly pbx: string;
  readonly username: string;
  readonly online: boolean;
  readonly since: Micros;
}

const keyOf = ({ pbx, username }: { readonly pbx: string; readonly username: string }): string => JSON.stringify([pbx, username]);

function codesOf(comings: Map<string, Map<string, number[]>>, { pbx, username }: Account): readonly number[] {
  const accounts = comings.get(pbx) ?? new Map<string, number[]>();
  comings.set(pbx, accounts);
  const codes: number[] = [];
  accounts.set(username, codes);
  return codes;
}

/** From what happened to an account, in order, what `onLineSpans` asks for. */
function evidenceOf(codes: readonly number[], from: Micros): Pick<Evidence, 'ends' | 'returns'> {
  const ends: Micros[] = [];
  const returns = new Map<Micros, Micros | null>();
  let next: Micros | null = null;
  for (let index = codes.length - 1; index >= 0; index -= 1) {
    const code = codes[index] ?? 0;
    const at = instantOf(code);
    if (at < from) break;
    if (isCame(code)) next = at;
    if (!isGone(code)) continue;
    returns.set(at, next);
    ends.push(at);
  }
  return { ends: ends.reverse(), returns: returns.set(from, next) };
}

/** A name that two channel drivers share is one account. */
const accountsOf = (knex: Knex, pbxs: readonly string[]): Knex.QueryBuilder =>
  knex(registeredAccounts.table).whereIn('pbx', [...pbxs]).groupBy('pbx', 'username').select('pbx', 'username').max({ online: 'online', since: 'since' });

async function countAccounts(knex: Knex, pbxs: readonly string[], from: Micros): Promise<Pick<Presence, 'known' | 'onLineNow' | 'always'>> {
  const sums = knex.raw('count(*) as known, sum(online) as now, sum(case when since > 0 and since < ? then online else 0 end) as always', [from]);
  const [row] = await knex.from(accountsOf(knex, pbxs).as('accounts')).select<Readonly<Record<'known' | 'now' | 'always', number | string | null>>[]>(sums);
  return { known: Number(row?.known ?? 0), onLineNow: Number(row?.now ?? 0), always: Number(row?.always ?? 0) };
}

/** Those of which the state is not as old as the range. */
async function changedAccounts(knex: Knex, pbxs: readonly string[], from: Micros): Promise<Account[]> {
  const rows = await knex
    .from(accountsOf(knex, pbxs).as('accounts'))
    .where((changed) => void changed.where('since', 0).orWhere('since', '>=', from))
    .select<{ pbx: string; username: string; online: number; since: number | string }[]>('*');
  return rows.map(({ pbx, username, online, since }) => ({ pbx, username, online: online === 1, since: Number(since) }));
}

/** Who was on line, for JSON: of the accounts up to an id those that their last row left so. */
interface Standing {
  readonly lastId: number;
  readonly onLine: readonly (readonly [pbx: string, usernames: readonly string[]])[];
}

/** Who was on line at an instant, as all rows before it say. */
export async function sumStanding(knex: Knex, at: Micros): Promise<Standing> {
  const pbxs = await knex(registeredAccounts.table).distinct<{ pbx: string }[]>('pbx');
  const onLine = new Map<string, string[]>(pbxs.map(({ pbx }) => [pbx, []]));
  let lastId = 0;
  for await (const rows of lastRows(knex, [...onLine.keys()], { from: 0, at, after: 0 })) {
    for (const { id, pbx, username, stays } of rows) {
      lastId = id;
      if (stays === 1) onLine.get(pbx)?.push(username);
    }
  }
  return { lastId, onLine: [...onLine] };
}

/** What is summed up of the midnight before an instant; null where nothing is. */
async function standingBefore(knex: Knex, from: Micros): Promise<{ readonly at: Micros; readonly standing: Standing } | null> {
  const at = from - (from % DAY);
  const standing = (await summaryAt(knex, 'standing', at)) as Standing | null;
  return standing && { at, standing };
}

interface Since {
  readonly at: Micros;
  readonly standing: Standing;
  readonly from: Micros;
  readonly changed: readonly { readonly account: Account; readonly codes: readonly number[] }[];
}

/** Which of the changed accounts were on line at `from`: as they stood at `at`, or as what happened since then left them. */
async function standingAt(knex: Knex, pbxs: readonly string[], { at, standing, from, changed }: Since): Promise<ReadonlySet<string>> {
  const found = new Set(standing.onLine.flatMap(([pbx, usernames]) => usernames.map((username) => keyOf({ pbx, username }))));
  // Accounts that were not there when it was summed up.
  for await (const rows of lastRows(knex, pbxs, { from, at, after: standing.lastId })) for (const row of rows) if (row.stays === 1) found.add(keyOf(row));
  for (const { account, codes } of changed) {
    const last = codes.findLast((code) => instantOf(code) < from);
    if (last === undefined) continue;
    if (isGone(last)) found.delete(keyOf(account));
    else found.add(keyOf(account));
  }
  return found;
}

/** Those of the accounts that changed since `from` which their last registration or unregistration before `at` left on line. */
async function onLineBefore(knex: Knex, pbxs: readonly string[], { from, at }: { readonly from: Micros; readonly at: Micros }): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const rows of lastRows(knex, pbxs, { from, at, after: 0 })) for (const row of rows) if (row.stays === 1) found.add(keyOf(row));
  return found;
}

interface LastRow {
  readonly id: number;
  readonly pbx: string;
  readonly username: string;
  readonly stays: number | null;
}

async function* lastRows(knex: Knex, pbxs: readonly string[], { from, at, after }: { readonly from: Micros; readonly at: Micros; readonly after: number }): AsyncGenerator<readonly LastRow[]> {
  for (let begin = after; ; ) {
    const rows = (await lastRowsQuery(knex, pbxs, { from, at, after: begin })) as LastRow[];
    yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < ACCOUNTS_A_QUERY) return;
    begin = last.id;
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
