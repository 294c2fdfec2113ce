import { parseHostPort, parseSecurityAddress, parseTransport, type Remote } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import type { ChannelType, PbxInput } from '../../ami/input.js';
import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { AccountState, Output } from '../output.js';
import { accountState, confirmedContacts, newAccount, newContact, type Account, type LiveContact } from './accounts.js';
import { squareListing } from './listing.js';
import { REFUSALS, Refusals } from './refusals.js';
import { Registrations, SETTLE } from './registrations.js';
import { SecurityMemory } from './security-memory.js';
import { socketKey, Sockets } from './sockets.js';
import { translateRegistry, translateUserEvent } from './translate.js';

/** Statuses by which chan_pjsip announces a contact (`Created` before Asterisk 14). */
const NEW_CONTACT = new Set(['NonQualified', 'Created', 'Unknown', 'Reachable']);
const SETTLE_EVERY: Micros = 100 * MICROS_PER_MS;
const SWEEP_EVERY: Micros = 600 * MICROS_PER_SECOND;
const LONG_EXPIRED: Micros = 600 * MICROS_PER_SECOND;

/**
 * Turns what one PBX says into rows of the session log and into the state of its accounts. A pure
 * reducer: no clock, no database; the same inputs give the same outputs.
 */
export class SessionTracker {
  private readonly accounts = new Map<string, Account>();
  private readonly sockets: Sockets;
  private readonly registrations: Registrations;
  private readonly refusals: Refusals;
  private readonly memory = new SecurityMemory();
  private readonly changed = new Set<Account>();
  /** Accounts with evidence that waits for its counterpart. */
  private readonly waiting = new Set<Account>();
  private settledAt: Micros = 0;
  private sweptAt: Micros = 0;

  constructor(private readonly pbx: string) {
    this.sockets = new Sockets(pbx, () => {
      const remotes = [...this.accounts.values()].flatMap((account) => this.registrations.remotesOf(account));
      return new Set(remotes.map(socketKey));
    });
    this.registrations = new Registrations(pbx, this.sockets);
    this.refusals = new Refusals(pbx);
  }

  /** Takes up what an earlier run knew: names, Call-IDs and addresses from the wire. */
  restore(states: readonly AccountState[]): void {
    for (const state of states) {
      const account = this.account(state.channelType, state.username);
      account.description = state.description;
      account.since = state.since;
      account.online = state.contacts.length > 0;
      for (const stored of state.contacts) {
        const contact = newContact(stored.uri, stored.status);
        contact.callId = stored.callId;
        contact.userAgent = stored.userAgent;
        contact.expiresAt = stored.expiresAt;
        contact.registeredAt = stored.registeredAt;
        contact.remote = stored.remoteAddress === null ? null : parseHostPort(stored.remoteAddress, stored.transport);
        account.contacts.set(contact.uri, contact);
        if (contact.remote) this.sockets.open(contact.remote, state.updatedAt);
      }
    }
  }

  handle(input: PbxInput): Output[] {
    const at = input.kind === 'event' ? input.event.at : input.at;
    const outputs = this.settle(at);
    switch (input.kind) {
      case 'event':
        outputs.push(...this.event(input.event));
        break;
      case 'connected':
        this.sockets.disconnectedFromPbx();
        break;
      case 'contacts':
        outputs.push(...this.contacts(input));
        break;
      case 'transport-monitors':
        outputs.push(...this.sockets.monitors(input));
        break;
      case 'account-name':
        outputs.push(...this.named(this.account(input.channelType, input.endpoint), input.name));
        break;
      case 'disconnected':
      case 'dropped':
      case 'zone':
      case 'tick':
        break;
    }
    return [...outputs, ...this.states(at)];
  }

  /** Decides all that still waits, as if its time had passed. */
  finish(): Output[] {
    const at = this.settledAt + 2 * SETTLE;
    const outputs = [...this.waiting].flatMap((account) => this.settleAccount(account, at));
    return [...outputs, ...this.states(at)];
  }

  private event(event: AmiEvent): Output[] {
    if (event.name === 'ContactStatus') return this.contactStatus(event);
    if (event.name === 'PeerStatus') return this.peerStatus(event);
    if (event.name === 'Registry') return row(translateRegistry(this.pbx, event));
    if (event.name === 'UserEvent') return this.userEvent(event);
    const service = event.get('Service');
    return service === 'PJSIP' || service === 'SIP' || service === 'IAX2' ? this.security(event, service) : [];
  }

