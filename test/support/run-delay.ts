import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 200;
const KEPT_MS = 2_000;

/**
 * How long a thread of a process had to wait for a processor of this machine: what a promise in milliseconds may be late by
 * without any fault of the process. 0 where the kernel does not count it.
 */
export class RunDelay {
  #samples: { readonly at: number; readonly waited: ReadonlyMap<string, number> }[] = [];
  readonly #timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);

  constructor(private readonly pid: () => number) {}

  /** In the last two seconds, by the thread that waited longest. */
  lately(): number {
    this.#sample();
    const last = this.#samples.at(-1)?.waited ?? new Map<string, number>();
    const firstOf = (thread: string): number => this.#samples.find(({ waited }) => waited.has(thread))?.waited.get(thread) ?? 0;
    return Math.max(0, ...[...last].map(([thread, ms]) => ms - firstOf(thread)));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    this.#samples = [...this.#samples.filter(({ at }) => at > now - KEPT_MS), { at: now, waited: waitedMs(this.pid()) }];
  }
}

function waitedMs(pid: number): Map<string, number> {
  const waited = new Map<string, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) waited.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[1]) / 1e6);
  } catch {
    // It, or one of its threads, ended meanwhile.
  }
  return waited;
}
