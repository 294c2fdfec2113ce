import type { PbxInput } from '../ami/input.js';

/**
 * What stands between the socket and the database: the reader puts inputs in and never waits, the
 * drainer takes them out in order. Its length is limited; at the limit the newest event of little
 * value is dropped and counted, and never a Cdr, a login or the first listing after it.
 */
export class InputQueue {
  private inputs: PbxInput[] = [];
  private head = 0;
  private droppedCount = 0;
  private wake: (() => void) | null = null;

  constructor(private readonly limit = 500_000) {}

  push(input: PbxInput): void {
    if (this.length >= this.limit && isExpendable(input)) {
      if (input.kind === 'event') this.droppedCount += 1;
      return;
    }
    // One waiting tick says as much as many.
    if (input.kind === 'tick' && this.inputs.at(-1)?.kind === 'tick' && this.length > 0) this.inputs.pop();
    this.inputs.push(input);
    this.wake?.();
  }

  get length(): number {
    return this.inputs.length - this.head;
  }

  /** How many events were dropped at the limit since the start. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** Up to `most` inputs, oldest first; waits for the first one, or until `signal` aborts. */
  async take(most: number, signal: AbortSignal): Promise<PbxInput[]> {
    if (this.length === 0 && !signal.aborted) await this.arrival(signal);
    const taken = this.inputs.slice(this.head, this.head + most);
    this.head += taken.length;
    if (this.head > 10_000 || this.head === this.inputs.length) {
      this.inputs = this.inputs.slice(this.head);
      this.head = 0;
    }
    return taken;
  }

  private arrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.wake = null;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.wake = done;
      signal.addEventListener('abort', done);
    });
  }
}

function isExpendable(input: PbxInput): boolean {
  switch (input.kind) {
    case 'tick':
      return true;
    case 'event':
      return input.event.name !== 'Cdr';
    case 'contacts':
    case 'transport-monitors':
      // The next one says the same and more.
      return !input.baseline;
    default:
      return false;
  }
}
