import { parseAddress, parseHostPort, parseSecurityAddress, parseTransport, type Remote } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import type { ChannelType, PbxInput } from '../../ami/input.js';
import { messageOf } from '../../errors.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { AccountState, Output } from '../output.js';
import type { Account } from './accounts.js';
import { Agenda } from './agenda.js';
import { ContactEvents } from './contact-events.js';
import { Directory } from './directory.js';
import { SETTLE } from './evidence.js';
import { squareListing } from './listing.js';
import { Outage, type SavedOutage, type SavedRow } from './outage.js';
import { REFUSALS, Refusals } from './refusals.js';
import { RegistrationRows } from './registration-rows.js';
import { Registrations } from './registrations.js';
import type { SavedAccount } from './saved-account.js';
import { SecurityMemory, type SavedSecurityMemory } from './security-memory.js';
import { socketKey, Sockets, type SavedSockets } from './sockets.js';
import { jsonArray, jsonObject } from './texts.js';
import { translateRegistry, translateUserEvent } from './translate.js';

const SWEEP_EVERY: Micros = 600 * MICROS_PER_SECOND;
const LONG_EXPIRED: Micros = 600 * MICROS_PER_SECOND;

/** Everything that a tracker remembers, as JSON. */
export interface SavedTracker {
  readonly accounts: readonly SavedAccount[];
  readonly sockets: SavedSockets;
  readonly agenda: readonly (readonly [due: Micros, ChannelType, name: string])[];
  readonly rows: readonly SavedRow[];
  readonly rest: {
    readonly refusals: ReturnType<Refusals['save']>;
    readonly memory: SavedSecurityMemory;
    readonly outage: SavedOutage;
    readonly sweptAt: Micros;
  };
}

/**
 * Turns what one PBX says into rows of the session log and into the state of its accounts. A pure
 * reducer: no clock, no database; the same inputs give the same outputs, and ticks change only when.
 */
export class SessionTracker {
  private readonly accounts: Directory;
  /** Accounts with evidence that waits for its counterpart. */
  private readonly agenda = new Agenda<Account>();
  private readonly sockets: Sockets;
  private readonly registrations: Registrations;
  private readonly contactEvents: ContactEvents;
  private readonly refusals: Refusals;
  private readonly memory = new SecurityMemory();
  private readonly outage = new Outage();
  private sweptAt: Micros = 0;

  constructor(private readonly pbx: string) {
    this.accounts = new Directory(pbx);
    this.sockets = new Sockets(pbx, () => {
      const remotes = this.accounts.all().flatMap((account) => this.registrations.remotesOf(account));
      return new Set(remotes.map(socketKey));
    });
    this.registrations = new Registrations(new RegistrationRows(pbx, this.sockets, this.outage), this.sockets, this.agenda, this.outage);
    this.contactEvents = new ContactEvents(this.accounts, this.registrations, this.sockets, this.outage);
    this.refusals = new Refusals(pbx);
  }

  /** Takes up the accounts as the database keeps them, where there is no saved state. */
  restore(states: readonly AccountState[]): void {
    this.accounts.restore(states);
    this.outage.restored(states);
    this.learn(states);
  }

  /** Takes up the sockets alone, which another listener may have seen since: they are no news. */
  learn(states: readonly AccountState[]): void {
    for (const state of states) {
      for (const { remoteAddress, transport } of state.contacts) {
        const remote = remoteAddress === null ? null : parseAddress(remoteAddress, transport);
        if (remote && remote.port !== null) this.sockets.open(remote, state.updatedAt);
      }
    }
  }

  /** The JSON of a {@link SavedTracker}, in pieces; nothing may be handled in between. */
  save(): Generator<string> {
    const rest: SavedTracker['rest'] = {
      refusals: this.refusals.save(),
      memory: this.memory.save(),
      outage: this.outage.save(),
      sweptAt: this.sweptAt,
    };
    return jsonObject({
      accounts: this.accounts.save(),
      sockets: this.sockets.save(),
      agenda: jsonArray(this.agenda.save(), ({ due, what }) => [due, what.channelType, what.name]),
      rows: this.outage.saveRows(),
      rest: [JSON.stringify(rest)],
    });
  }

  /** Into a tracker that has heard nothing yet. */
  load({ accounts, sockets, agenda, rows, rest }: SavedTracker): void {
    this.accounts.load(accounts);
    this.sockets.load(sockets);
    for (const [due, ...what] of agenda) this.agenda.plan(due, this.accounts.account(...what));
    this.refusals.load(rest.refusals);
    this.memory.load(rest.memory);
    this.outage.load(rest.outage, rows);
    this.sweptAt = rest.sweptAt;
  }

  /** Never throws: what was settled before a fault comes out all the same, and the input as one that makes no row. */
  handle(input: PbxInput): Output[] {
    const outputs: Output[] = [];
    try {
      this.collect(input, outputs);
    } catch (error) {
      const isEvent = input.kind === 'event';
      const headers = isEvent ? [...input.event.headers()].map(([name]) => name) : [];
      outputs.push({ kind: 'untranslatable', event: isEvent ? input.event.name : input.kind, reason: messageOf(error), headers, fault: error });
    }
    return outputs;
  }

