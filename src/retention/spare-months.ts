import type { Database } from '../database/database.js';
import { mergeMonths, monthsOf, type MonthPartition } from '../database/partitions.js';
import { isContention, patiently } from '../database/writing.js';
import type { Month } from '../month.js';
import type { AgingLog } from './aging-log.js';

/**
 * Gives the first months of a log back to the partition before them, up to one that has rows or is not before `before`:
 * every list looks into each partition. What is in the way now can be gone at the next run.
 */
export async function giveBackMonths(database: Database, { table }: AgingLog, before: Month): Promise<void> {
  const { knex } = database;
  const spare: MonthPartition[] = [];
  for (const partition of await monthsOf(knex, table)) {
    if (partition.month >= before) break;
    const [rows] = (await knex.raw(`select 1 from ${table} partition (${partition.name}) limit 1`)) as [unknown[]];
    if (rows.length > 0) break;
    spare.push(partition);
  }
  if (spare.length === 0) return;
  await patiently(database.patienceMs, () => mergeMonths(knex, table, spare)).catch((error: unknown) => {
    if (!isContention(error)) throw error;
  });
}
