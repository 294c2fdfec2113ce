/** Bytes a block may have; answers to `Command` can be longer than any event. */
export interface FramerLimits {
  readonly eventBytes: number;
  readonly answerBytes: number;
}

const LIMITS: FramerLimits = { eventBytes: 1024 * 1024, answerBytes: 8 * 1024 * 1024 };
const BLOCK_END = Buffer.from('\r\n\r\n');
const INITIAL_BYTES = 64 * 1024;
const GREETING = /^Asterisk Call Manager\/[^\r\n]*\r\n/;

/**
 * Cuts the byte stream of AMI into blocks: everything up to an empty line (CRLF CRLF), decoded as
 * UTF-8 once the block is whole. Each byte is looked at a fixed number of times, however the
 * chunks are cut. A block over its limit is skipped to its end and counted.
 */
export class BlockFramer {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;
  #searched = 0;
  #skipping = false;
  #greeted = false;
  #oversized = 0;

  constructor(
    private readonly onBlock: (text: string) => void,
    private readonly limits: FramerLimits = LIMITS,
  ) {}

  /** Blocks skipped because they were too long. */
  get oversized(): number {
    return this.#oversized;
  }

  push(chunk: Buffer): void {
    this.#append(chunk);
    const held = this.#buffer.subarray(0, this.#length);
    let start = 0;
    for (;;) {
      const end = held.indexOf(BLOCK_END, Math.max(start, this.#searched));
      if (end === -1) break;
      this.#block(held.subarray(start, end));
      start = end + BLOCK_END.length;
    }
    this.#keep(start);
  }

  #block(bytes: Buffer): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (bytes.length > this.#limit(bytes)) {
      this.#oversized += 1;
      return;
    }
    const text = this.#withoutGreeting(bytes.toString('utf8')).replace(/^(?:\r?\n)+/, '');
    if (text !== '') this.onBlock(text);
  }

  #withoutGreeting(text: string): string {
    if (this.#greeted) return text;
    this.#greeted = true;
    return text.replace(GREETING, '');
  }

  #append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = needed;
  }

  // What is left is shorter than one chunk unless no block ended, so that moving it stays linear.
  #keep(start: number): void {
    let from = start;
    const rest = this.#buffer.subarray(start, this.#length);
    if (!this.#skipping && rest.length > this.#limit(rest)) {
      this.#oversized += 1;
      this.#skipping = true;
    }
    if (this.#skipping) from = Math.max(start, this.#length - (BLOCK_END.length - 1));
    if (from > 0) this.#buffer.copyWithin(0, from, this.#length);
    this.#length -= from;
    this.#searched = Math.max(0, this.#length - (BLOCK_END.length - 1));
    if (this.#buffer.length > 16 * INITIAL_BYTES && this.#length < INITIAL_BYTES) {
      const smaller = Buffer.allocUnsafe(INITIAL_BYTES);
      this.#buffer.copy(smaller, 0, 0, this.#length);
      this.#buffer = smaller;
    }
  }

  #limit(bytes: Buffer): number {
    const isAnswer = bytes.toString('latin1', 0, 9).toLowerCase() === 'response:';
    return isAnswer ? this.limits.answerBytes : this.limits.eventBytes;
  }
}
