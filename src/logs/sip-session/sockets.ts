import { formatAddress, isReliable, type Remote } from '../../ami/address.js';
import type { ChannelType, PbxInput } from '../../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { Output } from '../output.js';
import { sessionRow } from './rows.js';
import { loadRemote, saveRemote, type SavedRemote } from './saved-remote.js';
import { jsonArray, jsonObject } from './texts.js';

/** Most sockets have one, and a set takes more than all the rest of a socket. */
type Names = null | string | Set<string>;

/** One remote address and port that talks to the PBX. */
interface Socket {
  remote: Remote;
  /** When it was first heard of: its CONNECT, where that is known. */
  readonly openedAt: Micros;
  seenAt: Micros;
  /** Accounts that proved themselves on it. */
  accounts: Names;
  /** The PBX gave it up; if it closes now, it broke. */
  broken: boolean;
  /** chan_pjsip spoke of it: only its connections stand in the transport monitors. */
  pjsip: boolean;
  /** It stood in the transport monitors once. */
  listed: boolean;
  tlsCipher: string | null;
}

/** In few characters, and without names: there are very many. */
type SavedSocket = readonly [...SavedRemote, openedAt: Micros, seenAt: Micros, accounts: readonly string[], broken: boolean, pjsip: boolean, listed: boolean, tlsCipher: string | null];

export interface SavedSockets {
  readonly monitorsWork: boolean;
  /** Least recently heard first. */
  readonly sockets: readonly SavedSocket[];
}

/** The keys of the sockets that carry a registration, or lost one a moment ago unasked. */
export type SocketsInUse = () => ReadonlySet<string>;

const FORGET_IDLE_AFTER: Micros = 24 * 3_600 * MICROS_PER_SECOND;
const MOST_SOCKETS = 100_000;
/** So many of the oldest are looked at for one that no account uses, before a used one has to go. */
const LOOKED_AT_TO_FORGET = 1_000;

/** Who is connected: CONNECT and DISCONNECT rows from first signs, losses and the transport monitors. */
export class Sockets {
  /** Least recently heard first. */
  private readonly sockets = new Map<string, Socket>();
  /** The transport monitors have listed a connection since the login: they work here. */
  private monitorsWork = false;

  constructor(
    private readonly pbx: string,
    private readonly inUse: SocketsInUse,
  ) {}

  /** A packet from an address: the first one marks a client arriving. */
  sign(remote: Remote, at: Micros, channelType: ChannelType, details = 'FIRST_SEEN'): Output[] {
    // Several may be behind one address.
    if (remote.port === null) return [];
    const key = socketKey(remote);
    const known = this.sockets.get(key);
    const socket = known ?? this.open(remote, at);
    socket.pjsip ||= channelType === 'PJSIP';
    if (!known) return [this.connect(remote, at, details)];
    socket.seenAt = Math.max(socket.seenAt, at);
    socket.broken = false;
    if (remote.transport) socket.remote = remote;
    this.sockets.delete(key);
    this.sockets.set(key, socket);
    return [];
  }

  /** Somebody else told of this connection, or it stood before anybody watched: no row. */
  open(remote: Remote, at: Micros, tlsCipher: string | null = null): Socket {
    const known = this.sockets.get(socketKey(remote));
    if (known) {
      known.tlsCipher = tlsCipher ?? known.tlsCipher;
      return known;
    }
    if (this.sockets.size >= MOST_SOCKETS) this.forgetOne();
    const socket: Socket = { remote, openedAt: at, seenAt: at, accounts: null, broken: false, pjsip: false, listed: false, tlsCipher };
    this.sockets.set(socketKey(remote), socket);
    return socket;
  }

  /** Somebody else told of its end, or its user left politely: the next packet is a new arrival. */
  forget(remote: Remote): void {
    this.sockets.delete(socketKey(remote));
  }

  /** The account proved itself on this socket. The first time is the evidence that reconciliation binds by. */
  use(remote: Remote, peername: string, account: string | null, at: Micros): Output[] {
    const socket = this.sockets.get(socketKey(remote));
    if (!socket || hasName(socket.accounts, peername)) return [];
    socket.accounts = withName(socket.accounts, peername);
    const remoteAddress = formatAddress(remote);
    // An event may be older than the listing that was told before it, and no proof comes before its connection.
    const provedAt = Math.max(at, socket.openedAt);
    const key = eventKey(this.pbx, remoteAddress, peername, provedAt);
    return [{ kind: 'socket-use', key, pbx: this.pbx, transport: remote.transport, remoteAddress, peername, account, at: provedAt }];
  }

  tlsCipherOf(remote: Remote | null): string | null {
    return remote ? (this.sockets.get(socketKey(remote))?.tlsCipher ?? null) : null;
  }

  /** The client no longer answers, or its registration ended unasked. Silent where the monitors will tell. */
  lost(remote: Remote, at: Micros): Output[] {
    const socket = this.sockets.get(socketKey(remote));
    if (!socket) return [];
    if (!this.isMonitored(socket)) return [this.close(socket, at, 'NETWORK_ERROR')];
    socket.broken = true;
    return [];
  }

