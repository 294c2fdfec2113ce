import { isReliable, parseContactUri, type Remote } from '../../ami/address.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Output } from '../output.js';
import { confirmedContacts, newContact, type Account, type Appearance, type Auth, type LiveContact, type Removal } from './accounts.js';
import type { Agenda } from './agenda.js';
import { sessionRow } from './rows.js';
import { sameSocket, type Sockets } from './sockets.js';

/**
 * How long evidence waits for its counterpart. Asterisk tells a registration's authentication and
 * its contact through different threads, in no fixed order: milliseconds apart, a second on a busy machine.
 */
export const SETTLE: Micros = 2 * MICROS_PER_SECOND;

/** Asterisk removes expired contacts on a timer, and both clocks are whole seconds. */
const EXPIRY_SLACK: Micros = 2 * MICROS_PER_SECOND;
const MOST_UNEXPLAINED = 20;
const MOST_INCOMPLETE = 50;

/**
 * What the evidence about one account proves: AMI says "authenticated", "contact appeared" and
 * "contact removed" apart, and never "registered", "refreshed" or "unregistered" (chan_pjsip; for
 * chan_sip see FIELD-NOTES: `PeerStatus: Unregistered, Cause: Expired` is an explicit unregister too).
 */
export class Registrations {
  constructor(
    private readonly pbx: string,
    private readonly sockets: Sockets,
    private readonly agenda: Agenda<Account>,
  ) {}

  /** A passed authentication: a registration, a refresh, an unregistration or a call. */
  authenticated(account: Account, auth: Auth): Output[] {
    const outputs = this.settleSession(account, auth.sessionId);
    account.auths.push(auth);
    this.agenda.plan(auth.at + SETTLE, account);
    const waiting = account.appearances.find((appearance) => !appearance.auth && auth.at - appearance.at <= SETTLE && isOpenFor(appearance, auth));
    if (waiting?.renewal) {
      waiting.auth = auth;
      auth.claimed = true;
    } else if (waiting) outputs.push(...this.registered(account, waiting, auth));
    return outputs;
  }

  /** A contact that was not there before. */
  appeared(account: Account, uri: string, status: string, remote: Remote | null, at: Micros): Output[] {
    if (account.permanent.has(uri)) return [];
    const contact = newContact(uri, status);
    contact.remote = remote;
    contact.registeredAt = at;
    // chan_sip and IAX2 say "Registered"; PJSIP says the same of a contact that its configuration names.
    contact.confirmed = account.channelType !== 'PJSIP';
    account.contacts.set(uri, contact);
    const appearance: Appearance = { at, contact, auth: null, written: false, renewal: false };
    account.appearances.push(appearance);
    this.agenda.plan(at + SETTLE, account);
    const auth = pickAuth(account, appearance);
    return auth ? this.registered(account, appearance, auth) : [];
  }

  /** A registration renewed, as `ContactStatus: Updated` says outright. */
  refreshed(account: Account, contact: LiveContact, at: Micros): Output[] {
    const auth = account.auths.findLast((candidate) => !candidate.claimed && (contact.callId === null || candidate.sessionId === contact.callId));
    if (auth) auth.claimed = true;
    else {
      account.appearances.push({ at, contact, auth: null, written: true, renewal: true });
      this.agenda.plan(at + SETTLE, account);
    }
    return [this.register(account, contact, auth?.at ?? at)];
  }

  removed(account: Account, contact: LiveContact, cause: string, at: Micros): void {
    account.contacts.delete(contact.uri);
    account.lostAt = at;
    account.removals.push({ at, contact, cause, left: confirmedContacts(account).length });
    this.agenda.plan(at + SETTLE, account);
  }

  /** Where the account is registered, and where it was a moment ago and left unasked. */
  remotesOf(account: Account): Remote[] {
    const left = account.removals.filter((removal) => !this.ownAuth(account, removal)).map(({ contact }) => contact);
    return [...confirmedContacts(account), ...left].flatMap(({ remote }) => (remote ? [remote] : []));
  }

