import type { PbxInput } from '../ami/input.js';
import { decodeInput } from './input-codec.js';
import type { StoredBatch } from './spool-file.js';
import type { SpoolBatch } from './spool.js';

/** Committed inputs that stay in memory too; an input takes two or three kilobytes. */
const MOST_IN_MEMORY = 6_000;

/** The batches on disk that are taken next, so that a drainer that keeps up never reads the disk. */
export class SpoolTail {
  #batches: (SpoolBatch | StoredBatch)[] = [];
  /** Of those that were not read from the disk. */
  #inputs = 0;

  /** The newest batch; null when there is none. */
  get lastSeq(): number | null {
    return this.#batches.at(-1)?.seq ?? null;
  }

  /** Keeps one that has just been written, where there is room. */
  add(batch: SpoolBatch): void {
    if (this.#inputs + batch.inputs.length > MOST_IN_MEMORY) return;
    this.#batches.push(batch);
    this.#inputs += batch.inputs.length;
  }

  /** Takes up what was read from the disk, when there is nothing else. */
  fill(stored: readonly StoredBatch[]): void {
    this.#batches = [...stored];
    this.#inputs = 0;
  }

  shift(): SpoolBatch | undefined {
    const batch = this.#batches.shift();
    if (!batch) return undefined;
    // Decoded one at a time: many at once would hold up whoever reads the socket.
    if (!('inputs' in batch)) return decoded(batch);
    this.#inputs -= batch.inputs.length;
    return batch;
  }
}

function decoded({ seq, body, damaged: isDamaged }: StoredBatch): SpoolBatch {
  if (isDamaged) return { seq, inputs: [], damaged: [`batch ${seq} of the spool cannot be read`] };
  const inputs: PbxInput[] = [];
  const damaged: string[] = [];
  for (const line of body.split('\n')) {
    try {
      inputs.push(decodeInput(line));
    } catch {
      damaged.push(line);
    }
  }
  return damaged.length === 0 ? { seq, inputs } : { seq, inputs, damaged };
}
