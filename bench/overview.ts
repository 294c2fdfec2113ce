import { itself, percentile, type Figure } from './figure.js';
import type { BenchService } from './service.js';
import type { Store } from './stage.js';

const REQUESTS = 10;

export async function overview(store: Store, service: BenchService): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const range of ['24h', '7d']) {
    const times: number[] = [];
    for (let n = 0; n < REQUESTS; n += 1) times.push((await service.get(`/api/v1/overview?range=${range}`)).ms);
    figures.push({ what: `overview of ${range}, p99`, database: store.name, value: percentile(times, 99), unit: 'ms', limit: null, target: itself('at most', 200) });
  }
  return figures;
}
