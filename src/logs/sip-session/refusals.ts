import { parseSecurityAddress } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Output } from '../output.js';
import { sessionRow, upperSnake } from './rows.js';

/** Security events that say a SIP request was turned away. */
export const REFUSALS: ReadonlySet<string> = new Set([
  'InvalidAccountID',
  'InvalidPassword',
  'ChallengeResponseFailed',
  'FailedACL',
  'AuthMethodNotAllowed',
  'UnexpectedAddress',
  'InvalidTransport',
  'RequestNotAllowed',
]);

const SAME_ATTEMPT: Micros = 5 * MICROS_PER_SECOND;
const MOST_ATTEMPTS = 10_000;

/** Refused registrations: one attempt is one row, however many events Asterisk makes of it. */
export class Refusals {
  /** Attempts with an unknown account that are under way, by SIP session. */
  private readonly attempts = new Map<string, Micros>();

  constructor(private readonly pbx: string) {}

  /** `accountOf` gives the display name of an account that exists, undefined for one that does not. */
  translate(event: AmiEvent, accountOf: (name: string) => string | null | undefined): Output[] {
    const accountId = event.get('AccountID');
    const session = `${event.get('SessionID')} ${event.get('RemoteAddress')}`;
    if (accountId === '<unknown>') {
      // chan_pjsip closes an attempt with an unknown account this way; InvalidAccountID named it already.
      if (event.name === 'ChallengeResponseFailed') this.attempts.delete(session);
      return [];
    }
    if (event.name === 'InvalidAccountID') {
      // It comes before the challenge and again after it.
      const openedAt = this.attempts.get(session);
      if (openedAt !== undefined && event.at - openedAt < SAME_ATTEMPT) return [];
      this.remember(session, event.at);
    }
    const account = accountOf(accountId);
    // The name is a claim. chan_pjsip says so when there is no such account; chan_sip does not.
    const exists = event.get('Service') === 'PJSIP' ? event.name !== 'InvalidAccountID' : account !== undefined;
    return [
      {
        kind: 'sip-session',
        row: sessionRow(this.pbx, {
          at: event.at,
          event: 'REGISTER',
          source: 'CLIENT',
          details: upperSnake(event.name),
          peername: accountId,
          account: account ?? null,
          remote: parseSecurityAddress(event.get('RemoteAddress')),
          binding: exists ? 'bound' : 'unknown',
          distinction: event.get('SessionID'),
        }),
      },
    ];
  }

  save(): readonly (readonly [string, Micros])[] {
    return [...this.attempts];
  }

  load(attempts: readonly (readonly [string, Micros])[]): void {
    for (const [session, at] of attempts) this.attempts.set(session, at);
  }

  private remember(session: string, at: Micros): void {
    if (this.attempts.size >= MOST_ATTEMPTS) {
      const oldest = this.attempts.keys().next().value;
      if (oldest !== undefined) this.attempts.delete(oldest);
    }
    this.attempts.delete(session);
    this.attempts.set(session, at);
  }
}
