import { rollUp } from '../src/logs/statistics/roll-up.js';
import { fromMs } from '../src/time.js';
import { itself, percentile, type Figure } from './figure.js';
import type { BenchService } from './service.js';
import type { Store } from './stage.js';

const REQUESTS = 100;

/** The page and its JSON, once the hours are summed up; how long the job takes to do so after a first start. */
export async function overview(store: Store, service: BenchService): Promise<Figure[]> {
  const start = performance.now();
  await rollUp(store.database, fromMs(Date.now()), new AbortController().signal);
  const figures: Figure[] = [{ what: 'overview, nine days summed up', database: store.name, value: (performance.now() - start) / 1_000, unit: 's', limit: null, target: itself('at most', 60) }];
  for (const range of ['24h', '7d']) {
    for (const [what, path] of [['overview of', '/overview'], ['overview as JSON of', '/api/v1/overview']] as const) {
      const times: number[] = [];
      for (let n = 0; n < REQUESTS; n += 1) times.push((await service.get(`${path}?range=${range}`)).ms);
      for (const percent of [50, 99]) figures.push({ what: `${what} ${range}, p${percent}`, database: store.name, value: percentile(times, percent), unit: 'ms', limit: null, target: itself('at most', 200) });
    }
  }
  return figures;
}
