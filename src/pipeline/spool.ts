import type { PbxInput } from '../ami/input.js';

/** A run of inputs that one commit put on disk. */
export interface SpoolBatch {
  /** Ever higher, without holes that mean anything. */
  readonly seq: number;
  readonly inputs: readonly PbxInput[];
  /** Lines that are no inputs any more, where the disk was damaged. */
  readonly damaged?: readonly string[];
  /** The next batch can be had at once. */
  readonly more?: boolean;
  /** The spool has less room left than it should: what is written ought to be forgotten soon. */
  readonly crowded?: boolean;
}

export interface SpoolStatus {
  /** Inputs that are received and not yet written to the logs, on disk and on the way there, but for those of the transaction under way. */
  readonly waiting: number;
  readonly usedMb: number;
  readonly maxMb: number;
  /** Events of little value left out since the start, because the spool was full. */
  readonly dropped: number;
  /** Why nothing can be put on disk at present, null when it can. Inputs then wait in memory. */
  readonly failing: string | null;
}

/**
 * What stands between the socket and the database: inputs go to disk within 50 ms, in the order in which they were
 * heard, and leave it only when what translation made of them is in the log tables.
 *
 * Beside the inputs it keeps the translator's state as it was after the last of those that are gone, so that after a
 * crash at any point the same inputs meet the same state, and give rows with the same keys.
 */
export interface Spool {
  /** Names this process among others that listen to the same PBX; stays the same as long as the file does. */
  readonly listener: string;
  /** The state given with the last `checkpoint`, null in a new spool; text where an earlier release wrote it. */
  readonly state: string | Uint8Array | null;
  /** Takes an input. Never waits and never throws. */
  push(input: PbxInput): void;
  /** The next committed batch; waits for one. Null once `signal` has aborted and nothing committed is left. */
  take(signal: AbortSignal): Promise<SpoolBatch | null>;
  /** All up to and with `seq` is written, and `state` is the translator's after it: that much may be forgotten. */
  checkpoint(seq: number, state: Uint8Array): Promise<void>;
  status(): SpoolStatus;
  /** Puts on disk what is still in memory: what was pushed before is there when this resolves, or `status` says why not. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
