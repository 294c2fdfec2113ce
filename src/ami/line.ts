import type { Micros } from '../time.js';
import type { PbxClock } from './clock.js';
import type { Action, Answer, ListAnswer } from './manager.js';

/** What the listings need of a connection that is logged in. */
export interface AmiLine {
  readonly clock: PbxClock;
  send(action: Action, timeoutMs?: number): Promise<Answer>;
  list(action: Action, timeoutMs?: number): Promise<ListAnswer>;
  /** The PBX's clock right now, asked for with `Ping`. */
  ping(): Promise<Micros>;
}
