import { parseSecurityAddress } from '../../src/ami/address.js';
import { amiEvent } from '../../src/ami/event.js';
import type { ChannelType, ListedContact, PbxInput } from '../../src/ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../src/time.js';

interface Phone {
  readonly channelType: ChannelType;
  readonly account: string;
  readonly uri: string;
  /** `IPV4/UDP/…`, as security events write it. */
  remote: string;
  callId: string;
  busyUntil: Micros;
}

/** One registration that began, or ended, as the phones know it. */
export interface Truth {
  readonly at: Micros;
  readonly event: 'REGISTER' | 'UNREGISTER';
  readonly peername: string;
}

/** One event, and who was on line after it. */
export interface Moment {
  readonly at: Micros;
  readonly input: PbxInput;
  readonly online: readonly ListedContact[];
}

const HOUR: Micros = 3_600 * MICROS_PER_SECOND;
const START: Micros = 1_795_369_246_000_000;
const MS = 1_000;

/** A PBX whose phones register, refresh, move, call, crash and leave at random: what it says, and what is true. */
export class RandomPbx {
  readonly moments: Moment[] = [];
  readonly truth: Truth[] = [];
  private readonly phones: Phone[] = [];
  /** When anything of an account last authenticated. */
  private readonly lastAuth = new Map<string, Micros>();
  private now = START;
  private names = 0;

  constructor(
    private readonly random: () => number,
    actions: number,
    private readonly saysUpdated: boolean,
  ) {
    for (let n = 0; n < actions; n += 1) {
      this.now += Math.round(random() < 0.5 ? random() * 300 * MS : random() * 8 * MICROS_PER_SECOND) + 50 * MS;
      this.act();
    }
  }

  private act(): void {
    const chance = this.random();
    const phone = this.phones[Math.floor(this.random() * this.phones.length)];
    if (!phone || chance < 0.25) this.register();
    else if (phone.busyUntil > this.now) return;
    else if (chance < 0.5) this.refresh(phone);
    else if (chance < 0.6) this.call(phone);
    else if (chance < 0.72) this.leave(phone, 'politely');
    else if (chance < 0.8 && this.isQuiet(phone)) this.leave(phone, 'silently');
    else if (chance < 0.86 && this.isQuiet(phone)) this.move(phone);
    // Without `Updated`, nothing but a listing tells a registration with another Call-ID from a call.
    else if (chance < 0.92 && phone.channelType === 'PJSIP' && this.saysUpdated && this.isQuiet(phone)) this.reboot(phone);
    else if (chance < 0.96) this.refused();
    else this.event('ContactStatus', { URI: phone.uri, ContactStatus: 'Reachable', EndpointName: phone.account });
  }

  private register(): void {
    const channelType = this.random() < 0.7 ? 'PJSIP' : 'SIP';
    const account = `${channelType === 'PJSIP' ? 9 : 8}0${Math.floor(this.random() * 5)}`;
    const others = this.phones.filter((phone) => phone.account === account);
    if (others.length >= (channelType === 'PJSIP' ? 3 : 1) || others.some(({ busyUntil }) => busyUntil > this.now)) return;
    const address = this.address();
    const uri = channelType === 'PJSIP' ? `sip:${account}@${address}` : account;
    const phone: Phone = { channelType, account, uri, remote: `IPV4/UDP/${address.replace(':', '/')}`, callId: this.name('call'), busyUntil: 0 };
    this.tell('REGISTER', phone);
    this.pair(phone, () => this.appear(phone));
  }

  /** Authentication and effect, milliseconds apart and in either order. */
  private pair(phone: Phone, effect: () => void): void {
    const authenticated = (): void => this.authenticated(phone, phone.callId);
    if (this.random() < 0.7 || !this.isQuiet(phone)) {
      authenticated();
      effect();
    } else {
      effect();
      authenticated();
    }
    phone.busyUntil = this.now + 40 * MS;
  }

