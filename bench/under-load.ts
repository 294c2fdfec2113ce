import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { rollUp } from '../src/logs/statistics/roll-up.js';
import { fromMs } from '../src/time.js';
import { seeded } from '../test/support/random.js';
import type { AmiSource } from './ami-source.js';
import { ofLimit, percentile, type Figure } from './figure.js';
import { STORM_TABLES } from './ingest.js';
import { listCases, pathOf, requestsFor } from './lists.js';
import { startLoad } from './load.js';
import { startBenchService, type BenchService } from './service.js';
import type { Store } from './stage.js';

const STORM_PHONES = 2_000;
/** Of the slowest hundredth there should be some. */
const ROUNDS = 5;
const LONGEST_MS = 60_000;
/** Until all that runs meanwhile is under way. */
const UNDER_WAY_MS = 1_000;

/**
 * The same list requests alone, and while an export, a report and a storm of AMI events run on without a break. Export and report are
 * asked for by a process of their own, and the storm is another's: the one that measures does nothing else.
 */
export async function underLoad(store: Store, source: AmiSource, rows: number): Promise<Figure[]> {
  const cases = await listCases(store, rows);
  // As in a service that has run for a minute.
  await rollUp(store.database, fromMs(Date.now()), new AbortController().signal);
  const before = await lastIds(store);
  const service = await startBenchService(store.url, source);
  try {
    const random = seeded(11);
    const paths = Array.from({ length: ROUNDS * requestsFor(rows) }, (_, n) => cases.slice(n % cases.length)[0]).flatMap((one) => (one ? [pathOf(one, one.parameters(random))] : []));
    // What is compiled and cached at first would make either the slower one.
    await timesOf(service, paths);
    const alone = await timesOf(service, paths);
    const loaded = await whileLoaded(store, service, source, () => timesOf(service, paths));
    return [50, 99].map((percent) => ({
      what: `lists while an export, a report and a storm run, p${percent}`,
      database: store.name,
      value: percentile(loaded, percent),
      unit: 'ms',
      limit: { value: percentile(alone, percent), is: `p${percent} alone` },
      target: ofLimit('at most', 3),
    }));
  } finally {
    await service.stop();
    // A database that is kept stays what it was filled with.
    for (const [table, id] of before) await store.database.knex(table).where('id', '>', id).delete();
  }
}

async function lastIds({ database: { knex } }: Store): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>();
  for (const table of STORM_TABLES) {
    const [row] = await knex(table).max<{ id: number | null }[]>({ id: 'id' });
    ids.set(table, row?.id ?? 0);
  }
  return ids;
}

async function whileLoaded(store: Store, service: BenchService, source: AmiSource, measure: () => Promise<number[]>): Promise<number[]> {
  const storm = { goesOn: true, events: 0 };
  const start = performance.now();
  const load = startLoad(service, ['/cdrs.csv', '/api/v1/overview?range=7d']);
  const storming = (async () => {
    while (storm.goesOn) storm.events += (await source.storm(STORM_PHONES, 1)).events;
  })();
  await sleep(UNDER_WAY_MS);
  const late = monitorEventLoopDelay({ resolution: 1 });
  late.enable();
  const times = await measure().finally(() => (storm.goesOn = false));
  late.disable();
  await storming;
  const done = await load.end();
  const seconds = (performance.now() - start) / 1_000;
  const meanwhile = [...done.map(({ path, answers, bytes }) => `${path} ${answers} × (${Math.round(bytes / 1e6)} MB)`), `${storm.events} events`].join(', ');
  process.stderr.write(`bench: ${store.name}: ${times.length} list requests; in ${Math.round(seconds)} s ${meanwhile}. The loop that measured was ${(late.percentile(99) / 1e6).toFixed(1)} ms late at p99, ${(late.max / 1e6).toFixed(0)} at most\n`);
  return times;
}

/** Of those requests that can be sent within a minute. */
async function timesOf(service: BenchService, paths: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  for (const path of paths) {
    times.push((await service.get(path)).ms);
    if (performance.now() - start > LONGEST_MS) break;
  }
  return times;
}
