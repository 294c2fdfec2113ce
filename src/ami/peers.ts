import { parseHostPort, type Remote } from './address.js';

// What chan_sip and chan_iax2 list alike.

/** An address and a port as their lists print them; null for a peer that is not registered (`-none-`, `(null)`). */
export function peerAddress(ip: string, port: string): Remote | null {
  if (port === '0' || !/^[0-9a-f:.]+$/i.test(ip)) return null;
  return parseHostPort(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
}

/** Their word for what qualifying a peer shows, in PJSIP's spelling. */
export function qualifyStatus(text: string): string {
  const word = text.split(' ', 1)[0]?.toUpperCase() ?? '';
  const words: Readonly<Record<string, string>> = {
    OK: 'Reachable', LAGGED: 'Reachable', UNREACHABLE: 'Unreachable', UNKNOWN: 'Unknown', UNMONITORED: 'NonQualified',
  };
  return words[word] ?? text;
}