  private appear(phone: Phone): void {
    this.phones.push(phone);
    if (phone.channelType === 'PJSIP') {
      this.event('ContactStatus', { URI: phone.uri, ContactStatus: 'NonQualified', EndpointName: phone.account });
      this.event('ContactStatus', { URI: phone.uri, ContactStatus: 'Reachable', EndpointName: phone.account });
    } else this.event('PeerStatus', { ChannelType: 'SIP', Peer: `SIP/${phone.account}`, PeerStatus: 'Registered', Address: addressOf(phone) });
  }

  private vanish(phone: Phone, tells: boolean): void {
    this.phones.splice(this.phones.indexOf(phone), 1);
    if (phone.channelType === 'PJSIP') this.event('ContactStatus', { URI: phone.uri, ContactStatus: 'Removed', EndpointName: phone.account });
    else if (tells) this.event('PeerStatus', { ChannelType: 'SIP', Peer: `SIP/${phone.account}`, PeerStatus: 'Unregistered', Cause: 'Expired' });
  }

  private refresh(phone: Phone): void {
    this.tell('REGISTER', phone);
    this.pair(phone, () => this.updated(phone));
  }

  private updated(phone: Phone): void {
    if (this.saysUpdated && phone.channelType === 'PJSIP') this.event('ContactStatus', { URI: phone.uri, ContactStatus: 'Updated', EndpointName: phone.account });
  }

  private reboot(phone: Phone): void {
    phone.callId = this.name('call');
    this.refresh(phone);
    phone.busyUntil = this.now + 2.5 * MICROS_PER_SECOND;
  }

  private call(phone: Phone): void {
    const session = this.name('invite');
    if (phone.channelType === 'SIP') this.security('ChallengeSent', `sip:${phone.account}@192.0.2.9`, session, phone);
    this.security('SuccessfulAuth', phone.channelType === 'SIP' ? '600' : phone.account, session, phone);
  }

  private leave(phone: Phone, manner: 'politely' | 'silently'): void {
    this.tell('UNREGISTER', phone);
    if (manner === 'politely') this.pair(phone, () => this.vanish(phone, true));
    else this.vanish(phone, true);
  }

  private move(phone: Phone): void {
    const address = this.address();
    const moved: Phone = { ...phone, uri: phone.channelType === 'PJSIP' ? `sip:${phone.account}@${address}` : phone.account, remote: `IPV4/UDP/${address.replace(':', '/')}` };
    this.tell('UNREGISTER', phone);
    this.tell('REGISTER', moved);
    this.authenticated(moved, moved.callId);
    this.vanish(phone, false);
    this.appear(moved);
    moved.busyUntil = this.now + 40 * MS;
  }

  private refused(): void {
    const session = this.name('scan');
    const remote = `IPV4/UDP/${this.address().replace(':', '/')}`;
    const step = (name: string, account: string): void => this.event(name, { Service: 'PJSIP', AccountID: account, SessionID: session, RemoteAddress: remote });
    this.truth.push({ at: this.now, event: 'REGISTER', peername: '7777' });
    step('InvalidAccountID', '7777');
    step('ChallengeSent', '<unknown>');
    if (this.random() < 0.3) return;
    step('InvalidAccountID', '7777');
    step('ChallengeResponseFailed', '<unknown>');
  }

  /** What nobody asked for comes long after what somebody asked for; AMI itself does not tell them apart within two seconds. */
  private isQuiet({ account }: Phone): boolean {
    return this.now - (this.lastAuth.get(account) ?? 0) > 2.5 * MICROS_PER_SECOND;
  }

  private authenticated(phone: Phone, session: string): void {
    if (phone.channelType === 'SIP') this.security('ChallengeSent', phone.account, session, phone);
    this.security('SuccessfulAuth', phone.account, session, phone);
  }

  private security(name: string, account: string, session: string, phone: Phone): void {
    const { channelType, remote } = phone;
    this.lastAuth.set(phone.account, this.now);
    this.event(name, { Service: channelType, AccountID: account, SessionID: session, RemoteAddress: remote });
  }

