import type { Micros } from '../time.js';
import { parseEpoch, type PbxClock } from './clock.js';
import type { Action, Answer, ListAnswer } from './manager.js';

/** What the listings need of a connection that is logged in. */
export interface AmiLine {
  readonly clock: PbxClock;
  send(action: Action, timeoutMs?: number): Promise<Answer>;
  list(action: Action, timeoutMs?: number): Promise<ListAnswer>;
  /** The PBX's clock right now, asked for with `Ping`. */
  ping(): Promise<Micros>;
}

/** Asks for the PBX's clock, which the answer to `Ping` always carries, and sets the line's clock by it. */
export async function pingOn(line: Pick<AmiLine, 'clock' | 'send'>, timeoutMs: number): Promise<Micros> {
  const sentAt = line.clock.own();
  const answer = await line.send({ Action: 'Ping' }, timeoutMs);
  const pbxAt = parseEpoch(answer.headers.get('timestamp') ?? '');
  if (pbxAt === null) return line.clock.read();
  line.clock.calibrate(sentAt, line.clock.own(), pbxAt);
  return pbxAt;
}
