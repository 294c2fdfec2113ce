import { monthOf, rangeOf } from '../month.js';
import type { Micros } from '../time.js';
import type { Database } from './database.js';
import { makeMonths, monthsOf } from './partitions.js';
import { isContention, patiently } from './writing.js';

/**
 * For whoever writes old rows of a table, oldest first as a rule: a function that sees to it, before they are written, that
 * their months have partitions. Where that cannot be, as while a dump is made, they lie among others, and leave more slowly.
 */
export function monthsCover(database: Database, table: string): (times: readonly Micros[]) => Promise<void> {
  let covered: Micros | null = null;
  return async (times) => {
    covered ??= await firstInstant(database, table);
    const before = covered;
    const oldest = Math.min(...times.filter((at) => at >= before - TEN_YEARS));
    if (oldest >= before) return;
    const [from, to] = [monthOf(oldest), monthOf(before)];
    await patiently(database.patienceMs, () => makeMonths(database.knex, table, from, to)).catch((error: unknown) => {
      if (!isContention(error)) throw error;
    });
    covered = rangeOf(from).from;
  };
}

const TEN_YEARS: Micros = 10 * 365 * 86_400_000_000;

/** Of the first month that has a partition; before all times where none has. */
async function firstInstant({ knex }: Database, table: string): Promise<Micros> {
  const [first] = await monthsOf(knex, table);
  return first ? rangeOf(first.month).from : Number.MIN_SAFE_INTEGER;
}
