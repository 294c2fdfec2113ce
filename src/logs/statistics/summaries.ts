import type { Knex } from 'knex';
import { SHARED_SETTINGS } from '../../database/shared-settings.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { cdrs } from '../cdr/columns.js';
import { sipSessions } from '../sip-session/columns.js';
import type { Span } from './spans.js';

const TABLE = 'summary';
const SETTING = 'setting';
/** No summary speaks of what was later than this. */
const UNTIL = SHARED_SETTINGS.summarisedUntil;

export const HOUR: Micros = 3_600 * MICROS_PER_SECOND;
export const DAY: Micros = 24 * HOUR;

/** Of an hour: its calls, and which accounts came and went. Of an instant: who was on line, as all rows before it say. */
export type SummaryKind = 'calls' | 'comings' | 'standing';

/** What is made of the rows of a table: of an hour's own, and of all that came before. */
const MADE_OF: Readonly<Record<string, { readonly hour: SummaryKind; readonly before: SummaryKind | null }>> = {
  [cdrs.table]: { hour: 'calls', before: null },
  [sipSessions.table]: { hour: 'comings', before: 'standing' },
};

const hourOf = (at: Micros): Micros => at - (at % HOUR);

/**
 * To be called in the transaction that adds or deletes rows of a table, with the instants by which it lists them: what
 * was summed up of their hours is no longer true and goes. One look at a number while all of them are younger than any summary.
 */
export async function rowsChanged(trx: Knex, table: string, instants: readonly Micros[]): Promise<void> {
  const made = MADE_OF[table];
  if (!made || instants.length === 0) return;
  const until = await summarisedUntil(trx);
  const old = instants.filter((at) => at < until);
  if (old.length === 0) return;
  const hours = [...new Set(old.map(hourOf))];
  for (let start = 0; start < hours.length; start += 500) await trx(TABLE).where('kind', made.hour).whereIn('from_at', hours.slice(start, start + 500)).delete();
  if (made.before !== null) await trx(TABLE).where('kind', made.before).where('from_at', '>', old.reduce((a, b) => Math.min(a, b))).delete();
}

/** The same of whatever rows of `[from, to)`. */
export async function rangeChanged(trx: Knex, table: string, { from, to }: Span): Promise<void> {
  const made = MADE_OF[table];
  if (!made || from >= (await summarisedUntil(trx))) return;
  await trx(TABLE).where('kind', made.hour).where('from_at', '>=', hourOf(from)).where('from_at', '<', to).delete();
  if (made.before !== null) await trx(TABLE).where('kind', made.before).where('from_at', '>', from).delete();
}

/** Until the transaction ends nobody sums up; others may write meanwhile. */
async function summarisedUntil(trx: Knex): Promise<Micros> {
  const row = await trx<{ name: string; value: string }>(SETTING).where('name', UNTIL).forShare().first('value');
  return Number(row?.value ?? 0);
}

/** A summary that is to be made. */
export interface Missing {
  readonly kind: SummaryKind;
  readonly from: Micros;
}

/**
 * Keeps summaries of what is there now, as JSON of what `sum` reads. Must be all that a transaction does: on MariaDB it waits for those that
 * write rows, and they for it, so that `sum` meets all rows of whoever did not see these summaries.
 */
export async function summarise(trx: Knex, missing: readonly Missing[], until: Micros, sum: (trx: Knex, one: Missing) => Promise<unknown>): Promise<void> {
  const row = await trx<{ name: string; value: string }>(SETTING).where('name', UNTIL).forUpdate().first('value');
  if (Number(row?.value ?? 0) < until) await trx(SETTING).insert({ name: UNTIL, value: String(until) }).onConflict('name').merge(['value']);
  for (const { kind, from } of missing) {
    const content = JSON.stringify(await sum(trx, { kind, from }));
    await trx(TABLE).insert({ kind, from_at: from, content }).onConflict(['kind', 'from_at']).merge(['content']);
  }
}

/** Those of the summaries that are not there. */
export async function missingOf(knex: Knex, wanted: readonly Missing[]): Promise<Missing[]> {
  const nameOf = ({ kind, from }: Missing): string => `${kind} ${from}`;
  const rows = await knex(TABLE).select<{ kind: SummaryKind; from: number | string }[]>({ kind: 'kind', from: 'from_at' });
  const there = new Set(rows.map(({ kind, from }) => nameOf({ kind, from: Number(from) })));
  return wanted.filter((one) => !there.has(nameOf(one)));
}

export const forgetSummaries = (trx: Knex, before: Micros): Promise<number> => trx(TABLE).where('from_at', '<', before).delete();

/** The summaries of hours that lie in the range as a whole, in order; contents are as `sum` answered. */
export async function summariesWithin(knex: Knex, kind: SummaryKind, { from, to }: Span): Promise<readonly { readonly from: Micros; readonly content: unknown }[]> {
  const rows = await knex(TABLE)
    .where('kind', kind)
    .where('from_at', '>=', from)
    .where('from_at', '<=', to - HOUR)
    .orderBy('from_at')
    .select<{ from_at: number | string; content: string }[]>('from_at', 'content');
  return rows.map((row) => ({ from: Number(row.from_at), content: JSON.parse(row.content) as unknown }));
}

/** The summary of an instant; null where there is none. */
export async function summaryAt(knex: Knex, kind: SummaryKind, at: Micros): Promise<unknown> {
  const row = await knex<{ kind: string; from_at: number; content: string }>(TABLE).where({ kind, from_at: at }).first('content');
  return row ? (JSON.parse(row.content) as unknown) : null;
}