  /** Decides all that had waited long enough at `due`. */
  settle(account: Account, due: Micros): Output[] {
    const outputs: Output[] = [];
    const isDue = ({ at }: { readonly at: Micros }, patience = SETTLE): boolean => at + patience <= due;
    for (const appearance of account.appearances) {
      // chan_sip and IAX2 said "Registered"; of PJSIP only a listing can tell a registered contact from a configured one.
      if (!appearance.written && account.channelType !== 'PJSIP' && isDue(appearance)) outputs.push(...this.registered(account, appearance, null));
    }
    outputs.push(...this.decide(account, (removal) => isDue(removal), (auth) => isDue(auth)));
    account.auths = account.auths.filter((auth) => !auth.claimed);
    account.appearances = account.appearances.filter((appearance) => !appearance.written || !isDue(appearance, 2 * SETTLE));
    // What is written still tells a removal shortly after it why.
    if (account.appearances.some(({ written }) => written)) this.agenda.plan(due + SETTLE, account);
    return outputs;
  }

  canExplain(account: Account, callId: string): boolean {
    return openAuths(account).some((auth) => auth.sessionId === callId);
  }

  /** A listing shows this contact with a Call-ID that only unexplained authentications had: those were registrations. */
  explain(account: Account, contact: LiveContact, callId: string): Output[] {
    const proved = openAuths(account).filter((auth) => auth.sessionId === callId);
    account.unexplained = account.unexplained.filter((auth) => auth.sessionId !== callId);
    for (const appearance of account.appearances) {
      if (proved.length > 0 && appearance.contact === contact) appearance.written = true;
    }
    return proved.map((auth) => {
      auth.claimed = true;
      contact.remote = auth.remote ?? contact.remote;
      contact.registeredAt ??= auth.at;
      contact.confirmed = true;
      return this.register(account, contact, auth.at);
    });
  }

  /** A listing has this contact, and it can expire: whoever waited for proof of a registration has it. */
  confirm(account: Account, contact: LiveContact): Output[] {
    const waiting = account.appearances.find((appearance) => appearance.contact === contact && !appearance.written);
    return waiting ? this.registered(account, waiting, null) : [];
  }

  /** The phone waited for the answer to its last REGISTER, so that one has had all its effects. */
  private settleSession(account: Account, sessionId: string): Output[] {
    return this.decide(
      account,
      (removal) => this.ownAuth(account, removal)?.sessionId === sessionId,
      (auth) => auth.sessionId === sessionId,
    );
  }

  private decide(account: Account, removalIsDue: (removal: Removal) => boolean, authIsDue: (auth: Auth) => boolean): Output[] {
    const due = account.removals.filter(removalIsDue);
    account.removals = account.removals.filter((removal) => !due.includes(removal));
    const outputs = due.flatMap((removal) => this.unregistered(account, removal));
    for (const auth of account.auths) {
      // A removal that may be what this one asked for is decided first.
      if (auth.claimed || !authIsDue(auth) || account.removals.some((removal) => this.ownAuth(account, removal) === auth)) continue;
      auth.claimed = true;
      outputs.push(...this.unclaimed(account, auth));
    }
    return outputs;
  }

  private registered(account: Account, appearance: Appearance, auth: Auth | null): Output[] {
    const { contact } = appearance;
    const outputs: Output[] = [];
    appearance.written = true;
    appearance.auth = auth;
    contact.confirmed = true;
    if (auth) {
      auth.claimed = true;
      contact.remote = auth.remote ?? contact.remote;
      if (account.channelType === 'PJSIP') contact.callId = auth.sessionId;
    }
    if (contact.remote) {
      outputs.push(...this.sockets.sign(contact.remote, appearance.at, account.channelType));
      outputs.push(...this.sockets.use(contact.remote, account.name, account.description, appearance.at));
    }
    outputs.push(this.register(account, contact, auth ? Math.min(auth.at, appearance.at) : appearance.at));
    return outputs;
  }

  private whose(account: Account, contact: LiveContact) {
    return {
      peername: account.name,
      account: account.description,
      userAgent: contact.userAgent,
      remote: contact.remote,
      tlsCipher: this.sockets.tlsCipherOf(contact.remote),
      binding: 'bound' as const,
    };
  }

  private register(account: Account, contact: LiveContact, at: Micros): Output {
    // A phone asks for the same time again; the next listing says what it got.
    if (contact.expiresAt !== null && contact.renewedAt !== null && at > contact.renewedAt) contact.expiresAt += at - contact.renewedAt;
    contact.renewedAt = Math.max(contact.renewedAt ?? 0, at);
    const row = sessionRow(this.pbx, {
      at,
      event: 'REGISTER',
      source: 'CLIENT',
      details: '200 OK',
      ...this.whose(account, contact),
    });
    if (contact.userAgent === null || account.description === null) {
      const uri = contact.userAgent === null ? contact.uri : null;
      account.incomplete = [...account.incomplete, { key: row.key, uri, nameless: account.description === null }].slice(-MOST_INCOMPLETE);
    }
    return { kind: 'sip-session', row };
  }

