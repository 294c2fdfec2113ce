import { formatAddress, type Remote } from '../../ami/address.js';
import type { Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { NewSipSession } from '../output.js';
import type { Binding, SipEvent } from './columns.js';

/** What a row of the session log is made of; absent parts are null. */
export interface SessionFacts {
  readonly at: Micros;
  readonly event: SipEvent;
  readonly source: 'CLIENT' | 'SERVER';
  readonly details: string;
  readonly peername?: string | null;
  readonly account?: string | null;
  readonly userAgent?: string | null;
  readonly remote?: Remote | null;
  readonly tlsCipher?: string | null;
  readonly binding: Binding;
  /** Tells apart what would otherwise look the same, such as two providers with one user name. */
  readonly distinction?: string;
  /**
   * What the key is made of instead of the row's columns: the event that settled it, as everybody has it who heard that
   * event. One who began to listen a moment ago may know nothing else.
   */
  readonly evidence?: Evidence;
}

export type Evidence =
  | readonly ['auth' | 'contact', at: Micros, which: string]
  | readonly ['listing', at: Micros, uri: string, callId: string | null]
  | readonly ['socket', at: Micros, which: string]
  | readonly ['refusal', at: Micros, ...what: string[]];

/**
 * A row with its key. The key leaves out what may be learned later or differently (account name,
 * user agent, transport), so that the same happening heard twice is one row.
 */
export function sessionRow(pbx: string, facts: SessionFacts): NewSipSession {
  const remoteAddress = facts.remote ? formatAddress(facts.remote) : null;
  const peername = facts.peername ?? null;
  return {
    key: facts.evidence
      ? eventKey(pbx, facts.event, peername, ...facts.evidence)
      : eventKey(pbx, facts.event, facts.at, facts.source, peername, remoteAddress, facts.details, facts.distinction ?? ''),
    timestamp: facts.at,
    event: facts.event,
    source: facts.source,
    peername,
    account: facts.account ?? null,
    details: facts.details,
    userAgent: facts.userAgent ?? null,
    remoteAddress,
    transport: facts.remote?.transport ?? null,
    tlsCipher: facts.tlsCipher ?? null,
    reconciled: facts.binding === 'bound',
    binding: facts.binding,
    candidates: null,
    pbx,
  };
}

/** `ChallengeResponseFailed` -> `CHALLENGE_RESPONSE_FAILED`, `FailedACL` -> `FAILED_ACL`, `Auth. Sent` -> `AUTH_SENT`. */
export function upperSnake(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
    .toUpperCase();
}
