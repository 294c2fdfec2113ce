import type { Knex } from 'knex';
import { clip } from '../columns.js';
import { plainName } from '../plain-name.js';

const TABLE = 'caller_name';
const LONGEST = 64;
/** Whoever calls chooses the name. */
const MOST_WORDS = 12;
const BLOCK = 500;
/** Behind all texts that begin alike: the last character that there is. */
const LAST_CHARACTER = '\u{10ffff}';

/** What stands before the number in `"Anna Bianchi" <200>`, quotes and all, as the database works it out of a call. */
export function callerName(callerId: string): string {
  const number = callerId.indexOf('<');
  return number === -1 ? callerId : callerId.slice(0, number);
}

/** A name from each of its words on: `anna bianchi` and `bianchi`. None where it has no letter, as a number. */
export function beginningsOf(name: string): string[] {
  const plain = plainName(name);
  if (!/\p{L}/u.test(plain)) return [];
  const words = plain.split(' ').slice(0, MOST_WORDS);
  return [...new Set(words.map((_, index) => clip(words.slice(index).join(' '), LONGEST).trimEnd()))];
}

/** Has the names of these calls' caller ids found from now on. Within the transaction that writes the calls. */
export async function rememberNames(trx: Knex, callerIds: Iterable<string>): Promise<void> {
  const names = new Set<string>();
  for (const callerId of callerIds) {
    const name = callerName(callerId);
    if (/\p{L}/u.test(name)) names.add(name);
  }
  for (const some of blocks([...names].sort(), BLOCK)) {
    // Shared, so that who forgets names waits until the calls are there.
    const known = (await trx(TABLE).whereIn('name', some).forShare().select('name')) as readonly { readonly name: string }[];
    const there = new Set(known.map(({ name }) => name));
    await insertNames(trx, some.filter((name) => !there.has(name)));
  }
}

/** As `rememberNames`, of all calls that there are. */
export async function rememberAllNames(knex: Knex): Promise<void> {
  for (let after = ''; ; ) {
    const rows = (await knex('cdr').distinct('caller_name as name').where('caller_name', '>', after).orderBy('caller_name').limit(BLOCK)) as readonly { readonly name: string }[];
    const last = rows.at(-1);
    if (!last) return;
    await insertNames(knex, rows.map(({ name }) => name));
    after = last.name;
  }
}

async function insertNames(knex: Knex, names: readonly string[]): Promise<void> {
  const rows = names.flatMap((name) => beginningsOf(name).map((beginning) => ({ beginning, name })));
  for (const some of blocks(rows, BLOCK)) await knex(TABLE).insert(some).onConflict(['beginning', 'name']).merge(['name']);
}

/** Deletes names that no call has any more, those of up to `most` callers; answers how many callers they were. */
export async function forgetNames(trx: Knex, most: number): Promise<number> {
  const unused = (query: Knex.QueryBuilder): Knex.QueryBuilder => query.whereNotExists(trx('cdr').select(trx.raw('1')).whereRaw('cdr.caller_name = caller_name.name'));
  // Looked for without a lock, since most names are in use; whether they are still unused the deletion asks again.
  const found = (await unused(trx(TABLE).distinct('name')).limit(most)) as readonly { readonly name: string }[];
  for (const some of blocks(found.map(({ name }) => name), BLOCK)) await unused(trx(TABLE).whereIn('name', some)).delete();
  return found.length;
}

/** The names of callers, as the calls have them, that have a word that begins so, up to `most`; whichever case and accents. */
export async function callersNamed(knex: Knex, text: string, most: number): Promise<string[]> {
  const sought = clip(plainName(text), LONGEST).trimEnd();
  if (sought === '') return [];
  const rows = (await knex(TABLE).distinct('name').where('beginning', '>=', sought).where('beginning', '<', sought + LAST_CHARACTER).limit(most)) as readonly { readonly name: string }[];
  return rows.map(({ name }) => name);
}

function* blocks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