  /** Two listings differ by the connections that opened and closed between them. */
  monitors(listing: Extract<PbxInput, { kind: 'transport-monitors' }>): Output[] {
    const outputs: Output[] = [];
    const listed = new Set<string>();
    for (const { remote } of listing.connections) {
      const key = socketKey(remote);
      listed.add(key);
      if (!this.sockets.has(key) && !listing.baseline) outputs.push(this.connect(remote, listing.requestedAt, 'OPENED'));
      const socket = this.open(remote, listing.requestedAt);
      socket.listed = true;
    }
    this.monitorsWork ||= listed.size > 0;
    // A connection that showed itself after the listing was asked for may be too new to be in it.
    const missing = [...this.sockets].filter(([key, socket]) => isListable(socket) && !listed.has(key) && socket.seenAt < listing.requestedAt);
    const inUse = missing.length > 0 ? this.inUse() : new Set<string>();
    for (const [key, socket] of missing) {
      // Monitors that never listed anything may not work at all: what carries a registration is not believed to be gone.
      if (!this.isMonitored(socket) && inUse.has(key)) continue;
      if (listing.baseline) this.sockets.delete(key);
      else outputs.push(this.close(socket, listing.requestedAt, socket.broken || inUse.has(key) ? 'NETWORK_ERROR' : 'CLOSED'));
    }
    return outputs;
  }

  /** Whether the monitors work is found out anew after a login. */
  disconnectedFromPbx(): void {
    this.monitorsWork = false;
  }

  forgetIdle(now: Micros): void {
    const idle = [...this.sockets].filter(([, socket]) => now - socket.seenAt > FORGET_IDLE_AFTER);
    const inUse = idle.length > 0 ? this.inUse() : new Set<string>();
    for (const [key] of idle) if (!inUse.has(key)) this.sockets.delete(key);
  }

  /** The JSON of a {@link SavedSockets}, in pieces. */
  save(): Generator<string> {
    return jsonObject({ monitorsWork: [JSON.stringify(this.monitorsWork)], sockets: jsonArray(this.sockets.values(), saveSocket) });
  }

  load({ monitorsWork, sockets }: SavedSockets): void {
    this.monitorsWork = monitorsWork;
    for (const saved of sockets) {
      const socket = loadSocket(saved);
      this.sockets.set(socketKey(socket.remote), socket);
    }
  }

  private isMonitored(socket: Socket): boolean {
    return isListable(socket) && (socket.listed || this.monitorsWork);
  }

  private close(socket: Socket, at: Micros, details: 'CLOSED' | 'NETWORK_ERROR'): Output {
    this.sockets.delete(socketKey(socket.remote));
    return this.boundary(at, 'DISCONNECT', details, socket.remote, socket.tlsCipher);
  }

  private connect(remote: Remote, at: Micros, details: string): Output {
    return this.boundary(at, 'CONNECT', details, remote, this.tlsCipherOf(remote));
  }

  private boundary(at: Micros, event: 'CONNECT' | 'DISCONNECT', details: string, remote: Remote, tlsCipher: string | null): Output {
    const source = event === 'CONNECT' || details === 'CLOSED' ? 'CLIENT' : 'SERVER';
    const row = sessionRow(this.pbx, { at, event, source, details, remote, tlsCipher, binding: 'pending', evidence: ['socket', at, socketKey(remote)] });
    // Of a stream one listener may have an event and another one its next poll, and both of them polls of their own.
    return isReliable(remote.transport) ? { kind: 'sip-session', row, doubt: { kind: 'polled' } } : { kind: 'sip-session', row };
  }

  // Scanners come with ever new addresses; they must not push out the phones.
  private forgetOne(): void {
    let oldest: string | undefined;
    let looked = 0;
    for (const [key, socket] of this.sockets) {
      oldest ??= key;
      if (socket.accounts === null) {
        this.sockets.delete(key);
        return;
      }
      if ((looked += 1) >= LOOKED_AT_TO_FORGET) break;
    }
    if (oldest !== undefined) this.sockets.delete(oldest);
  }
}

const saveSocket = ({ remote, openedAt, seenAt, accounts, broken, pjsip, listed, tlsCipher }: Socket): SavedSocket => [
  ...saveRemote(remote), openedAt, seenAt, accounts === null ? [] : typeof accounts === 'string' ? [accounts] : [...accounts], broken, pjsip, listed, tlsCipher,
];

function loadSocket([ip, port, transport, openedAt, seenAt, names, broken, pjsip, listed, tlsCipher]: SavedSocket): Socket {
  const accounts = names.reduce<Names>(withName, null);
  return { remote: loadRemote([ip, port, transport]), openedAt, seenAt, accounts, broken, pjsip, listed, tlsCipher };
}

const hasName = (names: Names, name: string): boolean => names !== null && (typeof names === 'string' ? names === name : names.has(name));

function withName(names: Names, name: string): Names {
  if (names === null || names === name) return name;
  return typeof names === 'string' ? new Set([names, name]) : names.add(name);
}

/** Only chan_pjsip's TCP and TLS connections ever stand in the monitors. */
const isListable = (socket: Socket): boolean => isReliable(socket.remote.transport) && (socket.listed || socket.pjsip);

/** A UDP and a TCP socket can have the same address and port; TLS and TCP cannot. */
export const socketKey = (remote: Remote): string => `${isReliable(remote.transport) ? 'stream' : 'datagram'} ${formatAddress(remote)}`;

export const sameSocket = (a: Remote | null, b: Remote | null): boolean => a !== null && b !== null && socketKey(a) === socketKey(b);
