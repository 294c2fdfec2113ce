import type { PbxInput } from '../ami/input.js';
import type { Output } from '../logs/output.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';
import { timePassed, type HeardTime } from './heard.js';

/** How much of the time that was heard may still be untold: PBX time. */
const TELL_EVERY: Micros = 5 * MICROS_PER_SECOND;
/** For so long after somebody logged in, perhaps another listener, it is told at once: should this one be killed, no gap is between them. */
const AFTER_LOGIN: Micros = 2 * MICROS_PER_SECOND;
const TELL_EVERY_AFTER_LOGIN: Micros = MICROS_PER_SECOND / 4;

/** A login that stands: heard without a break. */
export interface Segment extends HeardTime {
  readonly from: Micros;
  /** How far it was told. */
  readonly told: Micros;
  /** When somebody last logged in to AMI; 0: nobody since this login stands. */
  readonly loginAt: Micros;
}

/** Tells when one PBX was heard: what no listener's segments cover is a gap. Pure: the same inputs give the same outputs. */
export class Listening {
  private segment: Segment | null = null;

  constructor(private readonly pbx: string) {}

  handle(input: PbxInput): Output[] {
    switch (input.kind) {
      case 'connected':
        return this.begin(input.at);
      case 'disconnected':
        return this.end(input.at, input.reason);
      case 'dropped':
        // The last that was left out lies in the range too.
        return [{ kind: 'loss', pbx: this.pbx, from: input.from, until: input.at + 1, reason: 'SPOOL_FULL', lost: input.count }, ...this.goOn(input)];
      default:
        return this.goOn(input);
    }
  }

  save(): Segment | null {
    return this.segment;
  }

  load(segment: Segment | null): void {
    this.segment = segment;
  }

  private begin(at: Micros): Output[] {
    const { segment } = this;
    this.segment = { from: at, until: at, clock: at, told: at, loginAt: 0 };
    // A process that was killed told nobody how far it had heard.
    const before = segment && segment.until > segment.told ? [this.tell(segment.from, segment.until, null)] : [];
    return [...before, this.tell(at, at, null)];
  }

  private goOn(input: Exclude<PbxInput, { kind: 'connected' | 'disconnected' }>): Output[] {
    const { segment } = this;
    if (!segment) return [];
    const passed = timePassed(segment, input);
    if (passed.kind === 'clock set') return [...this.end(segment.until, passed.reason), ...this.begin(passed.at)];
    const { until } = passed.heard;
    const isLogin = input.kind === 'event' && input.event.name === 'SuccessfulAuth' && input.event.get('Service') === 'AMI';
    const loginAt = isLogin ? until : segment.loginAt;
    const every = until - loginAt > AFTER_LOGIN ? TELL_EVERY : isLogin || input.kind === 'tick' ? 0 : TELL_EVERY_AFTER_LOGIN;
    const isDue = until > segment.told && until - segment.told >= every;
    this.segment = { ...segment, ...passed.heard, loginAt, told: isDue ? until : segment.told };
    return isDue ? [this.tell(segment.from, until, null)] : [];
  }

  /** The end may lie before what was told: time passed while nothing came any more. */
  private end(at: Micros, reason: string): Output[] {
    const { segment } = this;
    this.segment = null;
    return segment ? [this.tell(segment.from, Math.max(segment.from, at), reason)] : [];
  }

  private tell(from: Micros, until: Micros, reason: string | null): Output {
    return { kind: 'listening', pbx: this.pbx, from, until, reason };
  }
}
