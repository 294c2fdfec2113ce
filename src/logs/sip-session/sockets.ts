import { formatAddress, isReliable, type Remote } from '../../ami/address.js';
import type { PbxInput } from '../../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { Output } from '../output.js';
import { sessionRow } from './rows.js';

/** One remote address and port that talks to the PBX. */
interface Socket {
  remote: Remote;
  seenAt: Micros;
  /** Accounts that proved themselves on it. */
  readonly accounts: Set<string>;
  /** The PBX gave it up; if it closes now, it broke. */
  broken: boolean;
  tlsCipher: string | null;
}

/** What else knows of a socket: which accounts still have a registration over it. */
export interface SocketUsers {
  /** True while a contact is registered over this socket, or just went away without asking to. */
  hasRegistration(remote: Remote): boolean;
}

const FORGET_IDLE_AFTER: Micros = 24 * 3_600 * MICROS_PER_SECOND;
const MOST_SOCKETS = 100_000;

/** Who is connected: CONNECT and DISCONNECT rows from first signs, losses and the transport monitors. */
export class Sockets {
  private readonly sockets = new Map<string, Socket>();
  /** From the first listing on, the transport monitors alone say when a TCP or TLS connection closed. */
  private monitored = false;

  constructor(
    private readonly pbx: string,
    private readonly users: SocketUsers,
  ) {}

  /** A packet from an address: the first one marks a client arriving. */
  sign(remote: Remote, at: Micros, details = 'FIRST_SEEN'): Output[] {
    const known = this.sockets.get(keyOf(remote));
    if (known) {
      known.seenAt = Math.max(known.seenAt, at);
      known.broken = false;
      if (remote.transport) known.remote = remote;
      return [];
    }
    this.open(remote, at);
    return [this.connect(remote, at, details)];
  }

  /** Somebody else told of this connection, or it stood before anybody watched: no row. */
  open(remote: Remote, at: Micros, tlsCipher: string | null = null): void {
    const known = this.sockets.get(keyOf(remote));
    if (known) {
      known.tlsCipher = tlsCipher ?? known.tlsCipher;
      return;
    }
    if (this.sockets.size >= MOST_SOCKETS) this.forgetOldest();
    this.sockets.set(keyOf(remote), { remote, seenAt: at, accounts: new Set(), broken: false, tlsCipher });
  }

  /** The account proved itself on this socket. The first time is the evidence that reconciliation binds by. */
  use(remote: Remote, peername: string, account: string | null, at: Micros): Output[] {
    const socket = this.sockets.get(keyOf(remote));
    if (!socket || socket.accounts.has(peername)) return [];
    socket.accounts.add(peername);
    const remoteAddress = formatAddress(remote);
    const key = eventKey(this.pbx, remoteAddress, peername, at);
    return [{ kind: 'socket-use', key, pbx: this.pbx, transport: remote.transport, remoteAddress, peername, account, at }];
  }

  tlsCipherOf(remote: Remote | null): string | null {
    return remote ? (this.sockets.get(keyOf(remote))?.tlsCipher ?? null) : null;
  }

  /** The client no longer answers, or its registration ended unasked. Silent where the monitors will tell. */
  lost(remote: Remote, at: Micros, details: string): Output[] {
    if (this.monitored && isReliable(remote.transport)) {
      const socket = this.sockets.get(keyOf(remote));
      if (socket) socket.broken = true;
      return [];
    }
    return this.close(remote, at, details);
  }

  /** The client left politely: its next packet is a new arrival, and there is nothing to report. */
  left(remote: Remote): void {
    if (!isReliable(remote.transport)) this.sockets.delete(keyOf(remote));
  }

  close(remote: Remote, at: Micros, details: string): Output[] {
    const socket = this.sockets.get(keyOf(remote));
    if (!socket) return [];
    this.sockets.delete(keyOf(remote));
    const broke = details !== 'CLOSED';
    const row = sessionRow(this.pbx, {
      at,
      event: 'DISCONNECT',
      source: broke ? 'SERVER' : 'CLIENT',
      details,
      remote: socket.remote,
      tlsCipher: socket.tlsCipher,
      binding: 'pending',
    });
    return [{ kind: 'sip-session', row }];
  }

  /** Two listings differ by the connections that opened and closed between them. */
  monitors(listing: Extract<PbxInput, { kind: 'transport-monitors' }>): Output[] {
    const outputs: Output[] = [];
    const listed = new Set<string>();
    for (const { remote } of listing.connections) {
      listed.add(keyOf(remote));
      if (this.sockets.has(keyOf(remote))) continue;
      this.open(remote, listing.requestedAt);
      if (!listing.baseline) outputs.push(this.connect(remote, listing.requestedAt, 'OPENED'));
    }
    for (const [key, socket] of this.sockets) {
      // A connection that showed itself after the listing was asked for may be too new to be in it.
      if (!isReliable(socket.remote.transport) || listed.has(key) || socket.seenAt >= listing.requestedAt) continue;
      if (listing.baseline) this.sockets.delete(key);
      else {
        const broke = socket.broken || this.users.hasRegistration(socket.remote);
        outputs.push(...this.close(socket.remote, listing.requestedAt, broke ? 'NETWORK_ERROR' : 'CLOSED'));
      }
    }
    this.monitored = true;
    return outputs;
  }

  /** The monitors are asked again from scratch after a new login. */
  disconnectedFromPbx(): void {
    this.monitored = false;
  }

  forgetIdle(now: Micros): void {
    for (const [key, socket] of this.sockets) {
      if (now - socket.seenAt > FORGET_IDLE_AFTER && !this.users.hasRegistration(socket.remote)) this.sockets.delete(key);
    }
  }

  private connect(remote: Remote, at: Micros, details: string): Output {
    return {
      kind: 'sip-session',
      row: sessionRow(this.pbx, {
        at,
        event: 'CONNECT',
        source: 'CLIENT',
        details,
        remote,
        tlsCipher: this.tlsCipherOf(remote),
        binding: 'pending',
      }),
    };
  }

  private forgetOldest(): void {
    const oldest = this.sockets.keys().next().value;
    if (oldest !== undefined) this.sockets.delete(oldest);
  }
}

// A UDP and a TCP socket can have the same address and port; TLS and TCP cannot.
const keyOf = (remote: Remote): string => `${isReliable(remote.transport) ? 'stream' : 'datagram'} ${formatAddress(remote)}`;

export const sameSocket = (a: Remote | null, b: Remote | null): boolean => a !== null && b !== null && keyOf(a) === keyOf(b);
