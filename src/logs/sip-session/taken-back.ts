import type { Knex } from 'knex';

/** The ids of rows that stood in the session log and are there no more, in the order in which they left. */
export const TAKEN_BACK = 'session_taken_back';

/** Whoever follows the log asks within seconds, and looks at all of it again after a long absence. */
const KEPT = 10_000;

/** Says that rows left the log, in the transaction in which they do. */
export async function sayTakenBack(trx: Knex, rowIds: readonly number[]): Promise<void> {
  if (rowIds.length === 0) return;
  for (const id of rowIds) await trx(TAKEN_BACK).insert({ row_id: id });
  const last = await trx<{ id: number }>(TAKEN_BACK).orderBy('id', 'desc').first('id');
  await trx(TAKEN_BACK).where('id', '<=', (last?.id ?? 0) - KEPT).delete();
}

/** The ids of the rows that left; `ids` are those of the table. */
export async function rowsTakenBack(knex: Knex, ids: readonly number[]): Promise<number[]> {
  const rows = (await knex(TAKEN_BACK).select('row_id').whereIn('id', ids).orderBy('id')) as readonly { readonly row_id: number | string }[];
  return rows.map(({ row_id: id }) => Number(id));
}
