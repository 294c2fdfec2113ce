import { parseAddress } from '../../ami/address.js';
import { CHANNEL_TYPES, type ChannelType } from '../../ami/input.js';
import type { Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { AccountState, Output } from '../output.js';
import { accountState, confirmedContacts, detail, newAccount, newContact, type Account } from './accounts.js';
import { loadAccount, saveAccount, type SavedAccount } from './saved-account.js';
import { Texts } from './texts.js';

/** Every account that one PBX has spoken of, and what changed of them since that was last told. */
export class Directory {
  private readonly accounts = new Map<string, Account>();
  /** Empty between two inputs. */
  private readonly changed = new Set<Account>();
  private readonly texts = new Texts(saveAccount);

  constructor(private readonly pbx: string) {}

  /** The account of that name, to be changed; a new one when nothing was heard of it yet. */
  account(channelType: ChannelType, name: string): Account {
    const key = keyOf(channelType, name);
    let account = this.accounts.get(key);
    if (!account) {
      account = newAccount(channelType, name);
      this.accounts.set(key, account);
    }
    this.texts.forget(account);
    return account;
  }

  find(channelType: ChannelType, name: string): Account | undefined {
    return this.accounts.get(keyOf(channelType, name));
  }

  all(): readonly Account[] {
    return [...this.accounts.values()];
  }

  of(channelType: ChannelType): readonly Account[] {
    return this.all().filter((account) => account.channelType === channelType);
  }

  /** The display name of whichever account has that user name. */
  descriptionOf(name: string): string | null {
    for (const channelType of CHANNEL_TYPES) {
      const description = this.find(channelType, name)?.description;
      if (description) return description;
    }
    return null;
  }

  /** The account changes, and its state may have. */
  touch(account: Account): void {
    this.texts.forget(account);
    this.changed.add(account);
  }

  named(account: Account, name: string): Output[] {
    if (account.description === name) return [];
    account.description = name;
    this.touch(account);
    const nameless = account.incomplete.filter((row) => row.nameless);
    account.incomplete = account.incomplete.filter(({ uri }) => uri !== null).map((row) => ({ ...row, nameless: false }));
    return nameless.map((row) => detail(row, null, name));
  }

  /** The states that changed, of those accounts that were touched. */
  changes(at: Micros): Output[] {
    if (this.changed.size === 0) return [];
    const outputs: Output[] = [];
    for (const account of this.changed) {
      const online = confirmedContacts(account).length > 0;
      // An account that was never on line has no state yet; one whose last contact just went may only be moving.
      if (!online && (!account.online || account.removals.some(({ inferred }) => !inferred))) continue;
      if (online !== account.online) account.since = online ? at : (account.lostAt ?? at);
      if (online) account.lostAt = null;
      account.online = online;
      const state = accountState(this.pbx, account, at);
      const told = eventKey(JSON.stringify({ ...state, updatedAt: 0 }));
      if (told === account.told) continue;
      account.told = told;
      outputs.push({ kind: 'account-state', account: state });
    }
    this.changed.clear();
    return outputs;
  }

  /** Takes up what the database kept: names, Call-IDs and addresses from the wire. */
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
        contact.remote = stored.remoteAddress === null ? null : parseAddress(stored.remoteAddress, stored.transport);
        account.contacts.set(contact.uri, contact);
      }
    }
  }

  /** A JSON array of {@link SavedAccount}, in pieces. */
  save(): Generator<string> {
    return this.texts.array(this.accounts.values());
  }

  load(saved: readonly SavedAccount[]): void {
    for (const account of saved) this.accounts.set(keyOf(account.channelType, account.name), loadAccount(account));
  }
}

const keyOf = (channelType: ChannelType, name: string): string => `${channelType}/${name}`;
