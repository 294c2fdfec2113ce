/** Look-alikes stand close together in a source; further back than this the same record is the same call again. */
const KEPT = 50_000;

/** Keys of rows that stand for a record already, the newest of them. */
export class RecentKeys {
  readonly #counts = new RecentCounts();

  add(key: string): void {
    this.#counts.next(key);
  }

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  clear(): void {
    this.#counts.clear();
  }
}

/** Counts equal keys among the newest. */
export class RecentCounts {
  readonly #counts = new Map<string, { count: number; turn: number }>();
  /** A ring of the keys by the turn in which each was last counted: a Map finds its own oldest entry slowly once many have gone. */
  readonly #ring: string[] = [];
  #turn = 0;

  /** 0 for the first of its kind, then 1, 2 … */
  next(key: string): number {
    const place = this.#turn % KEPT;
    const leaving = this.#ring[place];
    if (leaving !== undefined && this.#counts.get(leaving)?.turn === this.#turn - KEPT) this.#counts.delete(leaving);
    this.#ring[place] = key;
    const known = this.#counts.get(key);
    if (known) {
      known.turn = this.#turn;
      known.count += 1;
    } else this.#counts.set(key, { count: 0, turn: this.#turn });
    this.#turn += 1;
    return known?.count ?? 0;
  }

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  clear(): void {
    this.#counts.clear();
    this.#ring.length = 0;
    this.#turn = 0;
  }
}
