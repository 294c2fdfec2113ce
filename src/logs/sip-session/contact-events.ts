import { isSameAddress, parseAddress } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import type { Micros } from '../../time.js';
import type { Output } from '../output.js';
import { newContact, type Account, type LiveContact } from './accounts.js';
import type { Directory } from './directory.js';
import type { Outage } from './outage.js';
import type { Registrations } from './registrations.js';
import type { Sockets } from './sockets.js';

/** Statuses by which chan_pjsip announces a contact (`Created` before Asterisk 14). */
const NEW_CONTACT = new Set(['NonQualified', 'Created', 'Unknown', 'Reachable']);
/** Those that no qualification causes: somebody registered just now. */
const ANNOUNCED = new Set(['NonQualified', 'Created']);

/** What the PBX says of contacts, as evidence for their registrations and a sign of their sockets. */
export class ContactEvents {
  constructor(
    private readonly accounts: Directory,
    private readonly registrations: Registrations,
    private readonly sockets: Sockets,
    private readonly outage: Outage,
  ) {}

  /** chan_pjsip: one event for each contact. */
  contactStatus(event: AmiEvent): Output[] {
    const account = this.accounts.account('PJSIP', event.get('EndpointName') || event.get('AOR'));
    const uri = event.get('URI');
    const status = event.get('ContactStatus');
    const known = account.contacts.get(uri);
    this.accounts.touch(account);
    if (status === 'Removed') {
      const contact = known ?? this.registrations.onlyUnlisted(account, uri);
      if (contact) this.registrations.removed(account, contact, '', event.at);
      return [];
    }
    if (status === 'Updated') return this.registrations.refreshed(account, uri, event.at);
    // Before the listing, one that answers again may have been there for long.
    const words = known || !this.outage.isListed('PJSIP') ? ANNOUNCED : NEW_CONTACT;
    const isAnnounced = words.has(status) && (!known || this.registrations.onlyListed(account, uri) !== null);
    if (isAnnounced) return this.registrations.appeared(account, uri, status, null, event.at);
    return known ? this.reachability(account, known, status, event.at) : [];
  }

  /** chan_sip and IAX2, whose peers have one contact each. */
  peerStatus(event: AmiEvent): Output[] {
    const channelType = event.get('ChannelType');
    // chan_pjsip's PeerStatus repeats what ContactStatus says, with less.
    if (channelType !== 'SIP' && channelType !== 'IAX2') return [];
    const name = event.get('Peer').replace(/^[^/]*\//, '');
    const outputs: Output[] = [];
    const account = this.accounts.account(channelType, name);
    const contact = account.contacts.get(name);
    const status = event.get('PeerStatus');
    this.accounts.touch(account);
    if (status === 'Registered') {
      const remote = parseAddress(event.get('Address'));
      const moved = contact?.remote && remote && !isSameAddress(contact.remote, remote);
      outputs.push(...this.registrations.appeared(account, name, 'Registered', remote, event.at));
      // Where it was before a break, it may have left long ago.
      const unlisted = this.outage.unlisted(channelType);
      if (contact && moved) this.registrations.removed(account, contact, 'Replaced', event.at, unlisted && { at: event.at, ...unlisted });
    } else if (status === 'Unregistered') {
      const gone = contact ?? this.registrations.onlyUnlisted(account, name) ?? newContact(name, status);
      this.registrations.removed(account, gone, event.get('Cause'), event.at);
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
}
