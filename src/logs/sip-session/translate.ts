import { parseHostPort, parseTransport } from '../../ami/address.js';
import type { AmiEvent } from '../../ami/event.js';
import type { NewSipSession } from '../output.js';
import { SIP_EVENTS, type SipEvent } from './columns.js';
import { sessionRow, upperSnake } from './rows.js';

/**
 * `Registry`: the PBX's own registration at a provider. It repeats at each refresh. Steps on the
 * way (`Request Sent`, `Auth. Sent` of chan_sip) make no row. Answers null for those.
 */
export function translateRegistry(pbx: string, event: AmiEvent): NewSipSession | null {
  const status = event.get('Status');
  if (status === 'Request Sent' || status === 'Auth. Sent') return null;
  const domain = event.get('Domain').replace(/^sips?:/i, '');
  const cause = event.get('Cause');
  const ok = status === 'Registered';
  return sessionRow(pbx, {
    at: event.at,
    event: status === 'Unregistered' ? 'UNREGISTER' : 'REGISTER',
    source: 'SERVER',
    details: ok ? '200 OK' : [upperSnake(status), cause].filter((part) => part !== '').join(' '),
    // chan_pjsip gives `sip:provider@host:port`, chan_sip the bare user.
    peername: event.get('Username').replace(/^sips?:/i, '').replace(/@.*$/, ''),
    account: domain,
    binding: 'bound',
    distinction: event.get('ChannelType'),
  });
}

/**
 * `UserEvent: SipSession`: what a SIP proxy or a dialplan in front says itself (docs/asterisk.md).
 * Answers the reason when it is no such event.
 */
export function translateUserEvent(pbx: string, event: AmiEvent, accountOf: (name: string) => string | null): NewSipSession | string {
  const sipEvent = event.get('SipEvent').toUpperCase();
  if (!isSipEvent(sipEvent)) return `SipEvent must be one of ${SIP_EVENTS.join(', ')}`;
  const peername = event.get('Peername');
  const remote = parseHostPort(event.get('Remoteaddr'), parseTransport(event.get('Transport')));
  if (remote === null && event.get('Remoteaddr') !== '') return 'Remoteaddr must be address:port';
  const unbound = sipEvent === 'REGISTER' || sipEvent === 'UNREGISTER' || remote === null ? 'unknown' : 'pending';
  return sessionRow(pbx, {
    at: event.at,
    event: sipEvent,
    source: event.get('Source').toUpperCase() === 'SERVER' ? 'SERVER' : 'CLIENT',
    details: event.get('Details'),
    peername: peername === '' ? null : peername,
    account: peername === '' ? null : accountOf(peername),
    userAgent: event.get('Useragent') || null,
    remote,
    tlsCipher: event.get('Tlscipher') || null,
    binding: peername === '' ? unbound : 'bound',
    distinction: 'UserEvent',
  });
}

const isSipEvent = (word: string): word is SipEvent => (SIP_EVENTS as readonly string[]).includes(word);
