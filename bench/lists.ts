import type { Knex } from 'knex';
import { pageQuery } from '../src/database/page-query.js';
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
import { startBareHttp, type BareHttp } from './bare-http.js';
import { itself, ofLimit, percentile, type Figure } from './figure.js';
import type { BenchService } from './service.js';
import { ask, type Store } from './stage.js';

/** A small run only sees whether all works. */
export const requestsFor = (rows: number): number => (rows >= 100_000 ? 200 : 20);
const DEEP_PAGES = 1_000;
const DAY = 86_400_000_000;
/** What the limits of one list may take together: of ten million rows, the SQL of a search that many fit takes seconds each time. */
const LIMITS_MS = 30_000;

type Parameters = Readonly<Record<string, string>>;

export interface ListCase {
  readonly what: string;
  readonly log: LogDefinition;
  readonly parameters: (random: () => number) => Parameters;
  /** Measured as a page of the console too. */
  readonly page?: boolean;
}

export const pathOf = ({ log }: Pick<ListCase, 'log'>, own: Parameters): string => `/api/v1/${log.name}?${new URLSearchParams(own).toString()}`;

/**
 * Pages of 50 as JSON over HTTP, each request another account, day or number, against the same SQL by the driver alone; beside it
 * how long the same SQL takes behind node:http and JSON.stringify alone, since no answer over HTTP is as quick as a query.
 */
export async function lists(store: Store, service: BenchService, rows: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const bareHttp = await startBareHttp(store.url);
  try {
    for (const one of await listCases(store, rows)) figures.push(...(await measured(store, service, bareHttp, one, rows)));
  } finally {
    bareHttp.stop();
  }
  return figures;
}

async function measured(store: Store, service: BenchService, bareHttp: BareHttp, one: ListCase, rows: number): Promise<Figure[]> {
  const { what, log, parameters, page = false } = one;
  const random = seeded(7);
  const times = { json: [] as number[], page: [] as number[], sql: [] as number[], bareHttp: [] as number[] };
  const began = performance.now();
  // In turn, so that all meet the same machine and the same cache; what each was asked first is cold.
  for (let n = requestsFor(rows); n > 0; n -= 1) {
    const own = parameters(random);
    if (performance.now() - began < LIMITS_MS) {
      const { sql, bindings } = bareQuery(store.database.knex, log, parseListQuery(log, own)).toSQL().toNative();
      const start = performance.now();
      await ask(store.database, sql, bindings);
      times.sql.push(performance.now() - start);
      times.bareHttp.push(await bareHttp.get({ sql, bindings }));
    }
    times.json.push((await service.get(pathOf(one, own))).ms);
    if (page) times.page.push((await service.get(`/${log.name}?${new URLSearchParams(own).toString()}`)).ms);
  }
  const sql = (percent: number): Figure['limit'] => ({ value: percentile(times.sql, percent), is: `p${percent} of the bare SQL` });
  const figure = (name: string, value: number, limit: Figure['limit'], target: Figure['target']): Figure => ({ what: `${what}${name}`, database: store.name, value, unit: 'ms', limit, target });
  return [
    figure(', p50', percentile(times.json, 50), sql(50), ofLimit('at most', 2)),
    figure(', p50 beside bare HTTP', percentile(times.json, 50), { value: percentile(times.bareHttp, 50), is: 'p50 of the SQL behind node:http' }, ofLimit('at most', 2)),
    figure(', p99', percentile(times.json, 99), sql(99), itself('at most', 50)),
    ...(page ? [figure(', as a page, p50', percentile(times.page, 50), sql(50), ofLimit('at most', 2)), figure(', as a page, p99', percentile(times.page, 99), sql(99), itself('at most', 50))] : []),
  ];
}

/** A search is several queries; the one that finds is what none can do without. */
const bareQuery = (knex: Knex, log: LogDefinition, query: ListQuery): Knex.QueryBuilder =>
  query.search === null ? pageQuery(knex, log, { ...query, limit: query.limit + 1 }) : idsByIndexes(knex, log, query, searchCondition(log, query.search));

export async function listCases(store: Store, rows: number): Promise<ListCase[]> {
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
    { what: 'calls, first page', log: cdrs, parameters: () => ({}), page: true },
    { what: 'calls, page 1,000 deep', log: cdrs, parameters: () => ({ cursor: deepCalls }) },
    { what: 'calls of one account', log: cdrs, parameters: (random) => ({ src: account(random) }), page: true },
    { what: 'calls of one day', log: cdrs, parameters: day },
    { what: 'calls by src and disposition', log: cdrs, parameters: (random) => ({ src: account(random), disposition: dispositions[Math.floor(random() * 4)] ?? '' }) },
    { what: 'calls, search by first digits', log: cdrs, parameters: (random) => ({ search: `+39347${number(random).slice(0, 5)}` }) },
    { what: 'calls, search by last digits', log: cdrs, parameters: (random) => ({ search: number(random) }) },
    { what: 'calls, search that many fit', log: cdrs, parameters: () => ({ search: '+39' }) },
    { what: 'sessions, first page', log: sipSessions, parameters: () => ({}), page: true },
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
