import type { Micros } from '../../time.js';
import type { Output } from '../output.js';
import type { Account, Auth, Inference, LiveContact, Removal } from './accounts.js';
import type { Outage } from './outage.js';
import { sessionRow, type Evidence, type SessionFacts } from './rows.js';
import type { Sockets } from './sockets.js';

const MOST_INCOMPLETE = 50;

/** The rows about accounts: who came and went, and by which evidence. */
export class RegistrationRows {
  constructor(
    private readonly pbx: string,
    private readonly sockets: Sockets,
    private readonly outage: Outage,
  ) {}

  /** `isHalf`: its counterpart may have been heard by another listener, whose row then has another key. */
  register(account: Account, contact: LiveContact, at: Micros, evidence: Evidence, isHalf: boolean): Output {
    // A phone asks for the same time again; the next listing says what it got.
    if (contact.expiresAt !== null && contact.renewedAt !== null && at > contact.renewedAt) contact.expiresAt += at - contact.renewedAt;
    contact.renewedAt = Math.max(contact.renewedAt ?? 0, at);
    const heard = isHalf ? this.outage.rowsOf(account.name, at) : [];
    const output = this.row(account, contact, { at, event: 'REGISTER', source: 'CLIENT', details: '200 OK', evidence });
    return isHalf ? { ...output, doubt: { kind: 'inferred', since: at, heard } } : output;
  }

  /** `own` is the authentication by which the phone asked for it, null when it did not. */
  unregister(account: Account, removal: Removal, own: Auth | null, reason: string): Output {
    const { at, contact, left } = removal;
    return this.row(account, contact, {
      at: own ? Math.min(own.at, at) : at,
      event: 'UNREGISTER',
      source: own ? 'CLIENT' : 'SERVER',
      details: reason === 'REPLACED' ? reason : `${reason}${stays(left)}`,
      evidence: byContact(contact, at),
    });
  }

  inferredRegister(account: Account, contact: LiveContact, inference: Inference): Output {
    return this.inferred(account, contact, inference, { event: 'REGISTER', details: 'INFERRED' });
  }

  inferredUnregister(account: Account, { contact, left }: Removal, inference: Inference): Output {
    return this.inferred(account, contact, inference, { event: 'UNREGISTER', details: `INFERRED${stays(left)}` });
  }

  private inferred(account: Account, contact: LiveContact, inference: Inference, facts: Pick<SessionFacts, 'event' | 'details'>): Output {
    const { at, since } = inference;
    const heard = this.outage.rowsOf(account.name, since);
    const output = this.row(account, contact, { ...facts, at, source: 'SERVER', evidence: ['listing', at, contact.uri, contact.callId] });
    return { ...output, doubt: { kind: 'inferred', since, heard } };
  }

  private row(account: Account, contact: LiveContact, facts: Omit<SessionFacts, 'binding'>): Extract<Output, { kind: 'sip-session' }> {
    const row = sessionRow(this.pbx, {
      ...facts,
      peername: account.name,
      account: account.description,
      userAgent: contact.userAgent,
      remote: contact.remote,
      tlsCipher: this.sockets.tlsCipherOf(contact.remote),
      binding: 'bound',
    });
    this.outage.wrote(row);
    if (row.event === 'REGISTER' && (contact.userAgent === null || account.description === null)) {
      const uri = contact.userAgent === null ? contact.uri : null;
      account.incomplete = [...account.incomplete, { key: row.key, at: row.timestamp, uri, nameless: account.description === null }].slice(-MOST_INCOMPLETE);
    }
    return { kind: 'sip-session', row };
  }
}

const stays = (left: number): string => (left > 0 ? `, ${left} contact${left === 1 ? '' : 's'} left` : '');

/** The authentication settled it. */
export const byAuth = ({ at, sessionId }: Auth): Evidence => ['auth', at, sessionId];

/** What the PBX said of the contact at that time settled it. */
export const byContact = ({ uri }: LiveContact, at: Micros): Evidence => ['contact', at, uri];
