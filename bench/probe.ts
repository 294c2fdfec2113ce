/** Loaded into the service (`node --import`): notes its memory and how late its event loop was, twenty times a second. */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;
const file = process.env['BENCH_PROBE'];
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  setInterval(() => {
    const lateMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    delay.reset();
    appendFileSync(file, `${Date.now()} ${Math.round(process.memoryUsage.rss() / 1e6)} ${lateMs.toFixed(1)}\n`);
  }, 50).unref();
}
