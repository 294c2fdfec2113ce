import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../src/errors.js';
import { startAmiSource, type AmiSource } from './ami-source.js';
import { backfilling } from './backfilling.js';
import { csvExport } from './csv-export.js';
import { itself, type Figure } from './figure.js';
import { ingest } from './ingest.js';
import { lists } from './lists.js';
import { overview } from './overview.js';
import { peer } from './peer.js';
import { reconciliation } from './reconciliation.js';
import { amount, baseRun, growth, lastRun, reportOn } from './report.js';
import { startBenchService } from './service.js';
import { buildStage, fill, type Store } from './stage.js';
import { underLoad } from './under-load.js';

const rows = Number(process.env['BENCH_ROWS'] ?? 1_000_000);
const only = process.env['BENCH_ONLY']?.split(',');
const keep = process.env['BENCH_KEEP'] === '1' || rows >= 1_000_000;
const wanted = (part: string): boolean => only === undefined || only.includes(part);

const IDLE_MS = 3_000;
/** Parts that begin with tables of their own. */
const FROM_NOTHING = new Set(['ingest']);
const needsRows = only?.every((name) => FROM_NOTHING.has(name)) !== true;

const figures: Figure[] = [];
let passed = 0;
const failed: string[] = [];

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

/** One part; another is measured also when this one cannot be. */
async function part(name: string, store: Store, measure: () => Promise<readonly Figure[]>): Promise<void> {
  if (!wanted(name)) return;
  const start = performance.now();
  try {
    figures.push(...(await measure()));
    passed += 1;
    say(`${name} (${store.name}): ${amount((performance.now() - start) / 1_000)} s`);
  } catch (error) {
    failed.push(`failed: bench ${name} (${store.name}): ${messageOf(error)}\n`);
    say(`${name} (${store.name}) failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

const withGrowth = (): Figure[] => [...figures, ...growth(base, figures)];

async function withService(store: Store, source: AmiSource): Promise<void> {
  const asked = ['start', 'lists', 'export', 'overview', 'peer'].filter(wanted);
  if (asked.length === 0) return;
  const service = await startBenchService(store.url, source);
  try {
    await part('start', store, async () => {
      await sleep(IDLE_MS);
      const idle = service.since(0);
      return [
        { what: 'start to ready', database: store.name, value: service.readyMs / 1_000, unit: 's', limit: null, target: itself('at most', 2) },
        { what: 'memory idle after the start', database: store.name, value: idle.nowMb, unit: 'MB', limit: null, target: itself('at most', 120) },
      ];
    });
    await part('lists', store, () => lists(store, service, rows));
    await part('overview', store, () => overview(store, service));
    await part('export', store, () => csvExport(store, service));
    if (store.name === 'MariaDB') await part('peer', store, () => peer(store, service, rows));
  } finally {
    await service.stop();
  }
}

const last = lastRun(rows);
const base = baseRun(rows);
const stage = await buildStage(process.env['BENCH_DATA'] ?? null);
const source = await startAmiSource();
try {
  for (const store of stage.stores) {
    const start = performance.now();
    if (needsRows) {
      const anew = await fill(store, rows);
      say(`${store.name}: ${rows} calls and as many session events ${anew ? `in ${amount((performance.now() - start) / 1_000)} s` : 'stand already'}`);
    }
    await withService(store, source);
    await part('ingest', store, () => ingest(store, source, rows));
    await part('reconciliation', store, () => reconciliation(store, rows));
    await part('backfill', store, () => backfilling(store, rows));
    // Last: its storm adds rows to the tables.
    await part('load', store, () => underLoad(store, source, rows));
    reportOn(rows, withGrowth(), last, keep);
    if (store.name === 'SQLite') say(`the file has ${amount(statSync(store.url.slice('sqlite:'.length)).size / 1e6)} MB`);
  }
} finally {
  source.stop();
  await stage.close();
}
process.stdout.write(`${reportOn(rows, withGrowth(), last, keep)}\n\n${failed.join('')}${passed} passed, ${failed.length} failed\n`);
process.exit(failed.length === 0 ? 0 : 1);
