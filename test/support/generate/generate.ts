import { rememberAllNames } from '../../../src/logs/cdr/caller-names.js';
import { databaseRow } from '../../../src/logs/cdr/store.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import { toRow } from '../../../src/logs/columns.js';
import { writeAccountStates } from '../../../src/logs/registered-account/store.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { webSessions } from '../../../src/logs/web-session/columns.js';
import { BY_MONTH, makeMonths } from '../../../src/database/partitions.js';
import { writing } from '../../../src/database/writing.js';
import type { Database } from '../../../src/database/database.js';
import { monthOf } from '../../../src/month.js';
import { parseIso, type Micros } from '../../../src/time.js';
import { seeded } from '../random.js';
import { bulkInsert } from './bulk.js';
import { generateCalls } from './calls.js';
import { Company } from './company.js';
import { generateAccounts, generateSessions, generateWebSessions } from './sessions.js';

export interface GenerateOptions {
  /** Rows of the call log. */
  readonly calls: number;
  /** Rows of the session log; as many as calls when not given. */
  readonly sessions?: number;
  readonly webSessions?: number;
  readonly accounts?: number;
  /** Calls and events lie in `[from, to)`; the two years before November 2026 when not given. */
  readonly from?: Micros;
  readonly to?: Micros;
  readonly seed?: number;
}

/**
 * Fills the tables of a migrated database with what a company of 5,000 phones does in two years: busy hours, queues
 * whose legs share a linkedid, phones that come and go. The same seed gives the same rows. Answers how many of each.
 */
export async function generate(database: Database, options: GenerateOptions): Promise<{ readonly calls: number; readonly sessions: number; readonly webSessions: number }> {
  const { calls, sessions = calls, webSessions: signIns = Math.ceil(calls / 100), accounts = 5_000, seed = 1 } = options;
  const to = options.to ?? parseIso('2026-11-01') ?? 0;
  const from = options.from ?? to - 2 * 365 * 86_400_000_000;
  for (const table of Object.keys(BY_MONTH)) await makeMonths(database.knex, table, monthOf(from), monthOf(to));
  const company = new Company(accounts);
  // One stream of numbers a log, so that more of one does not change the others.
  const random = (log: number): (() => number) => seeded(seed * 10 + log);
  await writing(database, (trx) => writeAccountStates(trx, 'generator', [...generateAccounts(company, to, random(0))]));
  const written = {
    calls: await bulkInsert(database, cdrs.table, mapped(generateCalls(company, calls, from, to, random(1)), databaseRow)),
    sessions: await bulkInsert(database, sipSessions.table, mapped(generateSessions(company, sessions, from, to, random(2)), ({ key, ...record }) => ({ event_key: key, ...toRow(sipSessions.columns, record) }))),
    webSessions: await bulkInsert(database, webSessions.table, mapped(generateWebSessions(signIns, from, to, random(3)), ({ key, ...record }) => ({ event_key: key, ...toRow(webSessions.columns, record) }))),
  };
  await rememberAllNames(database.knex);
  return written;
}

function* mapped<A, B>(items: Iterable<A>, map: (item: A) => B): Generator<B> {
  for (const item of items) yield map(item);
}
