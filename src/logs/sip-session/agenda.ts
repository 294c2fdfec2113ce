import { MICROS_PER_SECOND, type Micros } from '../../time.js';

interface Entry<T> {
  readonly due: Micros;
  /** Order of arrival, for what is due at the same time. */
  readonly turn: number;
  readonly what: T;
}

/** Nothing waits that long: what is due further ahead was planned before the PBX's clock was set back. */
const FURTHEST_AHEAD: Micros = 15 * MICROS_PER_SECOND;

/** What to look at again, and when: the earliest first, and of equal times the first to come (a binary heap). */
export class Agenda<T> {
  private heap: Entry<T>[] = [];
  /** What lay further ahead than anything waits: it comes first. */
  private overtaken: Entry<T>[] = [];
  private turns = 0;
  /** The latest time that anything was planned for since it was last empty. */
  private latest: Micros = 0;

  plan(due: Micros, what: T): void {
    if (this.heap.length === 0) this.latest = due;
    this.latest = Math.max(this.latest, due);
    this.insert({ due, turn: this.turns, what });
    this.turns += 1;
  }

  /** Takes the first that was due before `now`; undefined when there is none. What lies far ahead since the clock was set back is taken, too. */
  take(now: Micros): { readonly due: Micros; readonly what: T } | undefined {
    if (this.latest - now > FURTHEST_AHEAD) this.overtake(now);
    const overtaken = this.overtaken.shift();
    if (overtaken) return overtaken;
    const first = this.heap[0];
    return first && first.due < now ? this.removeFirst() : undefined;
  }

  /** In the order in which it will be taken. */
  save(): { readonly due: Micros; readonly what: T }[] {
    return [...this.overtaken, ...this.heap.toSorted(compare)].map(({ due, what }) => ({ due, what }));
  }

  private overtake(now: Micros): void {
    const inOrder = this.heap.toSorted(compare);
    const far = inOrder.findIndex(({ due }) => due - now > FURTHEST_AHEAD);
    this.overtaken = far === -1 ? this.overtaken : [...this.overtaken, ...inOrder.splice(far)];
    // In order it is a heap, too.
    this.heap = inOrder;
    this.latest = inOrder.at(-1)?.due ?? now;
  }

  private insert(entry: Entry<T>): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || compare(parent, entry) <= 0) break;
      heap[at] = parent;
      heap[above] = entry;
      at = above;
    }
  }

  private removeFirst(): Entry<T> | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        const [child, candidate] = [heap[below], heap[least]];
        if (child && candidate && compare(child, candidate) < 0) least = below;
      }
      const [moving, smaller] = [heap[at], heap[least]];
      if (least === at || !moving || !smaller) return first;
      heap[at] = smaller;
      heap[least] = moving;
      at = least;
    }
  }
}

const compare = (a: Entry<unknown>, b: Entry<unknown>): number => a.due - b.due || a.turn - b.turn;
