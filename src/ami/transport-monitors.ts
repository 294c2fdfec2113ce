import type { AmiEvent } from './event.js';
import { formatAddress, isReliable, parseHostPort, parseSecurityAddress, parseTransport } from './address.js';
import type { MonitoredConnection } from './input.js';

const LINE = /^\s*(\S+):(\d+)\s+(\S+)\s+(Incoming|Outgoing)\s+\d+\s+\d+\s+(\S+)\s*$/;
const TOTAL = /^\s*Total Transport Monitors: (\d+)\s*$/m;

/**
 * The `Output` of `pjsip show transport-monitors`: connections that clients opened and that still
 * stand. Null when the text is not that listing, or not all of it could be read.
 * Asterisk 16 and 22 print IPv6 addresses without brackets: `::1:34944`.
 */
export function parseTransportMonitors(output: string): readonly MonitoredConnection[] | null {
  const total = TOTAL.exec(output)?.[1];
  if (total === undefined) return null;
  const lines = output.split('\n').map((line) => LINE.exec(line)).filter((match) => match !== null);
  if (lines.length !== Number(total)) return null;
  const connections = new Map<string, MonitoredConnection>();
  for (const [, ip = '', port = '', state = '', direction = '', objectName = ''] of lines) {
    if (direction !== 'Incoming' || /^(SHUTDOWN|DESTROY)/i.test(state)) continue;
    const kind = /^(tcp|tls|wss?)/i.exec(objectName)?.[1] ?? '';
    const host = ip.includes(':') && !ip.startsWith('[') ? `[${ip}]` : ip;
    const remote = parseHostPort(`${host}:${port}`, parseTransport(kind));
    if (!remote) return null;
    connections.set(formatAddress(remote), { remote, objectName });
  }
  return [...connections.values()];
}

const MAX_WATCHED = 1_000;

/**
 * Tells a listing that never shows what exists: a client's socket was heard from before and after
 * a poll, and no poll has ever listed a connection. Such a listing must not be taken for the truth.
 */
export class MonitorTrust {
  readonly #heard = new Map<string, number>();
  #polls = 0;
  #hasShown = false;

  poll(connections: readonly MonitoredConnection[]): void {
    this.#polls += 1;
    if (connections.length > 0) this.#hasShown = true;
  }

  /** True when this event, with an earlier one, proves that the listing shows nothing. */
  isDisprovedBy(event: AmiEvent): boolean {
    if (this.#hasShown || event.get('Service') !== 'PJSIP') return false;
    const remote = parseSecurityAddress(event.get('RemoteAddress'));
    if (!remote || !isReliable(remote.transport)) return false;
    const key = formatAddress(remote);
    const pollsThen = this.#heard.get(key);
    if (pollsThen === undefined) {
      if (this.#heard.size < MAX_WATCHED) this.#heard.set(key, this.#polls);
      return false;
    }
    // Two polls: the first may have been on its way when the client was heard first.
    return this.#polls - pollsThen >= 2;
  }
}