  private unregistered(account: Account, removal: Removal): Output[] {
    const { contact } = removal;
    const unwritten = account.appearances.find((appearance) => appearance.contact === contact && !appearance.written);
    const outputs = unwritten ? this.registered(account, unwritten, null) : [];
    const own = this.ownAuth(account, removal);
    if (own) own.claimed = true;
    const reason = own ? '200 OK' : this.reasonOf(account, removal);
    const { left } = removal;
    const stays = left > 0 && reason !== 'REPLACED' ? `, ${left} contact${left === 1 ? '' : 's'} left` : '';
    outputs.push({
      kind: 'sip-session',
      row: sessionRow(this.pbx, {
        at: own ? Math.min(own.at, removal.at) : removal.at,
        event: 'UNREGISTER',
        source: own ? 'CLIENT' : 'SERVER',
        details: `${reason}${stays}`,
        ...this.whose(account, contact),
        distinction: contact.uri,
      }),
    });
    const { remote } = contact;
    if (remote && !confirmedContacts(account).some((other) => sameSocket(other.remote, remote))) {
      if (!own) outputs.push(...this.sockets.lost(remote, removal.at));
      else if (!isReliable(remote.transport)) this.sockets.forget(remote);
    }
    return outputs;
  }

  /** The authentication by which the phone itself asked for this removal, if it did. */
  private ownAuth(account: Account, removal: Removal): Auth | undefined {
    // chan_iax2 tells of no authentication, and gives no cause for what the peer asked for itself.
    if (account.channelType === 'IAX2' && removal.cause === '') return { at: removal.at, remote: removal.contact.remote, sessionId: '', claimed: true };
    return account.auths.findLast((auth) => {
      if (auth.claimed || Math.abs(auth.at - removal.at) > SETTLE) return false;
      if (account.channelType !== 'PJSIP') return true;
      return removal.contact.callId === null ? sameSocket(auth.remote, removal.contact.remote) : auth.sessionId === removal.contact.callId;
    });
  }

  private reasonOf(account: Account, { at, contact, cause }: Removal): string {
    const successor = account.appearances.some((appearance) => !appearance.renewal && appearance.contact !== contact && Math.abs(appearance.at - at) <= SETTLE);
    if (successor) return 'REPLACED';
    if (account.channelType !== 'PJSIP') return cause === '' ? 'UNREGISTERED' : cause.toUpperCase();
    if (contact.expiresAt === null) return 'REMOVED';
    if (at >= contact.expiresAt - EXPIRY_SLACK) return 'EXPIRED';
    const transport = contact.remote?.transport ?? parseContactUri(contact.uri)?.transport ?? null;
    return isReliable(transport) ? 'TRANSPORT_CLOSED' : 'REMOVED';
  }

  private unclaimed(account: Account, auth: Auth): Output[] {
    const contact = [...account.contacts.values()].find((candidate) =>
      account.channelType === 'PJSIP' ? candidate.callId === auth.sessionId : candidate.confirmed,
    );
    if (contact) {
      if (account.channelType !== 'PJSIP' || contact.remote === null) contact.remote = auth.remote ?? contact.remote;
      return [this.register(account, contact, auth.at)];
    }
    account.unexplained = [...account.unexplained, auth].slice(-MOST_UNEXPLAINED);
    return [];
  }
}

const openAuths = (account: Account): Auth[] => [...account.unexplained, ...account.auths.filter((auth) => !auth.claimed)];

const isOpenFor = (appearance: Appearance, auth: Auth): boolean => (appearance.renewal ? appearance.contact.callId === auth.sessionId : !appearance.written);

/** The authentication that brought this contact: the one from the address it names, else the newest. */
function pickAuth(account: Account, { at, contact }: Appearance): Auth | undefined {
  const open = account.auths.filter((auth) => !auth.claimed && at - auth.at <= SETTLE);
  const claimed = parseContactUri(contact.uri);
  return open.findLast((auth) => sameSocket(auth.remote, contact.remote ?? claimed)) ?? open.at(-1);
}