  private event(name: string, headers: Readonly<Record<string, string>>): void {
    this.now += Math.round(this.random() * 4 * MS) + 1;
    const lower = new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]));
    // Security events have milliseconds only.
    const at = headers['Service'] === undefined ? this.now : Math.floor(this.now / MS) * MS;
    this.moments.push({ at: this.now, input: { kind: 'event', event: amiEvent(name, at, lower) }, online: this.phones.map(listed) });
  }

  private tell(event: Truth['event'], phone: Phone): void {
    this.truth.push({ at: this.now, event, peername: phone.account });
  }

  private address(): string {
    this.names += 1;
    return `10.0.${this.names >> 8}.${this.names & 255}:5060`;
  }

  private name(kind: string): string {
    this.names += 1;
    return `${kind}-${this.names}`;
  }
}

const addressOf = ({ remote }: Phone): string => remote.split('/').slice(2).join(':');

const listed = (phone: Phone): ListedContact => ({
  channelType: phone.channelType,
  endpoint: phone.account,
  uri: phone.uri,
  callId: phone.channelType === 'PJSIP' ? phone.callId : null,
  userAgent: 'phone/1',
  expiresAt: START + 86_400 * MICROS_PER_SECOND,
  status: 'Reachable',
  remote: phone.channelType === 'SIP' ? parseSecurityAddress(phone.remote) : null,
  description: null,
});

/** What a listener hears of `moments[from]` up to `moments[to]`: a login, its first listings a little later, and further listings now and then. */
export function heard(moments: readonly Moment[], from: number, to: number, random: () => number): PbxInput[] {
  const inputs: PbxInput[] = [];
  let untilListing = Math.floor(random() * 6);
  let baseline = true;
  let last = moments[from - 1];
  inputs.push({ kind: 'connected', at: last ? last.at + 1 : START });
  for (const moment of moments.slice(from, to)) {
    if (untilListing === 0) inputs.push(...listings(last?.online ?? [], last ? last.at + 2 : START, baseline));
    baseline &&= untilListing !== 0;
    untilListing = untilListing === 0 ? 10 + Math.floor(random() * 20) : untilListing - 1;
    inputs.push(moment.input);
    if (random() < 0.2) inputs.push({ kind: 'tick', at: moment.at + 3 });
    last = moment;
  }
  const end = (last?.at ?? START) + 4;
  if (baseline) inputs.push(...listings(last?.online ?? [], end, true));
  return inputs;
}

function listings(online: readonly ListedContact[], at: Micros, baseline: boolean): PbxInput[] {
  return (['PJSIP', 'SIP'] as const).map((channelType) => ({
    kind: 'contacts',
    channelType,
    complete: true,
    contacts: online.filter((contact) => contact.channelType === channelType),
    requestedAt: at,
    at,
    baseline,
  }));
}

export const ending = (moments: readonly Moment[]): PbxInput => ({ kind: 'tick', at: (moments.at(-1)?.at ?? 0) + HOUR });
/** What a listener hears that never breaks off. */
export const whole = (moments: readonly Moment[], random: () => number): PbxInput[] => [...heard(moments, 0, moments.length, random), ending(moments)];

const atOf = (input: PbxInput | undefined): number => (input?.kind === 'event' ? input.event.at : (input?.at ?? 0));

/** Random breaks: what one listener hears, with the end of each login told or not. */
export function broken(moments: readonly Moment[], random: () => number): PbxInput[] {
  const inputs: PbxInput[] = [];
  for (let from = 0; from < moments.length; ) {
    const to = from + 5 + Math.floor(random() * 120);
    inputs.push(...heard(moments, from, to, random));
    const last = moments[to - 1];
    if (last && random() < 0.5) inputs.push({ kind: 'disconnected', at: last.at, reason: 'lost' });
    from = to + Math.floor(random() ** 3 * 60);
  }
  const heardLast = inputs.some((input) => input === moments.at(-1)?.input);
  if (!heardLast) inputs.push({ kind: 'disconnected', at: atOf(inputs.at(-1)), reason: 'lost' });
  return [...inputs, ending(moments)];
}
