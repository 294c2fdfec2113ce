import { isIP } from 'node:net';

export type Transport = 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';

/** One end of a connection as seen on the wire. */
export interface Remote {
  readonly transport: Transport | null;
  readonly ip: string;
  /** Null where only the address is known, as from chan_iax2's `PeerStatus`: that is not one connection. */
  readonly port: number | null;
}

const TRANSPORTS: readonly string[] = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'];

export function parseTransport(text: string): Transport | null {
  const upper = text.toUpperCase();
  return TRANSPORTS.includes(upper) ? (upper as Transport) : null;
}

export function isReliable(transport: Transport | null): boolean {
  return transport !== null && transport !== 'UDP';
}

/** `203.0.113.37:28224` or `[2001:db8::1]:5060`, without a port `203.0.113.37` or `2001:db8::1`: how addresses are shown, stored and compared. */
export function formatAddress({ ip, port }: Remote): string {
  if (port === null) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** As far as both ports are known. */
export const isSameAddress = (a: Remote, b: Remote): boolean => a.ip === b.ip && (a.port === b.port || a.port === null || b.port === null);

/** `IPV4/UDP/203.0.113.37/28224`, the form of `RemoteAddress` in security events. */
export function parseSecurityAddress(text: string): Remote | null {
  const match = /^IPV[46]\/([A-Z]+)\/(.+)\/(\d+)$/i.exec(text.trim());
  return match ? remote(match[1] ?? '', match[2] ?? '', match[3] ?? '') : null;
}

/** `203.0.113.37:28224` or `[2001:db8::1]:5060`, as chan_sip's `Address` and the transport monitors print it. */
export function parseHostPort(text: string, transport: Transport | null = null): Remote | null {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d+)$/.exec(text.trim());
  return match ? remote(transport ?? '', match[1] ?? match[2] ?? '', match[3] ?? '') : null;
}

/** What {@link formatAddress} gives: the port may be missing. */
export function parseAddress(text: string, transport: Transport | null = null): Remote | null {
  const ip = text.trim();
  return isIP(ip) === 0 ? parseHostPort(ip, transport) : { transport, ip: canonicalIp(ip), port: null };
}

/** The address a contact URI claims, null where it names a host rather than an address. */
export function parseContactUri(uri: string): Remote | null {
  const match = /^sips?:(?:[^@]*@)?(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::(\d+))?(.*)$/i.exec(uri.trim());
  if (!match) return null;
  const transport = /;transport=([a-z]+)/i.exec(match[4] ?? '')?.[1] ?? 'UDP';
  const secure = uri.toLowerCase().startsWith('sips:');
  return remote(secure ? 'TLS' : transport, match[1] ?? match[2] ?? '', match[3] ?? (secure ? '5061' : '5060'));
}

function remote(transport: string, ip: string, port: string): Remote | null {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535 || ip === '') return null;
  return { transport: parseTransport(transport), ip: canonicalIp(ip), port: number };
}

// Two spellings of one IPv6 address must be one socket; the URL parser knows the canonical one.
function canonicalIp(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [address = '', scope] = ip.split('%');
  try {
    const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
    return scope === undefined ? canonical : `${canonical}%${scope}`;
  } catch {
    return ip.toLowerCase();
  }
}
