import type { Knex } from 'knex';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { captureGaps } from '../capture-gap/columns.js';
import { LISTENING } from '../capture-gap/listening.js';
import { registeredAccounts } from '../registered-account/columns.js';
import { union, within, without, type Span } from './spans.js';

/** A login that stands is written a few seconds late; what is younger than this is no silence yet. */
const LATE: Micros = 60 * MICROS_PER_SECOND;
const MOST_ROWS = 10_000;

/** Which PBXs were heard in a range, and when not. */
export interface Hearing {
  /** The PBXs that are counted: those heard at some time in the range, or all where none was. */
  readonly pbxs: readonly string[];
  /** PBXs that have accounts and were not heard at all while others were. */
  readonly silent: readonly string[];
  /** When at least one of `pbxs` was not heard: before the first login, in gaps, and since the last login ended. */
  readonly unheard: readonly Span[];
}

/** What nobody heard in `[from, to)`, where `to` is now. A PBX of which no login was ever noted has only the gaps that were. */
export async function hearing(knex: Knex, range: Span): Promise<Hearing> {
  const logins = await loginsOf(knex, range);
  const gaps = (await knex(captureGaps.table)
    .select({ pbx: 'pbx', from: 'from_at', to: 'to_at' })
    .where('kind', 'GAP')
    .where('to_at', '>', range.from)
    .orderBy('to_at', 'desc')
    .limit(MOST_ROWS)) as Row[];
  const withAccounts = await knex(registeredAccounts.table).distinct<{ pbx: string }[]>('pbx');
  const names = [...new Set([...withAccounts.map(({ pbx }) => pbx), ...logins.keys()])];
  const states = names.map((pbx) => ({ pbx, ...stateOf(logins.get(pbx), spansOf(gaps.filter((gap) => gap.pbx === pbx)), range) }));
  const heard = states.filter((state) => state.heard);
  const counted = heard.length > 0 ? heard : states;
  return {
    pbxs: counted.map(({ pbx }) => pbx),
    silent: states.filter((state) => !counted.includes(state)).map(({ pbx }) => pbx),
    unheard: union(counted.flatMap(({ unheard }) => unheard)),
  };
}

/** When one PBX was not heard in `[from, to)`, where `to` is now. */
export async function unheardOf(knex: Knex, pbx: string, range: Span): Promise<Span[]> {
  const gaps = (await knex(captureGaps.table)
    .select({ pbx: 'pbx', from: 'from_at', to: 'to_at' })
    .where({ kind: 'GAP', pbx })
    .where('to_at', '>', range.from)
    .orderBy('to_at', 'desc')
    .limit(MOST_ROWS)) as Row[];
  const everHeard = await knex(LISTENING).where({ pbx }).limit(1).select<{ pbx: string }[]>('pbx');
  const logins = everHeard.length === 0 ? undefined : spansOf((await loginsQuery(knex, pbx, { from: range.from - LATE, to: range.to })) as Row[]);
  return [...stateOf(logins, spansOf(gaps), range).unheard];
}

/** When a PBX was heard last, whichever process listens to it. */
export interface HeardPbx {
  readonly pbx: string;
  readonly heardAt: Micros;
  /** It is heard now. */
  readonly now: boolean;
}

/** The PBXs that were heard at some time in `[from, to)`, where `to` is now, by name. */
export async function heardPbxs(knex: Knex, range: Span): Promise<HeardPbx[]> {
  const rows = await knex(LISTENING).where('until_at', '>=', range.from).groupBy('pbx').orderBy('pbx').select('pbx').max<{ pbx: string; heard: number | string }[]>({ heard: 'until_at' });
  return rows.map(({ pbx, heard }) => ({ pbx, heardAt: Number(heard), now: Number(heard) >= range.to - LATE }));
}

function stateOf(logins: readonly Span[] | undefined, gaps: readonly Span[], range: Span): { readonly heard: boolean; readonly unheard: readonly Span[] } {
  const known = within(gaps, range);
  const unheard = logins === undefined ? known : union([...known, ...silenceAround(logins, range)]);
  return { heard: without(range, unheard).length > 0, unheard };
}

/** What no login covers; the last one, told of a moment ago, still stands. */
export function silenceAround(logins: readonly Span[], range: Span): Span[] {
  return without(
    range,
    logins.map(({ from, to }) => ({ from, to: to >= range.to - LATE ? range.to : to })),
  );
}

/** The logins that touch the range, by PBX; none of a PBX whose logins are all older. */
async function loginsOf(knex: Knex, range: Span): Promise<ReadonlyMap<string, readonly Span[]>> {
  const names = await knex(LISTENING).distinct<{ pbx: string }[]>('pbx');
  const logins = new Map<string, readonly Span[]>();
  for (const { pbx } of names) {
    logins.set(pbx, spansOf((await loginsQuery(knex, pbx, range)) as Row[]));
  }
  return logins;
}

const loginsQuery = (knex: Knex, pbx: string, { from, to }: Span): Knex.QueryBuilder =>
  knex(LISTENING)
    .select({ pbx: 'pbx', from: 'from_at', to: 'until_at' })
    .where('pbx', pbx)
    .where('until_at', '>=', from)
    .where('from_at', '<', to)
    .orderBy('until_at', 'desc')
    .limit(MOST_ROWS);

interface Row {
  readonly pbx: string;
  readonly from: number | string;
  readonly to: number | string;
}

const spansOf = (rows: readonly Row[]): Span[] => rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) }));
