import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { captureGaps } from './capture-gap/columns.js';
import { calls } from './cdr/call-columns.js';
import { cdrs } from './cdr/columns.js';
import type { LogDefinition } from './columns.js';
import { deadLetters } from './dead-letter/columns.js';
import { registeredAccounts } from './registered-account/columns.js';
import { sipSessions } from './sip-session/columns.js';
import { webSessions } from './web-session/columns.js';

/** Rows are bound to accounts, and blanks in them filled, soon after they were written if at all. */
const RECENT_ROWS = 500;

type Mark = (knex: Knex, upTo: number) => Promise<readonly unknown[]>;

const gaps: Mark = (knex) => knex(captureGaps.table).count('id as count').max({ id: 'id', at: 'recovered_at' }).sum({ lasted: knex.raw('to_at - from_at') });
const bindings: Mark = (knex, upTo) =>
  knex(sipSessions.table).select('id', 'binding', 'peername', 'account', 'user_agent', 'candidates').where('id', '<=', upTo).orderBy('id', 'desc').limit(RECENT_ROWS);
const accounts: Mark = (knex) => knex(registeredAccounts.table).count('id as count').sum({ online: 'online' }).max({ at: 'updated_at' });
const letters: Mark = (knex, upTo) => knex(deadLetters.table).where('id', '<=', upTo).count('id as count').max({ at: 'tried_at' });

const MARKS: ReadonlyMap<LogDefinition, readonly Mark[]> = new Map<LogDefinition, readonly Mark[]>([
  [sipSessions, [bindings, gaps]],
  [registeredAccounts, [accounts]],
  [webSessions, [gaps]],
  [cdrs, [gaps]],
  [calls, [gaps]],
  [captureGaps, [gaps]],
  [deadLetters, [letters]],
]);

/**
 * A short text that becomes another one when something else than a new row changes what a log's list shows: its rows with ids up
 * to `upTo`, or the gaps drawn between them. It says that one should look again, not what for.
 */
export async function changeMark(knex: Knex, log: LogDefinition, upTo: number): Promise<string> {
  const hash = createHash('sha256');
  for (const mark of MARKS.get(log) ?? []) hash.update(JSON.stringify(await mark(knex, upTo)));
  return hash.digest('hex').slice(0, 12);
}
