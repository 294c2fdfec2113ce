import type { Knex } from 'knex';
import { isSqlite } from '../../database/dialect.js';
import { SHARED_SETTINGS } from '../../database/shared-settings.js';
import { clip } from '../columns.js';
import { plainName } from '../plain-name.js';

const TABLE = 'caller_name';
const SETTING = 'setting';
/** Its value is another one when names were forgotten. */
const FORGOTTEN = { name: SHARED_SETTINGS.namesForgotten };
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

/** Names that a process has seen in the table, as long as none was forgotten: most calls are of somebody who called before. */
interface Seen {
  readonly forgotten: string;
  readonly names: Set<string>;
}

const MOST_SEEN = 50_000;
const seenBy = new WeakMap<object, Seen>();

/** Has the names of these calls' caller ids found from now on. Once in the transaction that writes the calls. */
export async function rememberNames(trx: Knex, callerIds: Iterable<string>): Promise<void> {
  const names = new Set<string>();
  for (const callerId of callerIds) {
    const name = callerName(callerId);
    if (/\p{L}/u.test(name)) names.add(name);
  }
  if (names.size === 0) return;
  const seen = await seenUntilNow(trx);
  for (const some of blocks([...names].filter((name) => !seen.has(name)).sort(), BLOCK)) {
    const there = await storedNames(trx, some);
    // Those that are written here may yet be rolled back.
    for (const name of there) seen.add(name);
    await insertNames(trx, some.filter((name) => !there.has(name)));
  }
}

/**
 * To be called before a transaction reads what makes it write calls: nobody forgets names until the calls are there, and on
 * MariaDB the names that it reads later are not those from before somebody did.
 */
export async function holdNames(trx: Knex): Promise<void> {
  if (!isSqlite(trx)) await trx(SETTING).where(FORGOTTEN).forShare().select('value');
}

async function seenUntilNow(trx: Knex): Promise<Set<string>> {
  // Shared, so that who forgets names waits until the calls are there.
  const [row]: readonly { readonly value: string }[] = await trx(SETTING).where(FORGOTTEN).forShare().select('value');
  const forgotten = row?.value ?? '0';
  const { config } = trx.client as { readonly config: object };
  const before = seenBy.get(config);
  if (before?.forgotten === forgotten && before.names.size <= MOST_SEEN) return before.names;
  const names = new Set<string>();
  seenBy.set(config, { forgotten, names });
  return names;
}

async function storedNames(trx: Knex, names: readonly string[]): Promise<Set<string>> {
  const rows: readonly { readonly name: string }[] = await trx(TABLE).distinct('name').whereIn('name', [...names]);
  return new Set(rows.map(({ name }) => name));
}

/** As `rememberNames`, of all calls that there are. */
export async function rememberAllNames(knex: Knex): Promise<void> {
  for (let after = ''; ; ) {
    const rows: readonly { readonly name: string }[] = await knex('cdr').distinct('caller_name as name').where('caller_name', '>', after).orderBy('caller_name').limit(BLOCK);
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
  const found: readonly { readonly name: string }[] = await trx(TABLE).distinct('name').where((any) => void unused(any)).limit(most);
  if (found.length === 0) return 0;
  // From here on nobody trusts what he has seen, and nobody writes calls; whether the names are unused still the deletion asks again.
  const [row]: readonly { readonly value: string }[] = await trx(SETTING).where(FORGOTTEN).forUpdate().select('value');
  await trx(SETTING).where(FORGOTTEN).update({ value: String(Number(row?.value ?? 0) + 1) });
  for (const some of blocks(found.map(({ name }) => name), BLOCK)) await unused(trx(TABLE).whereIn('name', some)).delete();
  return found.length;
}

/** The names of callers, as the calls have them, that have a word that begins so, up to `most`; whichever case and accents. */
export async function callersNamed(knex: Knex, text: string, most: number): Promise<string[]> {
  const sought = clip(plainName(text), LONGEST).trimEnd();
  if (sought === '') return [];
  const rows: readonly { readonly name: string }[] = await knex(TABLE).distinct('name').where('beginning', '>=', sought).where('beginning', '<', sought + LAST_CHARACTER).limit(most);
  return rows.map(({ name }) => name);
}

function* blocks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
