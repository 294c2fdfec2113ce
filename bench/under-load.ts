import { seeded } from '../test/support/random.js';
import type { AmiSource } from './ami-source.js';
import { ofLimit, percentile, type Figure } from './figure.js';
import { listCases, pathOf, requestsFor } from './lists.js';
import { startBenchService, type BenchService } from './service.js';
import type { Store } from './stage.js';

const STORM_PHONES = 2_000;

/** The same list requests alone, and while an export, a report and a storm of AMI events run on without a break. */
export async function underLoad(store: Store, source: AmiSource, rows: number): Promise<Figure[]> {
  const cases = await listCases(store, rows);
  const service = await startBenchService(store.url, source);
  try {
    const random = seeded(11);
    const paths = Array.from({ length: requestsFor(rows) }, (_, n) => cases.slice(n % cases.length)[0]).flatMap((one) => (one ? [pathOf(one, one.parameters(random))] : []));
    // What is compiled and cached at first would make either the slower one.
    await timesOf(service, paths);
    const alone = await timesOf(service, paths);
    const load = { goesOn: true };
    const loads = [
      repeated(load, () => service.get('/cdrs.csv')),
      repeated(load, () => service.get('/api/v1/overview?range=7d')),
      repeated(load, () => source.storm(STORM_PHONES, 1)),
    ];
    const loaded = await timesOf(service, paths).finally(() => (load.goesOn = false));
    await Promise.all(loads);
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
  }
}

async function timesOf(service: BenchService, paths: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const path of paths) times.push((await service.get(path)).ms);
  return times;
}

async function repeated(load: { readonly goesOn: boolean }, work: () => Promise<unknown>): Promise<void> {
  while (load.goesOn) await work();
}
