/** Look-alikes stand close together in a source; further back than this the same record is the same call again. */
const KEPT = 50_000;

/** Row ids that stand for a record already, the newest of them. */
export class RecentIds {
  readonly #ids = new Set<number>();

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size > KEPT) for (const oldest of this.#ids) return void this.#ids.delete(oldest);
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  clear(): void {
    this.#ids.clear();
  }
}

/** Counts equal keys among the newest. */
export class RecentCounts {
  readonly #counts = new Map<string, number>();

  /** 0 for the first of its kind, then 1, 2 … */
  next(key: string): number {
    const count = this.#counts.get(key) ?? 0;
    this.#counts.delete(key);
    this.#counts.set(key, count + 1);
    if (this.#counts.size > KEPT) {
      for (const oldest of this.#counts.keys()) {
        this.#counts.delete(oldest);
        break;
      }
    }
    return count;
  }

  clear(): void {
    this.#counts.clear();
  }
}
