export interface SnapshotPace {
  /** From the first sign of a change to the listing, so that one listing serves a burst. */
  readonly delayMs: number;
  /** Between the starts of two listings that changes asked for. */
  readonly spacingMs: number;
}

// A listing that takes a second must not run more often than every ten.
const LOAD_FACTOR = 10;

/** Decides when to take a listing; at most one runs at a time. */
export class SnapshotSchedule {
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #again: 'now' | 'soon' | null = null;
  #startedAt = -Infinity;
  #tookMs = 0;
  #stopped = false;

  constructor(
    private readonly take: () => Promise<void>,
    private readonly pace: SnapshotPace,
  ) {}

  /** At once, or right after the one that runs: that one may have been asked before the change. */
  now(): void {
    if (this.#stopped) return;
    if (this.#running) this.#again = 'now';
    else void this.#run();
  }

  /** Shortly, together with what else changes until then. */
  soon(): void {
    if (this.#stopped || this.#timer) return;
    if (this.#running) {
      this.#again ??= 'soon';
      return;
    }
    const spacing = Math.max(this.pace.spacingMs, LOAD_FACTOR * this.#tookMs);
    const waitMs = Math.max(this.pace.delayMs, this.#startedAt + spacing - performance.now());
    this.#timer = setTimeout(() => void this.#run(), waitMs);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running = true;
    this.#startedAt = performance.now();
    await this.take();
    this.#tookMs = performance.now() - this.#startedAt;
    this.#running = false;
    const again = this.#again;
    this.#again = null;
    if (again === 'now') this.now();
    else if (again === 'soon') this.soon();
  }
}
