import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { PbxInput } from '../ami/input.js';
import { fromMs } from '../time.js';
import { Admission } from './admission.js';
import { LastHeard } from './heard.js';
import { encodeInput, isEventLine } from './input-codec.js';
import type { Heard, Opened, StoredBatch } from './spool-file.js';
import { openSpool, type SpoolPlace } from './spool-opening.js';
import { decodeBatches, SpoolTail, together, type Taken } from './spool-tail.js';
import { SpoolError, type SpoolThread } from './spool-thread.js';
import type { Spool, SpoolBatch, SpoolStatus } from './spool.js';

export interface DiskSpoolOptions extends SpoolPlace {
  readonly maxMb: number;
}

/** Inputs wait so long for others to share their commit; half of the 50 ms in which they are to be on disk. */
const GROUP_MS = 20;
const MOST_IN_BATCH = 2_000;
/** So many events are read back at once, some two megabytes; each reading waits its turn behind commits. */
const EVENTS_READ = 4_000;
/** A disk that refuses so often in a row is broken or full: inputs then go on from memory. */
const TRIES = 3;
const RETRY_MS = 200;
const RETRY_FAILING_MS = 1_000;
const BATCHES_WRITTEN = 50;
/** Asterisk's threads stamp and tell events not in quite the same order: what was stamped a moment before the last word may be missing too. */
const OUT_OF_ORDER = fromMs(10);
const BYTES_A_MB = 1_048_576;
/** From so full on, people hear of it before anything is left out. */
const NEARLY_FULL = 0.8;
/** Of a spool that has more than this of its room in use, what is written is forgotten sooner. */
const CROWDED = 0.25;

/** The spool on disk (see {@link Spool}): a SQLite file for each PBX, written by a thread of its own. */
export class DiskSpool implements Spool {
  readonly listener: string;
  state: string | Uint8Array | null;
  readonly #thread: SpoolThread;
  readonly #admission: Admission;
  readonly #logger: Logger;
  readonly #maxMb: number;
  /** Each input as a line. */
  #pending: string[] = [];
  /** Of what is pending and of what is unwritten. */
  #memoryBytes = 0;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #lastSeq: number;
  /** The newest batch that is on disk. */
  #lastOnDisk: number;
  #cursor: number;
  readonly #tail = new SpoolTail();
  /** Batches on the way to the disk, in order; while it fails, they are taken from here. */
  #unwritten: StoredBatch[] = [];
  #wake: (() => void) | null = null;
  /** Events received and not written yet, but for those pending. */
  #events: number;
  #taken = 0;
  #usedBytes: number;
  #failing: string | null = null;
  #said: 'room' | 'near' | 'full' = 'room';
  #heard: Heard | null;
  readonly #lastHeard: LastHeard;
  #closed = false;

  private constructor(thread: SpoolThread, opened: Opened, { maxMb, logger }: DiskSpoolOptions) {
    this.listener = opened.listener;
    this.state = opened.state;
    this.#thread = thread;
    this.#logger = logger;
    this.#maxMb = maxMb;
    this.#lastSeq = opened.lastSeq;
    this.#lastOnDisk = opened.lastSeq;
    this.#cursor = opened.checkpoint;
    this.#events = opened.events;
    this.#usedBytes = opened.usedBytes;
    this.#heard = opened.heard;
    this.#lastHeard = new LastHeard(opened.heard);
    this.#admission = new Admission(maxMb * BYTES_A_MB);
    // What ended the last run told nobody; the time from then on was not heard.
    if (opened.heard?.standing) this.push({ kind: 'disconnected', at: opened.heard.at - OUT_OF_ORDER, reason: 'Logbook was killed or its machine went down' });
  }

  /** Opens the spool of a PBX, as {@link openSpool} does. */
  static async open(options: DiskSpoolOptions): Promise<DiskSpool> {
    const { thread, opened } = await openSpool(options);
    return new DiskSpool(thread, opened, options);
  }

