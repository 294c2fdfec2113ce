import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 200;
const KEPT_MS = 2_000;

/**
 * How long the threads of a process had to wait for a processor of this machine: what a promise in milliseconds may be late by
 * without any fault of the process. 0 where the kernel does not count it.
 */
export class RunDelay {
  #samples: { readonly at: number; readonly pid: number; readonly ms: number }[] = [];
  readonly #timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);

  constructor(private readonly pid: () => number) {}

  /** In the last two seconds, all threads together. */
  lately(): number {
    this.#sample();
    const last = this.#samples.at(-1);
    const first = this.#samples.find(({ pid }) => pid === last?.pid);
    return (last?.ms ?? 0) - (first?.ms ?? 0);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    const pid = this.pid();
    this.#samples = [...this.#samples.filter(({ at }) => at > now - KEPT_MS), { at: now, pid, ms: waitedMs(pid) }];
  }
}

function waitedMs(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[1]) / 1e6, 0);
  } catch {
    // It, or one of its threads, ended meanwhile.
    return 0;
  }
}
