import type { Knex } from 'knex';
import { addColumn, addIndex, dropIndex } from './anew.js';

/** No number is longer. */
const LONGEST = 16;
const NUMBERS = ['src', 'dst'];

/**
 * Numbers from their last digit on, so that a search by last digits is a range of an index. Worked out by the database
 * from what is stored: rows that are there need no update, only the indexes are built (docs/performance.md says how long).
 */
export async function up(knex: Knex): Promise<void> {
  for (const column of NUMBERS) await addColumn(knex, 'cdr', `${column}_reversed`, `varchar(${LONGEST}) generated always as (${reversed(knex, column)}) virtual`);
  for (const column of NUMBERS) await addIndex(knex, 'cdr', `cdr_${column}_reversed`, [`${column}_reversed`, 'call_date', 'id']);
}

export async function down(knex: Knex): Promise<void> {
  for (const column of NUMBERS) {
    await dropIndex(knex, 'cdr', `cdr_${column}_reversed`);
    await knex.raw(`alter table cdr drop column ${column}_reversed`);
  }
}

// SQLite has no reverse(); substr() before the beginning of a text is ''.
function reversed(knex: Knex, column: string): string {
  if ((knex.client as { dialect: string }).dialect === 'mysql') return `reverse(right(${column}, ${LONGEST}))`;
  return Array.from({ length: LONGEST }, (_, i) => `substr(${column}, -${i + 1}, 1)`).join(' || ');
}