  private security(event: AmiEvent, channelType: ChannelType): Output[] {
    if (this.memory.isRepeated(event)) return [];
    const remote = parseSecurityAddress(event.get('RemoteAddress'));
    const outputs = remote ? this.sockets.sign(remote, event.at, channelType) : [];
    if (event.name === 'ChallengeSent') this.memory.challenged(event);
    else if (event.name === 'SuccessfulAuth') outputs.push(...this.authenticated(event, channelType, remote));
    else if (REFUSALS.has(event.name) && this.memory.callerOf(event) === null) {
      outputs.push(...this.refusals.translate(event, (name) => this.accounts.get(keyOf(channelType, name))?.description));
    }
    return outputs;
  }

  private authenticated(event: AmiEvent, channelType: ChannelType, remote: Remote | null): Output[] {
    const caller = this.memory.callerOf(event);
    const name = caller ?? event.get('AccountID');
    if (name === '') return [];
    const outputs: Output[] = [];
    const account = this.concerned(channelType, name, event.at, outputs);
    if (remote) outputs.push(...this.sockets.use(remote, name, account.description, event.at));
    if (caller !== null) return outputs;
    const auth = { at: event.at, remote, sessionId: event.get('SessionID'), claimed: false };
    return [...outputs, ...this.registrations.authenticated(account, auth)];
  }

  private contactStatus(event: AmiEvent): Output[] {
    const outputs: Output[] = [];
    const account = this.concerned('PJSIP', event.get('EndpointName') || event.get('AOR'), event.at, outputs);
    const uri = event.get('URI');
    const status = event.get('ContactStatus');
    const contact = account.contacts.get(uri);
    this.changed.add(account);
    if (!contact) {
      if (NEW_CONTACT.has(status)) outputs.push(...this.registrations.appeared(account, uri, status, null, event.at));
    } else if (status === 'Removed') this.registrations.removed(account, contact, '', event.at);
    else if (status === 'Updated') outputs.push(...this.registrations.refreshed(account, contact, event.at));
    else outputs.push(...this.reachability(account, contact, status, event.at));
    return outputs;
  }

