import { parseSecurityAddress } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { NewSipSession, Output } from '../output.js';
import { INFERENCE_MARGIN } from './outage.js';
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

/** An attempt with an unknown account that is under way. */
interface Attempt {
  readonly at: Micros;
  /** Its latest event: the one that everybody has who heard the end of it. */
  readonly lastAt: Micros;
  readonly name: string;
  readonly accountId: string;
  readonly sessionId: string;
  readonly remoteAddress: string;
  readonly account: string | null;
  readonly exists: boolean;
}

/** Refused registrations: one attempt is one row, however many events Asterisk makes of it. */
export class Refusals {
  /** By SIP session, the one that began first in front. */
  private readonly attempts = new Map<string, Attempt>();

  constructor(private readonly pbx: string) {}

  /** `accountOf` gives the display name of an account that exists, undefined for one that does not. */
  translate(event: AmiEvent, accountOf: (name: string) => string | null | undefined): Output[] {
    const [accountId, sessionId, remoteAddress] = [event.get('AccountID'), event.get('SessionID'), event.get('RemoteAddress')];
    const session = `${sessionId} ${remoteAddress}`;
    if (accountId === '<unknown>') {
      // chan_pjsip closes an attempt with an unknown account this way; InvalidAccountID named it already.
      return event.name === 'ChallengeResponseFailed' ? this.end(session, event.at) : [];
    }
    const account = accountOf(accountId);
    // The name is a claim. chan_pjsip says so when there is no such account; chan_sip does not.
    const exists = event.get('Service') === 'PJSIP' ? event.name !== 'InvalidAccountID' : account !== undefined;
    const begun = event.name === 'InvalidAccountID' ? this.attempts.get(session) : undefined;
    const attempt = begun ?? { at: event.at, lastAt: event.at, name: event.name, accountId, sessionId, remoteAddress, account: account ?? null, exists };
    if (event.name !== 'InvalidAccountID') return [{ kind: 'sip-session', row: this.row(attempt) }];
    // It comes before the challenge and again after it.
    this.attempts.set(session, { ...attempt, lastAt: event.at });
    return this.attempts.size > MOST_ATTEMPTS ? this.endFirst() : [];
  }

  /** Attempts that nobody went on with. */
  settle(now: Micros): Output[] {
    const outputs: Output[] = [];
    for (const { at } of this.attempts.values()) {
      // In the other direction the PBX's clock was set back.
      if (Math.abs(now - at) < SAME_ATTEMPT) break;
      outputs.push(...this.endFirst());
    }
    return outputs;
  }

  /** Nothing is heard any more: another listener may hear how those under way go on, and has another key for them. */
  cutOff(): Output[] {
    const outputs = [...this.attempts.values()].map((attempt): Output => {
      // Its row would be of the same instant.
      return { kind: 'sip-session', row: this.row(attempt), doubt: { kind: 'inferred', since: attempt.at + INFERENCE_MARGIN, heard: [] } };
    });
    this.attempts.clear();
    return outputs;
  }

  save(): readonly (readonly [string, Attempt])[] {
    return [...this.attempts];
  }

  load(attempts: readonly (readonly [string, Attempt])[]): void {
    for (const [session, attempt] of attempts) this.attempts.set(session, attempt);
  }

  private end(session: string, lastAt: Micros): Output[] {
    const attempt = this.attempts.get(session);
    this.attempts.delete(session);
    return attempt ? [{ kind: 'sip-session', row: this.row({ ...attempt, lastAt }) }] : [];
  }

  private endFirst(): Output[] {
    for (const [session, { lastAt }] of this.attempts) return this.end(session, lastAt);
    return [];
  }

  private row({ at, lastAt, name, accountId, sessionId, remoteAddress, account, exists }: Attempt): NewSipSession {
    return sessionRow(this.pbx, {
      at,
      event: 'REGISTER',
      source: 'CLIENT',
      details: upperSnake(name),
      peername: accountId,
      account,
      remote: parseSecurityAddress(remoteAddress),
      binding: exists ? 'bound' : 'unknown',
      evidence: ['refusal', lastAt, name, sessionId, remoteAddress],
    });
  }
}
