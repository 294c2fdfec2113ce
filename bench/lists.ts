import type { Knex } from 'knex';
import { pageQuery } from '../src/database/listing.js';
import { idsByIndexes } from '../src/database/search-page.js';
import { cdrs } from '../src/logs/cdr/columns.js';
import { fromRow, type DatabaseRow, type LogDefinition } from '../src/logs/columns.js';
import { cursorAfter, parseListQuery, type ListQuery } from '../src/logs/list-query.js';
import { registeredAccounts } from '../src/logs/registered-account/columns.js';
import { searchCondition } from '../src/logs/search.js';
import { sipSessions } from '../src/logs/sip-session/columns.js';
import { webSessions } from '../src/logs/web-session/columns.js';
import { toIso } from '../src/time.js';
import { seeded } from '../test/support/random.js';
import { itself, ofLimit, percentile, type Figure } from './figure.js';
import type { BenchService } from './service.js';
import { ask, type Store } from './stage.js';

/** A small run only sees whether all works. */
const requestsFor = (rows: number): number => (rows >= 100_000 ? 200 : 20);
const DEEP_PAGES = 1_000;
const DAY = 86_400_000_000;

interface Case {
  readonly what: string;
  readonly log: LogDefinition;
  readonly parameters: (random: () => number) => Readonly<Record<string, string>>;
}

/** Pages of 50 as JSON over HTTP, each request another account, day or number, against the same SQL by the driver alone. */
export async function lists(store: Store, service: BenchService, rows: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { what, log, parameters } of await cases(store, rows)) {
    const random = seeded(7);
    const asked = Array.from({ length: requestsFor(rows) }, () => parameters(random));
    const path = (own: Readonly<Record<string, string>>): string => `/api/v1/${log.name}?${new URLSearchParams(own).toString()}`;
    const http: number[] = [];
    const bare: number[] = [];
    // In turn, so that both meet the same machine and the same cache; what each was asked first is cold.
    for (const own of asked) {
      const { sql, bindings } = bareQuery(store.database.knex, log, parseListQuery(log, own)).toSQL().toNative();
      const start = performance.now();
      await ask(store.database, sql, bindings);
      bare.push(performance.now() - start);
      http.push((await service.get(path(own))).ms);
    }
    const sql = { value: percentile(bare, 50), is: 'p50 of the bare SQL' };
    figures.push(
      { what: `${what}, p50`, database: store.name, value: percentile(http, 50), unit: 'ms', limit: sql, target: ofLimit('at most', 2) },
      { what: `${what}, p99`, database: store.name, value: percentile(http, 99), unit: 'ms', limit: { value: percentile(bare, 99), is: 'p99 of the bare SQL' }, target: itself('at most', 50) },
    );
  }
  return figures;
}

/** A search is several queries; the one that finds is what none can do without. */
const bareQuery = (knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder =>
  query.search === null ? pageQuery(knex, log, { ...query, limit: query.limit + 1 }) : idsByIndexes(knex, log, query, searchCondition(log, query.search));

async function cases(store: Store, rows: number): Promise<Case[]> {
  const account = (random: () => number): string => String(1_000 + Math.floor(random() ** 1.6 * 5_000));
  const now = Date.now() * 1_000;
  const day = (random: () => number): Readonly<Record<string, string>> => {
    const from = now - Math.floor(random() * 700) * DAY;
    return { from: toIso(from - DAY), to: toIso(from) };
  };
  const number = (random: () => number): string => String(Math.floor(random() * 1_000_000)).padStart(6, '0');
  const dispositions = ['ANSWERED', 'NO_ANSWER', 'BUSY', 'FAILED'];
  const deepCalls = await deepCursor(store, cdrs, rows);
  const deepSessions = await deepCursor(store, sipSessions, rows);
  return [
    { what: 'calls, first page', log: cdrs, parameters: () => ({}) },
    { what: 'calls, page 1,000 deep', log: cdrs, parameters: () => ({ cursor: deepCalls }) },
    { what: 'calls of one account', log: cdrs, parameters: (random) => ({ src: account(random) }) },
    { what: 'calls of one day', log: cdrs, parameters: day },
    { what: 'calls by src and disposition', log: cdrs, parameters: (random) => ({ src: account(random), disposition: dispositions[Math.floor(random() * 4)] ?? '' }) },
    { what: 'calls, search by first digits', log: cdrs, parameters: (random) => ({ search: `+39347${number(random).slice(0, 5)}` }) },
    { what: 'calls, search by last digits', log: cdrs, parameters: (random) => ({ search: number(random) }) },
    { what: 'calls, search that many fit', log: cdrs, parameters: () => ({ search: '+39' }) },
    { what: 'sessions, first page', log: sipSessions, parameters: () => ({}) },
    { what: 'sessions, page 1,000 deep', log: sipSessions, parameters: () => ({ cursor: deepSessions }) },
    { what: 'sessions of one account', log: sipSessions, parameters: (random) => ({ peername: account(random) }) },
    { what: 'sessions of one day', log: sipSessions, parameters: day },
    { what: 'sign-ins, first page', log: webSessions, parameters: () => ({}) },
    { what: 'accounts on line, first page', log: registeredAccounts, parameters: () => ({}) },
  ];
}

export async function deepCursor({ database: { knex } }: Store, log: LogDefinition, rows: number): Promise<string> {
  const query = parseListQuery(log, {});
  const [row] = (await pageQuery(knex, log, { ...query, limit: 1 }).offset(Math.min(DEEP_PAGES * 50, Math.floor(rows / 2)))) as DatabaseRow[];
  return cursorAfter(log, query, fromRow(log.columns, row ?? {}));
}
