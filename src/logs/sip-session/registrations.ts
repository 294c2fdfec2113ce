import { formatAddress, isReliable, parseContactUri, type Remote } from '../../ami/address.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Output } from '../output.js';
import { confirmedContacts, newContact, type Account, type Appearance, type Auth, type Inference, type LiveContact, type Removal } from './accounts.js';
import type { Agenda } from './agenda.js';
import { isForeign, isFrom, isOpenFor, openAuths, ownAuth, pickAuth, reasonOf, SETTLE } from './evidence.js';
import type { Outage } from './outage.js';
import { byAuth, byContact, type RegistrationRows } from './registration-rows.js';
import type { Evidence } from './rows.js';
import { sameSocket, type Sockets } from './sockets.js';

/**
 * How long what a listing proves waits for an event that says it better: here, where events come late, and at another
 * listener, which writes an UNREGISTER only after SETTLE.
 */
const INFER_AFTER: Micros = 5 * MICROS_PER_SECOND;

const MOST_UNEXPLAINED = 20;

/**
 * What the evidence about one account proves: AMI says "authenticated", "contact appeared" and
 * "contact removed" apart, and never "registered", "refreshed" or "unregistered" (chan_pjsip; for
 * chan_sip see FIELD-NOTES: `PeerStatus: Unregistered, Cause: Expired` is an explicit unregister too).
 *
 * Who began to listen in between has only the second half of a pair. So the key of a row is made of the half that came last,
 * except with `Updated`, which can belong to an authentication that nothing but a listing pairs it with.
 */
export class Registrations {
  constructor(
    private readonly rows: RegistrationRows,
    private readonly sockets: Sockets,
    private readonly agenda: Agenda<Account>,
    private readonly outage: Outage,
  ) {}

  /** A passed authentication: a registration, a refresh, an unregistration or a call. */
  authenticated(account: Account, auth: Auth): Output[] {
    const outputs = this.settleSession(account, auth.sessionId);
    account.auths.push(auth);
    this.agenda.plan(auth.at + SETTLE, account);
    const waiting = account.appearances.find((appearance) => isOpenFor(account, appearance, auth));
    if (waiting) outputs.push(...this.registered(account, waiting, auth, waiting.kind === 'new' ? byAuth(auth) : byContact(waiting.contact, waiting.at)));
    return outputs;
  }

  /** The PBX announces a contact. */
  appeared(account: Account, uri: string, status: string, remote: Remote | null, at: Micros): Output[] {
    if (account.permanent.has(uri)) return [];
    const peerAddress = remote && formatAddress(remote);
    const known = this.onlyListed(account, uri);
    const listed = known?.peerAddress === peerAddress ? known : null;
    const contact = listed ?? newContact(uri, status);
    contact.remote = remote ?? contact.remote;
    contact.peerAddress = peerAddress;
    contact.registeredAt = at;
    // chan_sip and IAX2 say "Registered"; PJSIP says the same of a contact that its configuration names.
    contact.confirmed = listed !== null || account.channelType !== 'PJSIP';
    account.contacts.set(uri, contact);
    this.heardOf(account, contact);
    return this.shown(account, contact, 'new', at);
  }

  /** A registration renewed, as `ContactStatus: Updated` says outright, also of a contact that nobody told of before. */
  refreshed(account: Account, uri: string, at: Micros): Output[] {
    const contact = account.contacts.get(uri) ?? newContact(uri, 'Unknown');
    contact.confirmed = true;
    account.contacts.set(uri, contact);
    this.heardOf(account, contact);
    return this.shown(account, contact, 'updated', at);
  }

  /** A listing has a contact that nothing was heard of; with an inference, one that registered while nobody listened. */
  listed(account: Account, contact: LiveContact, at: Micros, inferred: Inference | null): void {
    account.appearances.push({ at, contact, auth: null, written: inferred === null, cut: false, kind: 'listed', inferred });
    this.agenda.plan(at + (inferred ? INFER_AFTER : 2 * SETTLE), account);
  }

  /** Whether an event told of it a moment ago, and its row is still to come. */
  isShown(account: Account, contact: LiveContact): boolean {
    return account.appearances.some((appearance) => appearance.contact === contact && !appearance.written);
  }

  /** The contact of that URI, while only a listing a moment ago told of it. */
  onlyListed(account: Account, uri: string): LiveContact | null {
    const contact = account.contacts.get(uri);
    return contact && account.appearances.some((appearance) => appearance.kind === 'listed' && appearance.contact === contact) ? contact : null;
  }

  removed(account: Account, contact: LiveContact, cause: string, at: Micros, inferred: Inference | null = null): void {
    if (account.contacts.get(contact.uri) === contact) account.contacts.delete(contact.uri);
    account.lostAt = inferred?.at ?? at;
    // The event itself, where the listing came before it.
    account.removals = account.removals.filter((removal) => !removal.inferred || removal.contact.uri !== contact.uri);
    account.removals.push({ at, contact, cause, left: confirmedContacts(account).length, cut: this.outage.isAfterBreak(at, contact.renewedAt), inferred });
    this.agenda.plan(at + (inferred ? INFER_AFTER : SETTLE), account);
  }

