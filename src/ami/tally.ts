import type { Logger } from 'pino';
import type { CheckedBlock } from './block.js';

/** How many blocks of each fate were read, since the start. */
export interface BlockCounts {
  readonly events: number;
  readonly answers: number;
  readonly uninteresting: number;
  readonly unknown: number;
  readonly malformed: number;
  readonly oversized: number;
  readonly strayAnswers: number;
  readonly droppedHeaders: number;
}

// A sender who makes up names must not fill the memory or the log.
const MAX_KINDS = 200;

/** Counts every block and logs each odd kind once, by header names: values can be secret. */
export class Tally {
  readonly #counts = { events: 0, answers: 0, uninteresting: 0, unknown: 0, malformed: 0, oversized: 0, strayAnswers: 0, droppedHeaders: 0 };
  readonly #logged = new Set<string>();

  constructor(private readonly logger: Logger) {}

  counts(): BlockCounts {
    return { ...this.#counts };
  }

  block(block: CheckedBlock): void {
    switch (block.kind) {
      case 'event':
      case 'answer':
        this.#counts[block.kind === 'event' ? 'events' : 'answers'] += 1;
        if (block.dropped.length > 0) {
          this.#counts.droppedHeaders += block.dropped.length;
          this.#once('dropped', { headers: block.dropped.slice(0, 20) }, 'AMI headers that cannot be read were left out');
        }
        return;
      case 'uninteresting':
        this.#counts.uninteresting += 1;
        return;
      case 'stray-answer':
        this.#counts.strayAnswers += 1;
        return;
      case 'unknown':
        this.#counts.unknown += 1;
        this.#once(`unknown ${block.name}`, { event: block.name, headers: block.headerNames }, 'AMI event of an unknown kind');
        return;
      case 'malformed':
        this.#counts.malformed += 1;
        this.#once(`malformed ${block.headerNames.join()}`, { headers: block.headerNames }, 'AMI block that is neither event nor answer');
    }
  }

  oversized(): void {
    this.#counts.oversized += 1;
    this.#once('oversized', {}, 'AMI block over the size limit was skipped');
  }

  #once(kind: string, details: object, message: string): void {
    if (this.#logged.has(kind) || this.#logged.size >= MAX_KINDS) return;
    this.#logged.add(kind);
    this.logger.warn(details, message);
  }
}