  private peerStatus(event: AmiEvent): Output[] {
    const channelType = event.get('ChannelType');
    // chan_pjsip's PeerStatus repeats what ContactStatus says, with less.
    if (channelType !== 'SIP' && channelType !== 'IAX2') return [];
    const name = event.get('Peer').replace(/^[^/]*\//, '');
    const outputs: Output[] = [];
    const account = this.concerned(channelType, name, event.at, outputs);
    const contact = account.contacts.get(name);
    const status = event.get('PeerStatus');
    this.changed.add(account);
    if (status === 'Registered') {
      const remote = parseHostPort(event.get('Address'), null);
      const moved = contact?.remote && remote && !(contact.remote.ip === remote.ip && contact.remote.port === remote.port);
      if (contact && moved) this.registrations.removed(account, contact, 'Replaced', event.at);
      outputs.push(...this.registrations.appeared(account, name, 'Registered', remote, event.at));
    } else if (status === 'Unregistered') {
      this.registrations.removed(account, contact ?? newContact(name, status), event.get('Cause'), event.at);
    } else if (contact) outputs.push(...this.reachability(account, contact, status, event.at));
    return outputs;
  }

  /** A phone that stops answering has left its socket; one that answers again is back on it. */
  private reachability(account: Account, contact: LiveContact, status: string, at: Micros): Output[] {
    const { remote, status: before } = contact;
    contact.status = status;
    if (!remote || before === status) return [];
    if (status === 'Unreachable') return this.sockets.lost(remote, at);
    if (before !== 'Unreachable' || status !== 'Reachable') return [];
    return [...this.sockets.sign(remote, at, account.channelType, 'REACHABLE'), ...this.sockets.use(remote, account.name, account.description, at)];
  }

  private userEvent(event: AmiEvent): Output[] {
    if (event.get('UserEvent') !== 'SipSession') return [];
    const translated = translateUserEvent(this.pbx, event, (name) => this.describe(name));
    if (typeof translated === 'string') {
      return [{ kind: 'untranslatable', event: 'UserEvent SipSession', reason: translated, headers: [...event.headers()].map(([name]) => name) }];
    }
    const remote = parseHostPort(event.get('Remoteaddr'), parseTransport(event.get('Transport')));
    if (remote && translated.event === 'CONNECT') this.sockets.open(remote, event.at, translated.tlsCipher);
    if (remote && translated.event === 'DISCONNECT') this.sockets.forget(remote);
    return row(translated);
  }

  private contacts(listing: Extract<PbxInput, { kind: 'contacts' }>): Output[] {
    const outputs: Output[] = [];
    const listed = squareListing(listing, {
      account: (name) => this.account(listing.channelType, name),
      accounts: () => [...this.accounts.values()].filter((account) => account.channelType === listing.channelType),
      registrations: this.registrations,
      sockets: this.sockets,
      outputs,
    });
    for (const account of listed) this.changed.add(account);
    for (const { endpoint, description } of listing.contacts) {
      if (description !== null && description !== '') outputs.push(...this.named(this.account(listing.channelType, endpoint), description));
    }
    return outputs;
  }

  private named(account: Account, name: string): Output[] {
    if (account.description === name) return [];
    account.description = name;
    this.changed.add(account);
    const nameless = account.incomplete.filter((row) => row.nameless);
    account.incomplete = account.incomplete.filter(({ uri }) => uri !== null).map((row) => ({ ...row, nameless: false }));
    return nameless.map(({ key }) => ({ kind: 'sip-session-detail', key, userAgent: null, account: name }));
  }

  private settle(now: Micros): Output[] {
    // Accounts are settled when they are spoken of; the others in turns, so that a storm costs little.
    if (Math.abs(now - this.settledAt) < SETTLE_EVERY) return [];
    this.settledAt = now;
    const outputs: Output[] = [];
    for (const account of this.waiting) {
      outputs.push(...this.settleAccount(account, now));
      if (account.auths.length + account.appearances.length + account.removals.length === 0) this.waiting.delete(account);
    }
    if (now - this.sweptAt > SWEEP_EVERY) {
      this.sweptAt = now;
      this.sockets.forgetIdle(now);
      this.forgetExpired(now);
    }
    return outputs;
  }

  /** A driver that can no longer be listed tells of no end either; its registrations end when they said they would. */
  private forgetExpired(now: Micros): void {
    for (const account of this.accounts.values()) {
      for (const contact of account.contacts.values()) {
        if (contact.expiresAt === null || now - contact.expiresAt < LONG_EXPIRED) continue;
        account.contacts.delete(contact.uri);
        account.lostAt = contact.expiresAt;
        this.changed.add(account);
      }
    }
  }

  private settleAccount(account: Account, now: Micros): Output[] {
    const decided = this.registrations.settle(account, now);
    if (decided.length > 0) this.changed.add(account);
    return decided;
  }

  /** The account, with all decided that was due before `at`. */
  private concerned(channelType: ChannelType, name: string, at: Micros, outputs: Output[]): Account {
    const account = this.account(channelType, name);
    outputs.push(...this.settleAccount(account, at));
    this.waiting.add(account);
    return account;
  }

  private states(at: Micros): Output[] {
    const outputs: Output[] = [];
    for (const account of this.changed) {
      const online = confirmedContacts(account).length > 0;
      // An account that was never on line has no state yet; one whose last contact just went may only be moving.
      if (!online && (!account.online || account.removals.length > 0)) continue;
      if (online !== account.online) account.since = online ? at : (account.lostAt ?? at);
      if (online) account.lostAt = null;
      account.online = online;
      const state = accountState(this.pbx, account, at);
      const told = JSON.stringify({ ...state, updatedAt: 0 });
      if (told === account.told) continue;
      account.told = told;
      outputs.push({ kind: 'account-state', account: state });
    }
    this.changed.clear();
    return outputs;
  }

  private account(channelType: ChannelType, name: string): Account {
    const key = keyOf(channelType, name);
    let account = this.accounts.get(key);
    if (!account) {
      account = newAccount(channelType, name);
      this.accounts.set(key, account);
    }
    return account;
  }

  private describe(name: string): string | null {
    for (const channelType of ['PJSIP', 'SIP', 'IAX2'] as const) {
      const description = this.accounts.get(keyOf(channelType, name))?.description;
      if (description) return description;
    }
    return null;
  }
}

const keyOf = (channelType: ChannelType, name: string): string => `${channelType}/${name}`;
const row = (session: ReturnType<typeof translateRegistry>): Output[] => (session ? [{ kind: 'sip-session', row: session }] : []);