  private collect(input: PbxInput, outputs: Output[]): void {
    const at = input.kind === 'event' ? input.event.at : input.at;
    if (input.kind === 'connected' || input.kind === 'disconnected') this.breakOff(input, outputs);
    if (input.kind === 'tick') this.tick(at, outputs);
    else this.passTime(at, outputs);
    for (const output of this.said(input)) outputs.push(output);
    this.outage.heard(at);
    for (const output of this.accounts.changes(at)) outputs.push(output);
  }

  private said(input: PbxInput): Output[] {
    switch (input.kind) {
      case 'event':
        return this.event(input.event);
      case 'contacts':
        return this.contacts(input);
      case 'transport-monitors':
        return this.sockets.monitors(input);
      case 'account-name':
        return this.accounts.named(this.accounts.account(input.channelType, input.endpoint), input.name);
      case 'connected':
      case 'disconnected':
      case 'dropped':
      case 'zone':
      case 'tick':
        return [];
    }
  }

  /** Decides all that still waits, as if its time had passed. */
  finish(): Output[] {
    const outputs: Output[] = [];
    this.passTime(Number.POSITIVE_INFINITY, outputs);
    return [...outputs, ...this.accounts.changes((this.outage.lastHeard ?? 0) + 2 * SETTLE)];
  }

  /** Before time passes: from then on nothing was heard. */
  private breakOff({ kind, at }: Extract<PbxInput, { kind: 'connected' | 'disconnected' }>, outputs: Output[]): void {
    const brokeAt = kind === 'disconnected' ? at : (this.outage.lastHeard ?? at);
    this.passTime(brokeAt, outputs);
    if (kind === 'disconnected') this.outage.disconnected(at);
    else {
      this.outage.connected(at);
      this.sockets.disconnectedFromPbx();
    }
    outputs.push(...this.refusals.cutOff());
    for (const account of this.accounts.all()) if (this.registrations.cutOff(account, brokeAt)) this.accounts.touch(account);
  }

  private event(event: AmiEvent): Output[] {
    if (event.name === 'ContactStatus') return this.contactEvents.contactStatus(event);
    if (event.name === 'PeerStatus') return this.contactEvents.peerStatus(event);
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
      outputs.push(...this.refusals.translate(event, (name) => this.accounts.find(channelType, name)?.description));
    }
    return outputs;
  }

  private authenticated(event: AmiEvent, channelType: ChannelType, remote: Remote | null): Output[] {
    const caller = this.memory.callerOf(event);
    const name = caller ?? event.get('AccountID');
    if (name === '') return [];
    const outputs: Output[] = [];
    const account = this.accounts.account(channelType, name);
    if (remote) outputs.push(...this.sockets.use(remote, name, account.description, event.at));
    if (caller !== null) return outputs;
    const auth = { at: event.at, remote, sessionId: event.get('SessionID'), claimed: false, cut: this.outage.isUnsure(channelType, event.at) };
    return [...outputs, ...this.registrations.authenticated(account, auth)];
  }

  private userEvent(event: AmiEvent): Output[] {
    if (event.get('UserEvent') !== 'SipSession') return [];
    const translated = translateUserEvent(this.pbx, event, (name) => this.accounts.descriptionOf(name));
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
      account: (name) => this.accounts.account(listing.channelType, name),
      accounts: () => this.accounts.of(listing.channelType),
      registrations: this.registrations,
      sockets: this.sockets,
      outputs,
      inference: listing.baseline && listing.complete ? this.outage.listed(listing.channelType, listing.requestedAt) : null,
    });
    for (const account of listed) this.accounts.touch(account);
    for (const { endpoint, description } of listing.contacts) {
      if (description !== null && description !== '') outputs.push(...this.accounts.named(this.accounts.account(listing.channelType, endpoint), description));
    }
    return outputs;
  }

  /** Forgets only by the PBX's clock: an event may be dated far ahead. */
  private tick(now: Micros, outputs: Output[]): void {
    this.passTime(now, outputs);
    const sweepAt = Math.floor(now / SWEEP_EVERY) * SWEEP_EVERY;
    if (sweepAt > this.sweptAt) {
      this.sockets.forgetIdle(sweepAt);
      this.forgetExpired(sweepAt);
    }
    if (sweepAt > this.sweptAt || sweepAt < this.sweptAt - SWEEP_EVERY) this.sweptAt = sweepAt;
  }

  /** Decides what was due before `now`, each thing as it was when it was due, so that it does not matter when time is next spoken of. */
  private passTime(now: Micros, outputs: Output[]): void {
    for (let next = this.agenda.take(now); next; next = this.agenda.take(now)) {
      this.accounts.touch(next.what);
      outputs.push(...this.registrations.settle(next.what, next.due, now));
    }
    outputs.push(...this.refusals.settle(now));
  }

  /** A driver that can no longer be listed tells of no end either; its registrations end when they said they would. */
  private forgetExpired(now: Micros): void {
    const { hearingSince } = this.outage;
    if (hearingSince === null) return;
    for (const account of this.accounts.all()) {
      for (const contact of account.contacts.values()) {
        if (contact.expiresAt === null || now - Math.max(contact.expiresAt, hearingSince) < LONG_EXPIRED) continue;
        account.contacts.delete(contact.uri);
        account.lostAt = contact.expiresAt;
        this.accounts.touch(account);
      }
    }
  }
}

const row = (session: ReturnType<typeof translateRegistry>): Output[] => (session ? [{ kind: 'sip-session', row: session }] : []);
