import type { PbxInput } from '../ami/input.js';
import { decodeInput } from './input-codec.js';
import type { StoredBatch } from './spool-file.js';
import type { SpoolBatch } from './spool.js';

/** Committed inputs that stay in memory too: some 6,000 events. */
const MOST_BYTES = 3 * 1_048_576;

/** The batches on disk that are taken next, so that a drainer that keeps up never reads the disk. */
export class SpoolTail {
  #batches: StoredBatch[] = [];
  #bytes = 0;

  /** The newest batch; null when there is none. */
  get lastSeq(): number | null {
    return this.#batches.at(-1)?.seq ?? null;
  }

  /** Keeps one that has just been written, where there is room. */
  add(batch: StoredBatch): void {
    if (this.#bytes + batch.body.length > MOST_BYTES) return;
    this.#batches.push(batch);
    this.#bytes += batch.body.length;
  }

  /** Takes up what was read from the disk, when there is nothing else. */
  fill(stored: readonly StoredBatch[]): void {
    this.#batches = [...stored];
    this.#bytes = stored.reduce((sum, { body }) => sum + body.length, 0);
  }

  shift(): StoredBatch | undefined {
    const batch = this.#batches.shift();
    this.#bytes -= batch?.body.length ?? 0;
    return batch;
  }
}

/** The batches that are there, up to so many events or more: a drainer that lags behind writes them in few transactions. */
export function together(next: () => StoredBatch | undefined, mostEvents: number): StoredBatch[] {
  const batches: StoredBatch[] = [];
  for (let events = 0; events < mostEvents && batches.length < mostEvents; ) {
    const batch = next();
    if (!batch) break;
    batches.push(batch);
    events += batch.events;
  }
  return batches;
}

/** What was taken at once. */
export interface Taken {
  readonly batches: readonly StoredBatch[];
  /** As {@link SpoolBatch.more}. */
  readonly more: boolean;
  /** As {@link SpoolBatch.crowded}. */
  readonly crowded: boolean;
}

/** Batches of the file as one, in the words of the pipeline; null for none. */
export function decodeBatches({ batches: stored, more, crowded }: Taken): SpoolBatch | null {
  const last = stored.at(-1);
  if (!last) return null;
  const inputs: PbxInput[] = [];
  const damaged: string[] = [];
  for (const { seq, body, damaged: isDamaged } of stored) {
    if (isDamaged) damaged.push(`batch ${seq} of the spool cannot be read`);
    else for (const line of body.split('\n')) {
      try {
        inputs.push(decodeInput(line));
      } catch {
        damaged.push(line);
      }
    }
  }
  return { seq: last.seq, inputs, damaged, more, crowded };
}
