import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import type { Micros } from '../../time.js';
import { clip, fromRow, type DatabaseRow } from '../columns.js';
import type { DeadLetter } from '../output.js';
import { deadLetters, type ListedDeadLetter } from './columns.js';

/** So many of one name are kept; a fault that hits every event must not fill the database. */
export const MOST_OF_A_NAME = 10_000;

/** Calls are kept, however many. */
const UNLIMITED = new Set(['Cdr', 'cdr']);

/** People need not know how many more there are. */
export const LETTERS_COUNTED = 1_000;

export type StoredDeadLetter = ListedDeadLetter & Pick<DeadLetter, 'stage' | 'content'>;

export interface WhichLetters {
  readonly ids?: readonly number[];
  readonly name?: string;
}

/** Keeps what could not become rows, each once; answers how many were left out since `MOST_OF_A_NAME` stand there already. */
export async function writeDeadLetters(trx: Knex, letters: readonly DeadLetter[]): Promise<number> {
  let left = 0;
  for (const name of new Set(letters.map((letter) => clip(letter.name, 64)))) {
    const own = letters.filter((letter) => clip(letter.name, 64) === name);
    const room = UNLIMITED.has(name) ? own.length : Math.max(0, MOST_OF_A_NAME - (await countUpTo(trx, name, MOST_OF_A_NAME)));
    const kept = own.slice(0, room);
    left += own.length - kept.length;
    await insertOnce(trx, deadLetters.table, kept.map(toRow));
  }
  return left;
}

/** How many there are, of one name or of all, as far as `most`. */
export async function countUpTo(knex: Knex, name: string | null, most: number): Promise<number> {
  const some = knex(deadLetters.table).select('id').limit(most);
  if (name !== null) void some.where({ name });
  const [counted] = await knex.from(some.as('some')).count<{ count: number | string }[]>({ count: '*' });
  return Number(counted?.count ?? 0);
}

/** With their content, oldest first, `most` at most, those after the one with the id `after`. */
export async function readDeadLetters(knex: Knex, which: WhichLetters, after = 0, most = 100): Promise<StoredDeadLetter[]> {
  const query = knex(deadLetters.table).where('id', '>', after).orderBy('id').limit(most);
  if (which.ids !== undefined) void query.whereIn('id', which.ids);
  if (which.name !== undefined) void query.where('name', which.name);
  const rows = await query.select<DatabaseRow[]>([...Object.values(deadLetters.columns).map(({ db }) => db), 'content']);
  return rows.map((row) => {
    const record = fromRow(deadLetters.columns, row);
    return { ...record, stage: record.stage === 'event' ? 'event' : 'row', content: String(row['content']) };
  });
}

/** It has become what it should be. */
export async function forgetDeadLetter(trx: Knex, id: number): Promise<void> {
  await trx(deadLetters.table).where({ id }).delete();
}

/** It was tried again, and failed for this reason. */
export async function keepFailedTry(knex: Knex, id: number, reason: string, now: Micros): Promise<void> {
  await knex(deadLetters.table)
    .where({ id })
    .update({ tries: knex.raw('tries + 1'), tried_at: now, reason: clip(reason, 255) });
}

const toRow = ({ key, at, pbx, stage, name, reason, content }: DeadLetter): Record<string, string | number> => ({
  event_key: key,
  // What is wrong with a row may be its time.
  at: Number.isSafeInteger(at) ? at : 0,
  pbx: clip(pbx, 64),
  stage,
  name: clip(name, 64),
  reason: clip(reason, 255),
  content,
  tries: 0,
  tried_at: 0,
});
