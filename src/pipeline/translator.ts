import type { AmiEvent } from '../ami/event.js';
import type { PbxInput, PbxZone } from '../ami/input.js';
import { translateCdr } from '../logs/cdr/translate.js';
import type { AccountState, Output } from '../logs/output.js';
import { SessionTracker } from '../logs/sip-session/tracker.js';
import { isManagementService, translateManagementLogin } from '../logs/web-session/translate.js';

/**
 * One PBX's inputs, in order, to rows: the only place where an event meets the log it belongs to.
 * Pure: it reads no clock and no database, so the same inputs always give the same outputs.
 */
export class Translator {
  private readonly sessions: SessionTracker;
  private zone: PbxZone | null = null;

  constructor(private readonly pbx: string) {
    this.sessions = new SessionTracker(pbx);
  }

  /** Takes up the accounts as an earlier run left them. */
  restore(accounts: readonly AccountState[]): void {
    this.sessions.restore(accounts);
  }

  handle(input: PbxInput): Output[] {
    const own = input.kind === 'event' ? this.ownLogs(input.event) : input.kind === 'zone' ? this.keepZone(input) : [];
    return [...this.sessions.handle(input), ...own];
  }

  /** Decides what still waits for its counterpart: nothing more will come. */
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
