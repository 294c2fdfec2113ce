import { readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 200;
const KEPT_MS = 2_000;

/**
 * How long the main thread of a process, which reads AMI, had to wait for a processor of this machine: what a promise in milliseconds
 * may be late by without any fault of the process. 0 where the kernel does not count it.
 */
export class RunDelay {
  #samples: { readonly at: number; readonly waitedMs: number }[] = [];
  readonly #timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);

  constructor(private readonly pid: () => number) {}

  /** In the last two seconds. */
  lately(): number {
    this.#sample();
    return Math.max(0, (this.#samples.at(-1)?.waitedMs ?? 0) - (this.#samples[0]?.waitedMs ?? 0));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    this.#samples = [...this.#samples.filter(({ at }) => at > now - KEPT_MS), { at: now, waitedMs: waitedMs(this.pid()) }];
  }
}

function waitedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    // It ended meanwhile.
    return 0;
  }
}