  /** The contact of that URI that a listing a moment ago did not have any more. */
  onlyUnlisted(account: Account, uri: string): LiveContact | undefined {
    return account.removals.find((removal) => removal.inferred && removal.contact.uri === uri)?.contact;
  }

  /** Where the account is registered, and where it was a moment ago and left unasked. */
  remotesOf(account: Account): Remote[] {
    const left = account.removals.filter((removal) => !ownAuth(account, removal)).map(({ contact }) => contact);
    return [...confirmedContacts(account), ...left].flatMap(({ remote }) => (remote ? [remote] : []));
  }

  /** Decides all that had waited long enough at `due`; nothing was heard between that and `now`. */
  settle(account: Account, due: Micros, now: Micros): Output[] {
    const outputs: Output[] = [];
    const isDue = ({ at, inferred = null }: { readonly at: Micros; readonly inferred?: Inference | null }, patience = inferred ? INFER_AFTER : SETTLE): boolean =>
      at + patience <= due;
    for (const appearance of account.appearances) {
      // Of PJSIP only a listing can tell a registered contact from a configured one.
      if (!appearance.written && isDue(appearance) && appearance.contact.confirmed) outputs.push(...this.unpaired(account, appearance));
    }
    outputs.push(...this.decide(account, (removal) => isDue(removal), (auth) => isDue(auth)));
    account.auths = account.auths.filter((auth) => !auth.claimed);
    if (account.auths.length === 0) account.appearances = account.appearances.filter((appearance) => !appearance.written || !isDue(appearance, 2 * SETTLE));
    // What is written still tells a removal shortly after it why; what is overdue waits for a listing.
    if (account.appearances.some(({ written }) => written) || account.auths.some((auth) => isDue(auth))) this.agenda.plan(nextLook(due, now), account);
    return outputs;
  }

  /** Nothing is heard any more: what waits for its counterpart may have missed it. Answers whether anything waited. */
  cutOff(account: Account, at: Micros): boolean {
    const waiting = account.appearances.filter((appearance) => !appearance.written && at - appearance.at <= SETTLE);
    const cut = [...account.auths, ...waiting, ...account.removals];
    for (const evidence of cut) evidence.cut = true;
    return cut.length > 0;
  }

  canExplain(account: Account, callId: string): boolean {
    return openAuths(account).some((auth) => auth.sessionId === callId);
  }

  /** A listing shows this contact, and that these authentications were its registrations. */
  explain(account: Account, contact: LiveContact, proves: (auth: Auth) => boolean): Output[] {
    const proved = openAuths(account).filter(proves);
    const unexplained = account.unexplained.filter(proves);
    account.unexplained = account.unexplained.filter((auth) => !unexplained.includes(auth));
    return proved.flatMap((auth) => {
      contact.remote = auth.remote ?? contact.remote;
      contact.registeredAt ??= auth.at;
      contact.confirmed = true;
      const waiting = account.appearances.find((appearance) => appearance.contact === contact && isOpenFor(account, appearance, auth));
      if (waiting) return this.registered(account, waiting, auth, byContact(contact, waiting.at));
      // It may still meet the contact's own event, or that told of it already, without a Call-ID.
      if (!unexplained.includes(auth) || (contact.renewedAt !== null && Math.abs(auth.at - contact.renewedAt) <= SETTLE)) return [];
      this.heardOf(account, contact);
      for (const appearance of account.appearances) if (appearance.contact === contact) appearance.written = true;
      return [this.rows.register(account, contact, auth.at, byAuth(auth), auth.cut)];
    });
  }

  /** A listing has this contact, and it can expire: it is a registration. */
  confirm(account: Account, contact: LiveContact, at: Micros): Output[] {
    contact.confirmed = true;
    const waiting = account.appearances.find((appearance) => appearance.contact === contact && !appearance.written);
    if (!waiting) return [];
    if (at - waiting.at > SETTLE) return this.unpaired(account, waiting);
    this.agenda.plan(waiting.at + SETTLE, account);
    return [];
  }

  private shown(account: Account, contact: LiveContact, kind: 'new' | 'updated', at: Micros): Output[] {
    const appearance: Appearance = { at, contact, auth: null, written: false, cut: this.outage.isUnsure(account.channelType, at), kind, inferred: null };
    account.appearances.push(appearance);
    this.agenda.plan(at + SETTLE, account);
    const auth = pickAuth(account, appearance);
    return auth ? this.registered(account, appearance, auth, byContact(contact, at)) : [];
  }

  /** An event says what a listing would have proved. */
  private heardOf(account: Account, contact: LiveContact): void {
    account.appearances = account.appearances.filter((appearance) => appearance.kind !== 'listed' || appearance.contact !== contact);
  }

  /** The phone waited for the answer to its last REGISTER, so that one has had all its effects. */
  private settleSession(account: Account, sessionId: string): Output[] {
    return this.decide(
      account,
      (removal) => ownAuth(account, removal)?.sessionId === sessionId,
      (auth) => auth.sessionId === sessionId,
    );
  }

