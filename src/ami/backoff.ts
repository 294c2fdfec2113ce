export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly refusedFirstMs: number;
  readonly refusedMaxMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

const DEFAULTS: BackoffOptions = { firstMs: 1_000, maxMs: 30_000, refusedFirstMs: 60_000, refusedMaxMs: 300_000, random: Math.random };
const SHORTEST_MS = 100;

/**
 * How long to wait before the next attempt. A lost connection: exponential with full jitter.
 * A refused login: minutes, without jitter, since each try is a failed login in the PBX's eyes.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #losses = 0;
  #refusals = 0;

  constructor(options: Partial<BackoffOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Attempts since the last login that worked. */
  get attempts(): number {
    return this.#losses + this.#refusals;
  }

  afterLoss(): number {
    const { firstMs, maxMs, random } = this.#options;
    const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(this.#losses, 30));
    this.#losses += 1;
    return Math.max(Math.min(SHORTEST_MS, ceiling), Math.round(random() * ceiling));
  }

  afterRefusal(): number {
    const { refusedFirstMs, refusedMaxMs } = this.#options;
    this.#refusals += 1;
    return Math.min(refusedMaxMs, refusedFirstMs * this.#refusals);
  }

  /** Only a login that worked starts over: a PBX that accepts connections and drops them is not well. */
  loggedIn(): void {
    this.#losses = 0;
    this.#refusals = 0;
  }
}