  push(input: PbxInput): void {
    if (this.#closed) return;
    this.#heard = this.#lastHeard.after(input);
    for (const admitted of this.#admission.admit(input, this.#usedBytes, this.#memoryBytes)) this.#put(admitted);
    this.#sayHowFull();
  }

  async take(signal: AbortSignal): Promise<SpoolBatch | null> {
    return decodeBatches(await this.takeStored(signal));
  }

  /** As {@link take}, still as text, for a thread that makes inputs of it; none where that says null. */
  async takeStored(signal: AbortSignal): Promise<Taken> {
    this.#events -= this.#taken;
    this.#taken = 0;
    for (;;) {
      if (this.#tail.lastSeq === null && this.#cursor < this.#lastOnDisk) await this.#readOn(signal);
      const batches = together(() => this.#shift(), MOST_IN_BATCH);
      if (batches.length > 0) {
        this.#cursor = batches.at(-1)?.seq ?? this.#cursor;
        this.#taken = eventsIn(batches);
        return { batches, more: this.#tail.lastSeq !== null, crowded: this.#usedBytes > CROWDED * this.#maxMb * BYTES_A_MB };
      }
      if (signal.aborted) return { batches, more: false, crowded: false };
      if (this.#cursor >= this.#lastOnDisk) await this.#arrival(signal);
    }
  }

  async checkpoint(seq: number, state: Uint8Array): Promise<void> {
    this.#usedBytes = await this.#thread.checkpoint(seq, state);
  }

  /**
   * For a drainer that begins anew after one that died: all that the last checkpoint does not cover is taken again. Answers the state
   * given with it. What went from memory alone, while the disk failed, is not taken again. Rejects with SpoolError; nobody may be taking.
   */
  async rewind(): Promise<string | Uint8Array | null> {
    const { state, checkpoint, events } = await this.#thread.open();
    // Some megabytes of a large PBX, which whoever rewinds has now.
    this.state = null;
    this.#tail.fill([]);
    this.#cursor = checkpoint;
    this.#taken = 0;
    this.#events = events + eventsIn(this.#unwritten);
    return state;
  }

  status(): SpoolStatus {
    return {
      waiting: this.#events + eventsAmong(this.#pending),
      usedMb: this.#usedBytes / BYTES_A_MB,
      maxMb: this.#maxMb,
      dropped: this.#admission.dropped,
      failing: this.#failing,
    };
  }

  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#writing) await (this.#writing ?? this.#write());
  }

  async close(): Promise<void> {
    for (const marker of this.#admission.end()) this.#put(marker);
    await this.flush();
    if (this.#unwritten.length > 0) await this.#write();
    const lost = eventsIn(this.#unwritten);
    if (lost > 0) this.#logger.error({ code: this.#failing, lost }, 'stopped with events that neither the spool nor the database took');
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#thread.close().catch((error: unknown) => this.#logger.warn({ reason: String(error) }, 'the spool did not close cleanly'));
  }

  #put(input: PbxInput): void {
    const text = encodeInput(input);
    this.#pending.push(text);
    this.#memoryBytes += text.length + 1;
    if (this.#writing) return;
    if (this.#pending.length >= MOST_IN_BATCH && this.#failing === null) void this.#write();
    else this.#writeSoon();
  }

  #writeSoon(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.#write(), this.#failing === null ? GROUP_MS : RETRY_FAILING_MS);
  }

  // Never rejects: what the disk does not take goes on from memory.
  #write(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      if (this.#unwritten.length > 0 || this.#pending.length > 0) this.#writeSoon();
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    do {
      this.#cut();
      const batches = this.#unwritten.slice(0, this.#failing === null ? BATCHES_WRITTEN : 1);
      if (batches.length === 0 || !(await this.#append(batches))) break;
      for (const batch of batches) this.#arrived(batch);
      this.#wake?.();
    } while (this.#unwritten.length > 0 || this.#pending.length > 0);
    this.#cut();
    this.#wake?.();
  }

  #cut(): void {
    const lines = this.#pending;
    this.#pending = [];
    for (let start = 0; start < lines.length; start += MOST_IN_BATCH) {
      const some = lines.slice(start, start + MOST_IN_BATCH);
      const events = eventsAmong(some);
      this.#events += events;
      this.#unwritten.push({ seq: (this.#lastSeq += 1), events, body: some.join('\n') });
    }
  }

  async #append(batches: readonly StoredBatch[]): Promise<boolean> {
    // As of the last of them, whatever comes while this is tried again.
    const heard = this.#heard;
    // While it fails nobody waits long for it again.
    for (let tries = this.#failing === null ? TRIES : 1; ; tries -= 1) {
      try {
        this.#usedBytes = await this.#thread.append(batches, heard);
        if (this.#failing !== null) this.#logger.info('the spool takes events again');
        this.#failing = null;
        return true;
      } catch (error) {
        const code = error instanceof SpoolError ? error.code : 'FAILED';
        if (tries > 1) await sleep(RETRY_MS);
        else {
          if (this.#failing !== code) this.#logger.error({ code }, 'the spool cannot be written; events go on from memory, and a crash would lose those not yet in the database');
          this.#failing = code;
          return false;
        }
      }
    }
  }

  /** A batch is on disk. One that was taken from memory meanwhile is not given out again. */
  #arrived(batch: StoredBatch): void {
    const waits = this.#unwritten[0] === batch;
    if (waits) this.#forget();
    const isNext = this.#tail.lastSeq === null ? this.#cursor >= this.#lastOnDisk : this.#tail.lastSeq === this.#lastOnDisk;
    this.#lastOnDisk = batch.seq;
    if (waits && isNext) this.#tail.add(batch);
  }

  /** The first of the unwritten is elsewhere now. */
  #forget(): StoredBatch | undefined {
    const first = this.#unwritten.shift();
    if (first) this.#memoryBytes -= first.body.length + 1;
    return first;
  }

  #shift(): StoredBatch | undefined {
    const next = this.#tail.shift();
    if (next) return next;
    // What is on disk comes first; only while the disk fails is nothing to be had from it any more.
    if (this.#failing === null || this.#cursor < this.#lastOnDisk) return undefined;
    return this.#forget();
  }

  #sayHowFull(): void {
    const part = this.#usedBytes / (this.#maxMb * BYTES_A_MB);
    const now = this.#admission.isFull ? 'full' : part >= NEARLY_FULL ? 'near' : 'room';
    if (now === this.#said) return;
    const details = { usedMb: Math.ceil(this.#usedBytes / BYTES_A_MB), maxMb: this.#maxMb, dropped: this.#admission.dropped };
    if (now === 'full') this.#logger.error(details, 'the spool is full: events of little value are left out and counted; calls are kept');
    else if (now === 'near') this.#logger.warn(details, 'the spool is nearly full; look at the database, or raise SPOOL_MAX_MB');
    else this.#logger.info(details, 'the spool has room again');
    this.#said = now;
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    try {
      const stored = await this.#thread.read(this.#cursor, EVENTS_READ);
      this.#tail.fill(stored);
      // What was appended while the last of these were read is found by the next read.
      if (stored.length === 0) this.#cursor = this.#lastOnDisk;
    } catch (error) {
      const code = error instanceof SpoolError ? error.code : 'FAILED';
      if (this.#failing !== code) this.#logger.error({ code }, 'the spool cannot be read; tried again');
      this.#failing = code;
      await sleep(1_000, undefined, { signal }).catch(() => undefined);
    }
  }

  #arrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake = null;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done);
    });
  }
}

const eventsAmong = (lines: readonly string[]): number => lines.reduce((count, line) => (isEventLine(line) ? count + 1 : count), 0);
const eventsIn = (batches: readonly StoredBatch[]): number => batches.reduce((sum, { events }) => sum + events, 0);
