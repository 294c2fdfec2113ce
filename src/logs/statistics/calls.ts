import type { Knex } from 'knex';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { cdrs, DISPOSITIONS, type Disposition } from '../cdr/columns.js';
import { without, type Span } from './spans.js';
import { HOUR, summariesWithin } from './summaries.js';

/** Every offset from UTC and every change of one is a whole number of these, so hours of any zone are made of them. */
export const QUARTER: Micros = 900 * MICROS_PER_SECOND;
/** SQLite answers on the thread that reads AMI: what one query reads must stay small. */
const AT_ONCE: Micros = 96 * QUARTER;

/** The calls of one disposition that began in the quarter of an hour from `at` on (UTC). */
export interface QuarterCalls {
  readonly at: Micros;
  readonly disposition: Disposition;
  readonly calls: number;
  /** Seconds, of all of them together. */
  readonly billsec: number;
}

/** Counts the rows of the call log that began in `[from, to)`: exact, from the summaries of its hours and, where there is none, from an index as far as that reaches. */
export async function callsByQuarter(knex: Knex, range: Span): Promise<QuarterCalls[]> {
  const summed = await summariesWithin(knex, 'calls', range);
  const counted = summed.flatMap(({ from, content }) =>
    (content as Content).map(([quarter, disposition, calls, billsec]): QuarterCalls => ({ at: from + quarter * QUARTER, disposition: isDisposition(disposition) ? disposition : 'UNKNOWN', calls, billsec })),
  );
  for (const { from, to } of without(range, summed.map((hour) => ({ from: hour.from, to: hour.from + HOUR })))) {
    for (let begin = from; begin < to; ) {
      const end = Math.min(begin - (begin % QUARTER) + AT_ONCE, to);
      counted.push(...(await countCalls(knex, { from: begin, to: end })));
      begin = end;
    }
  }
  return counted;
}

/** The calls of an hour for JSON: which quarter of it, the disposition, how many, and their `billsec` together. */
type Content = readonly (readonly [quarter: number, disposition: string, calls: number, billsec: number])[];

export async function sumCalls(knex: Knex, from: Micros): Promise<Content> {
  const counted = await countCalls(knex, { from, to: from + HOUR });
  return counted.map(({ at, disposition, calls, billsec }) => [(at - from) / QUARTER, disposition, calls, billsec] as const);
}

async function countCalls(knex: Knex, span: Span): Promise<QuarterCalls[]> {
  const rows = (await callsQuery(knex, span)) as { quarter: number | string; disposition: string; calls: number | string; billsec: number | string }[];
  return rows.map(({ quarter, disposition, calls, billsec }) => ({ at: Number(quarter), disposition: isDisposition(disposition) ? disposition : 'UNKNOWN', calls: Number(calls), billsec: Number(billsec) }));
}

/** The SQL of one part; apart, so that tests can ask the database to explain it. */
export function callsQuery(knex: Knex, { from, to }: Span): Knex.QueryBuilder {
  const { callDate, disposition, billsec } = cdrs.columns;
  // Whole numbers on both databases, where a division would not be.
  return knex(cdrs.table)
    .select(knex.raw('?? - ?? % ? as quarter', [callDate.db, callDate.db, QUARTER]), disposition.db)
    .count({ calls: '*' })
    .sum({ billsec: billsec.db })
    .where(callDate.db, '>=', from)
    .where(callDate.db, '<', to)
    .groupBy('quarter', disposition.db);
}

const isDisposition = (word: string): word is Disposition => (DISPOSITIONS as readonly string[]).includes(word);

/** Calls counted together; each row of the call log counts, so a call of several legs counts with each. */
export interface Tally {
  readonly total: number;
  readonly byDisposition: Readonly<Record<Disposition, number>>;
  /** Seconds, of the answered ones. */
  readonly billsec: number;
}

export const NO_CALLS: Tally = { total: 0, byDisposition: { ANSWERED: 0, NO_ANSWER: 0, BUSY: 0, FAILED: 0, UNKNOWN: 0 }, billsec: 0 };

/** Adds up what fits each span; the spans are in order and do not overlap. */
export function tallies(spans: readonly Span[], quarters: readonly QuarterCalls[]): Tally[] {
  const sums = spans.map(() => ({ ...NO_CALLS, byDisposition: { ...NO_CALLS.byDisposition } }));
  let index = 0;
  for (const { at, disposition, calls, billsec } of [...quarters].sort((a, b) => a.at - b.at)) {
    while (index < spans.length && (spans[index]?.to ?? 0) <= at) index += 1;
    const sum = sums[index];
    if (!sum || at + QUARTER <= (spans[index]?.from ?? 0)) continue;
    sum.total += calls;
    sum.byDisposition[disposition] += calls;
    if (disposition === 'ANSWERED') sum.billsec += billsec;
  }
  return sums;
}

/** Answer-seizure ratio, 0 to 1: answered calls of all that were tried. Null where none was. */
export const answerSeizureRatio = ({ total, byDisposition }: Tally): number | null => (total === 0 ? null : byDisposition.ANSWERED / total);

/** Average duration in seconds: the mean `billsec` of answered calls. Null where none was answered. */
export const averageDuration = ({ billsec, byDisposition }: Tally): number | null => (byDisposition.ANSWERED === 0 ? null : billsec / byDisposition.ANSWERED);
