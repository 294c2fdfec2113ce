import type { Logger } from 'pino';
import type { Micros } from '../time.js';
import { can, type Abilities } from './abilities.js';
import { AccountNames } from './account-names.js';
import { inBackground, logFailure } from './background.js';
import type { AmiEvent } from './event.js';
import { listIaxPeers } from './iax-peers.js';
import type { ChannelType, ListedContact, PbxInput } from './input.js';
import type { AmiLine } from './line.js';
import { listPjsipContacts } from './pjsip-contacts.js';
import { listSipPeers, showSipPeer } from './sip-peers.js';
import { SnapshotSchedule, type SnapshotPace } from './snapshots.js';

// PJSIP's words for a contact that may be new: of a configured one that answers again, only the listing tells that it is not.
const FRESH = new Set(['NonQualified', 'Unqualified', 'Created', 'Updated', 'Unknown', 'Reachable']);

export interface ContactWatchOptions {
  readonly line: AmiLine;
  readonly abilities: Abilities;
  readonly pace: SnapshotPace;
  readonly logger: Logger;
  readonly onInput: (input: PbxInput) => void;
  readonly signal: AbortSignal;
}

/** Keeps the pipeline told who is on line, and by what name: at login, when asked, and when events tell of somebody new. */
export class ContactWatch {
  readonly #options: ContactWatchOptions;
  readonly #listings: readonly (readonly [ChannelType, () => Promise<readonly ListedContact[] | null>])[];
  readonly #schedule: SnapshotSchedule;
  readonly #names: ReadonlyMap<ChannelType, AccountNames>;
  /** Channel drivers that have not given their first list of this connection. */
  readonly #unlisted: Set<ChannelType>;

  constructor(options: ContactWatchOptions) {
    const { line, abilities, signal } = options;
    this.#options = options;
    this.#listings = [
      ...(can(abilities, 'PJSIPShowContacts') ? [['PJSIP', () => listPjsipContacts(line)] as const] : []),
      ...(can(abilities, 'SIPpeers') && can(abilities, 'SIPshowpeer') ? [['SIP', () => listSipPeers(line)] as const] : []),
      ...(can(abilities, 'IAXpeerlist') ? [['IAX2', () => listIaxPeers(line)] as const] : []),
    ];
    this.#unlisted = new Set(this.#listings.map(([channelType]) => channelType));
    this.#schedule = new SnapshotSchedule(() => this.#take(), options.pace);
    signal.addEventListener('abort', () => this.#schedule.stop());
    this.#names = new Map(can(abilities, 'Getvar') ? (['PJSIP', 'IAX2'] as const).map((channelType) => [channelType, this.#namesOf(channelType)]) : []);
  }

  snapshot(): void {
    if (this.#listings.length > 0) this.#schedule.now();
  }

  onEvent(event: AmiEvent): void {
    if (event.name === 'ContactStatus' && FRESH.has(event.get('ContactStatus'))) {
      if (this.#listings.length > 0) this.#schedule.soon();
      this.#names.get('PJSIP')?.want(event.get('EndpointName'));
    }
    if (event.name === 'PeerStatus' && event.get('PeerStatus') === 'Registered') this.#onPeer(event.get('ChannelType'), event.get('Peer').replace(/^[^/]*\//, ''));
  }

  #onPeer(channelType: string, peer: string): void {
    if (channelType === 'SIP' && this.#lists('SIP')) inBackground(this.#options.logger, 'asking for a SIP peer', () => this.#showPeer(peer));
    if (channelType !== 'IAX2') return;
    // Its port is in the list alone, and there is no asking for one peer.
    if (this.#lists('IAX2')) this.#schedule.soon();
    this.#names.get('IAX2')?.want(peer);
  }

  async #take(): Promise<void> {
    const { line, logger, signal } = this.#options;
    for (const [channelType, list] of this.#listings) {
      if (signal.aborted) return;
      try {
        const requestedAt = await line.ping();
        const contacts = await list();
        if (contacts) this.#listed(channelType, true, requestedAt, contacts);
        else logger.warn({ channelType }, 'the PBX did not list who is on line');
      } catch (error) {
        logFailure(logger, 'listing who is on line', error);
      }
    }
  }

  async #showPeer(peer: string): Promise<void> {
    const requestedAt = this.#options.line.clock.read();
    const contact = await showSipPeer(this.#options.line, peer);
    if (contact) this.#listed('SIP', false, requestedAt, [contact]);
  }

  #listed(channelType: ChannelType, complete: boolean, requestedAt: Micros, contacts: readonly ListedContact[]): void {
    const { line, onInput } = this.#options;
    const baseline = complete && this.#unlisted.delete(channelType);
    onInput({ kind: 'contacts', channelType, complete, contacts, requestedAt, at: line.clock.read(), baseline });
    for (const contact of contacts) this.#names.get(channelType)?.want(contact.endpoint);
  }

  #namesOf(channelType: 'PJSIP' | 'IAX2'): AccountNames {
    const { line, logger, onInput, signal } = this.#options;
    const onName = (endpoint: string, name: string): void => onInput({ kind: 'account-name', channelType, endpoint, name, at: line.clock.read() });
    const names = new AccountNames(channelType, line, signal, onName, (error) => logFailure(logger, 'asking for an account name', error));
    inBackground(logger, 'refreshing account names', () => names.keepFresh());
    return names;
  }

  #lists(channelType: ChannelType): boolean {
    return this.#listings.some(([listed]) => listed === channelType);
  }
}