  private decide(account: Account, removalIsDue: (removal: Removal) => boolean, authIsDue: (auth: Auth) => boolean): Output[] {
    const due = account.removals.filter(removalIsDue);
    account.removals = account.removals.filter((removal) => !due.includes(removal));
    const outputs = due.flatMap((removal) => this.unregistered(account, removal));
    // What an authentication was for, only the next listing can tell of one from around a break.
    if (this.outage.unlisted(account.channelType)) return outputs;
    for (const auth of account.auths) {
      // A removal that may be what this one asked for is decided first.
      if (auth.claimed || !authIsDue(auth) || account.removals.some((removal) => ownAuth(account, removal) === auth)) continue;
      auth.claimed = true;
      outputs.push(...this.unclaimed(account, auth));
    }
    return outputs;
  }

  private unpaired(account: Account, appearance: Appearance): Output[] {
    const { contact, at, inferred } = appearance;
    if (!inferred) return this.registered(account, appearance, null, byContact(contact, at));
    appearance.written = true;
    // Its authentication was heard after all, and will make the row.
    const isHeard = account.auths.some((auth) => !auth.claimed && (account.channelType !== 'PJSIP' || auth.sessionId === contact.callId));
    return isHeard ? [] : [this.rows.inferredRegister(account, contact, inferred)];
  }

  private registered(account: Account, appearance: Appearance, auth: Auth | null, evidence: Evidence): Output[] {
    const { contact } = appearance;
    const outputs: Output[] = [];
    appearance.written = true;
    appearance.auth ??= auth;
    contact.confirmed = true;
    if (auth) auth.claimed = true;
    // Around a break it may be another phone's.
    const isOwn = auth !== null && !(appearance.cut && isForeign(account, contact, auth));
    if (isOwn) {
      contact.remote = auth.remote ?? contact.remote;
      if (account.channelType === 'PJSIP') contact.callId = auth.sessionId;
    } else if (appearance.kind === 'updated' && appearance.auth === null) contact.callId = null;
    if (contact.remote) {
      outputs.push(...this.sockets.sign(contact.remote, appearance.at, account.channelType));
      outputs.push(...this.sockets.use(contact.remote, account.name, account.description, appearance.at));
    }
    outputs.push(this.rows.register(account, contact, auth ? Math.min(auth.at, appearance.at) : appearance.at, evidence, appearance.cut));
    return outputs;
  }

  private unregistered(account: Account, removal: Removal): Output[] {
    const { contact, inferred } = removal;
    const unwritten = account.appearances.find((appearance) => appearance.contact === contact && !appearance.written);
    const outputs = unwritten ? this.unpaired(account, unwritten) : [];
    const own = ownAuth(account, removal) ?? null;
    if (own) own.claimed = true;
    if (inferred) outputs.push(this.rows.inferredUnregister(account, removal, inferred));
    else outputs.push(this.rows.unregister(account, removal, own, own ? '200 OK' : reasonOf(account, removal)));
    const { remote } = contact;
    if (remote && !confirmedContacts(account).some((other) => sameSocket(other.remote, remote))) {
      // A UDP phone whose authentication may have gone unheard may have left politely.
      const isLost = !own && !inferred && (!removal.cut || isReliable(remote.transport));
      if (isLost) outputs.push(...this.sockets.lost(remote, removal.at));
      else if (!isReliable(remote.transport)) this.sockets.forget(remote);
    }
    return outputs;
  }

  private unclaimed(account: Account, auth: Auth): Output[] {
    const contact = [...account.contacts.values()].find((candidate) =>
      account.channelType === 'PJSIP' ? candidate.callId === auth.sessionId : candidate.confirmed && (!auth.cut || isFrom(auth, candidate)),
    );
    // `Updated` has no Call-ID: it told of this registration when its Call-ID was not known yet.
    const told = account.appearances.find(
      ({ kind, at, auth: other, contact: updated }) =>
        kind === 'updated' && other === null && Math.abs(at - auth.at) <= SETTLE && (updated === contact || isFrom(auth, updated) || sameSocket(auth.remote, parseContactUri(updated.uri))),
    );
    if (told) {
      told.auth = auth;
      told.contact.callId = auth.sessionId;
      told.contact.remote = auth.remote ?? told.contact.remote;
      this.heardOf(account, told.contact);
      return [];
    }
    if (contact) {
      if (account.channelType !== 'PJSIP' || contact.remote === null) contact.remote = auth.remote ?? contact.remote;
      this.heardOf(account, contact);
      return [this.rows.register(account, contact, auth.at, byAuth(auth), auth.cut)];
    }
    account.unexplained = [...account.unexplained, auth].slice(-MOST_UNEXPLAINED);
    return [];
  }
}

/**
 * When to look again: SETTLE later, of now where the clock was set back meanwhile. Where nothing was heard for long, the steps in between would find nothing, and to
 * an event that a wrong clock dated decades ahead they would take for ever.
 */
const nextLook = (due: Micros, now: Micros): Micros => (due > now ? now : due) + SETTLE * Math.max(1, Math.floor((now - due) / SETTLE));
