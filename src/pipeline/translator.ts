import type { AmiEvent } from '../ami/event.js';
import type { PbxInput, PbxZone } from '../ami/input.js';
import { translateCdr } from '../logs/cdr/translate.js';
import type { AccountState, Output } from '../logs/output.js';
import { SessionTracker, type SavedTracker } from '../logs/sip-session/tracker.js';
import { isManagementService, translateManagementLogin } from '../logs/web-session/translate.js';
import { Listening, type Segment } from './listening.js';

/** Goes up whenever what is remembered changes its form or its meaning. */
const VERSION = 4;

interface Saved {
  readonly version: number;
  readonly pbx: string;
  readonly zone: PbxZone | null;
  readonly listening: Segment | null;
  readonly sessions: SavedTracker;
}

/**
 * One PBX's inputs, in order, to rows: the only place where an event meets the log it belongs to.
 * Pure: it reads no clock and no database, so the same inputs always give the same outputs.
 */
export class Translator {
  private sessions: SessionTracker;
  private readonly listening: Listening;
  private zone: PbxZone | null = null;

  constructor(private readonly pbx: string) {
    this.sessions = new SessionTracker(pbx);
    this.listening = new Listening(pbx);
  }

  /** Where there is no state to load: takes up the accounts as the database keeps them. */
  restore(accounts: readonly AccountState[]): void {
    this.sessions.restore(accounts);
  }

  /** Where `load` worked: what another listener has written meanwhile, so that the sockets it saw are no news. */
  learn(accounts: readonly AccountState[]): void {
    this.sessions.learn(accounts);
  }

  /** All that it remembers, as JSON: a new translator that loads it answers every further input as this one would. */
  save(): string {
    return [...this.savePieces()].join('');
  }

  /** The same in pieces, each some milliseconds of work; nothing may be handled in between. */
  *savePieces(): Generator<string> {
    const rest: Omit<Saved, 'sessions'> = { version: VERSION, pbx: this.pbx, zone: this.zone, listening: this.listening.save() };
    yield `${JSON.stringify(rest).slice(0, -1)},"sessions":`;
    yield* this.sessions.save();
    yield '}';
  }

  /** Takes up what another one saved. False, and as new, when the text is of another version or PBX, or cannot be read. */
  load(text: string): boolean {
    try {
      const { version, pbx, zone, listening, sessions } = JSON.parse(text) as Saved;
      if (version !== VERSION || pbx !== this.pbx) return false;
      const tracker = new SessionTracker(pbx);
      tracker.load(sessions);
      this.sessions = tracker;
      this.zone = zone;
      this.listening.load(listening);
      return true;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) return false;
      throw error;
    }
  }

  handle(input: PbxInput): Output[] {
    const own = input.kind === 'event' ? this.ownLogs(input.event) : input.kind === 'zone' ? this.keepZone(input) : [];
    return [...this.sessions.handle(input), ...own, ...this.listening.handle(input)];
  }

  /** Decides what still waits for its counterpart, for one that hears nothing more: an event tried again on its own. */
  finish(): Output[] {
    return this.sessions.finish();
  }

  private keepZone({ zone, at }: Extract<PbxInput, { kind: 'zone' }>): Output[] {
    this.zone = zone;
    return [{ kind: 'pbx-zone', pbx: this.pbx, zone, at }];
  }

  private ownLogs(event: AmiEvent): Output[] {
    if (event.name === 'Cdr') {
      return [{ kind: 'cdr', row: translateCdr(this.pbx, event, this.zone) }];
    }
    if (!isManagementService(event.get('Service'))) return [];
    const row = translateManagementLogin(this.pbx, event);
    return row ? [{ kind: 'web-session', row }] : [];
  }
}
