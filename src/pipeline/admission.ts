import type { PbxInput } from '../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { instantOf } from './input-codec.js';

/** In memory, inputs whose commit is slow or fails may take so much; then events of little value are left out. */
const MOST_PENDING_BYTES = 64 * 1_048_576;
/** While events are left out, a note of how many goes along so often: a crash must not lose the count. */
const NOTE_EVERY: Micros = 10 * MICROS_PER_SECOND;
/** So long after an event, evidence of it may still wait, and time passing decides. */
const EVIDENCE: Micros = 10 * MICROS_PER_SECOND;
const HEARTBEAT: Micros = 5 * MICROS_PER_SECOND;

/**
 * Decides what of the PBX's word goes to the spool. Left out: time passing and polls that show the same as before,
 * while nothing happens; and, at the spool's limit, the newest of little value, never a call.
 */
export class Admission {
  #dropped = 0;
  /** Those since the last note. */
  #unnoted = 0;
  #droppedFrom: Micros = 0;
  #droppedUntil: Micros = 0;
  #notedAt: Micros = 0;
  #eventAt: Micros = 0;
  #admittedAt: Micros = 0;
  #monitors = '';
  #isFull = false;

  constructor(private readonly maxBytes: number) {}

  /** Events left out since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether events are left out at present. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** What to spool, in order. Bytes are those on disk and those on the way there. */
  admit(input: PbxInput, usedBytes: number, pendingBytes: number): PbxInput[] {
    const at = instantOf(input);
    if (input.kind === 'event') this.#eventAt = at;
    else if (this.#saysNothing(input, at)) return [];
    const full = usedBytes + pendingBytes >= this.maxBytes || pendingBytes >= MOST_PENDING_BYTES;
    this.#isFull = full;
    // The clock goes on being told: a long silence of it would look like one that was set.
    const isDue = input.kind === 'tick' && Math.abs(at - this.#admittedAt) >= HEARTBEAT;
    if (full && isExpendable(input) && !isDue) {
      if (input.kind === 'event') this.#leaveOut(at);
      return Math.abs(at - this.#notedAt) < NOTE_EVERY ? [] : this.#note(at);
    }
    this.#admittedAt = at;
    if (input.kind === 'transport-monitors') this.#monitors = shownBy(input);
    return full ? [input] : [...this.#note(at), input];
  }

  /** The note that is still due, when nothing more comes. */
  end(): PbxInput[] {
    return this.#note(this.#droppedUntil);
  }

  #leaveOut(at: Micros): void {
    // Asterisk's threads tell events not quite in the order of their times.
    this.#droppedFrom = this.#unnoted === 0 ? at : Math.min(at, this.#droppedFrom);
    this.#droppedUntil = this.#unnoted === 0 ? at : Math.max(at, this.#droppedUntil);
    this.#unnoted += 1;
    this.#dropped += 1;
  }

  #note(at: Micros): PbxInput[] {
    if (this.#unnoted === 0) return [];
    const note: PbxInput = { kind: 'dropped', from: this.#droppedFrom, at: this.#droppedUntil, count: this.#unnoted };
    this.#unnoted = 0;
    this.#notedAt = at;
    return [note];
  }

  #saysNothing(input: PbxInput, at: Micros): boolean {
    // A clock that was set back must not silence anything.
    const quiet = Math.abs(at - this.#eventAt) > EVIDENCE;
    if (input.kind === 'tick') return quiet && Math.abs(at - this.#admittedAt) < HEARTBEAT;
    if (input.kind !== 'transport-monitors') return false;
    return quiet && !input.baseline && shownBy(input) === this.#monitors;
  }
}

const shownBy = ({ connections }: Extract<PbxInput, { kind: 'transport-monitors' }>): string =>
  connections.map(({ objectName, remote }) => `${objectName} ${remote.ip} ${remote.port}`).join();

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
