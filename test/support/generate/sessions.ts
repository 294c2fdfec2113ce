import type { NewSipSession, NewWebSession, AccountState } from '../../../src/logs/output.js';
import type { WebEventType } from '../../../src/logs/web-session/columns.js';
import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { at as nth, drawnKey, PBX, pick, type Company, type Person, type Random } from './company.js';
import { instants } from './hours.js';

const HOUR: Micros = 3_600 * MICROS_PER_SECOND;

/**
 * Exactly so many rows of the session log, in order: phones that come and go, their connections, all of them reconciled,
 * the trunk's refreshes, and one in sixteen of somebody who tries to get in.
 */
export function* generateSessions(company: Company, count: number, from: Micros, to: Micros, random: Random): Generator<NewSipSession> {
  const steps = new Map<string, number>();
  let trunkAt = from;
  for (const at of instants(count, from, to, random)) {
    if (at >= trunkAt) {
      trunkAt = at + HOUR;
      yield row(at, random, { event: 'REGISTER', source: 'SERVER', peername: '390245678900', account: 'sip.fastline.example:5060' });
    } else if (random() < 1 / 16) yield scan(at, random);
    else {
      const person = company.anyone(random);
      const step = steps.get(person.extension) ?? 0;
      steps.set(person.extension, step + 1);
      yield ofPhone(person, step, at, random);
    }
  }
}

/** A phone over TCP or TLS connects, registers, leaves and hangs up, from another port each time. */
function ofPhone(person: Person, step: number, at: Micros, random: Random): NewSipSession {
  const { extension: peername, name: account, userAgent, transport, ip } = person;
  const known = { peername, account, transport };
  if (transport === 'UDP') {
    const remoteAddress = `${ip}:5060`;
    return step % 2 === 0 ? row(at, random, { ...known, userAgent, remoteAddress }) : row(at, random, { ...known, event: 'UNREGISTER', source: step % 6 === 1 ? 'SERVER' : 'CLIENT', details: step % 6 === 1 ? 'EXPIRED' : '200 OK', userAgent, remoteAddress });
  }
  const connection = { remoteAddress: `${ip}:${1_024 + ((Math.floor(step / 4) * 131) % 60_000)}`, tlsCipher: transport === 'TLS' ? 'ECDHE-RSA-AES256-GCM-SHA384' : null };
  switch (step % 4) {
    case 0:
      return boundary('CONNECT', 'CLIENT');
    case 1:
      return row(at, random, { ...known, ...connection, userAgent });
    case 2:
      return row(at, random, { ...known, ...connection, event: 'UNREGISTER', userAgent });
    default:
      return boundary('DISCONNECT', step % 8 === 3 ? 'SERVER' : 'CLIENT');
  }

  // One in twenty had several accounts or none that proved itself.
  function boundary(event: 'CONNECT' | 'DISCONNECT', source: 'CLIENT' | 'SERVER'): NewSipSession {
    const details = event === 'DISCONNECT' && source === 'SERVER' ? 'NETWORK_ERROR' : '200 OK';
    const dice = random();
    if (dice < 0.04) return row(at, random, { ...connection, transport, event, source, details, binding: 'unknown', reconciled: false });
    if (dice < 0.05) return row(at, random, { ...connection, transport, event, source, details, binding: 'ambiguous', reconciled: false, candidates: `${peername},${Number(peername) + 1}` });
    return row(at, random, { ...known, ...connection, event, source, details });
  }
}

function scan(at: Micros, random: Random): NewSipSession {
  const known = random() < 0.3;
  return row(at, random, {
    peername: known ? String(1_000 + Math.floor(random() * 200)) : pick(['admin', 'test', '100', 'sip', 'root'], random),
    details: known ? 'CHALLENGE_RESPONSE_FAILED' : 'INVALID_ACCOUNT_ID',
    remoteAddress: `198.51.100.${Math.floor(random() ** 3 * 250)}:${1_024 + Math.floor(random() * 60_000)}`,
    transport: 'UDP',
    binding: 'unknown',
    reconciled: false,
  });
}

function row(timestamp: Micros, random: Random, changes: Partial<NewSipSession>): NewSipSession {
  return {
    key: drawnKey(random), timestamp, event: 'REGISTER', source: 'CLIENT', peername: null, account: null, details: '200 OK', userAgent: null,
    remoteAddress: null, transport: null, tlsCipher: null, reconciled: true, binding: 'bound', candidates: null, pbx: PBX, ...changes,
  };
}

/** Sign-ins of a few people and programs, in order. */
export function* generateWebSessions(count: number, from: Micros, to: Micros, random: Random): Generator<NewWebSession> {
  for (const dateCreated of instants(count, from, to, random)) {
    const dice = random();
    const eventType: WebEventType = dice < 0.45 ? 'SUCCESS' : dice < 0.8 ? 'SUCCESS_INTERACTIVE' : dice < 0.9 ? 'SIGNED_OUT' : 'FAIL_BAD_CREDENTIALS';
    const ami = eventType === 'SUCCESS' && random() < 0.5;
    yield {
      key: drawnKey(random), dateCreated, eventType, principal: ami ? 'logbook' : pick(['admin', 'sara', 'finance', 'auditor'], random),
      ipAddress: `10.20.0.${10 + Math.floor(random() * 40)}`, service: ami ? 'AMI' : 'CONSOLE', pbx: ami ? PBX : null,
    };
  }
}

/** How each account stands at `now`: most are on line. */
export function* generateAccounts(company: Company, now: Micros, random: Random): Generator<AccountState> {
  for (const [index, { extension, name, userAgent, transport, ip }] of company.people.entries()) {
    const online = index % 9 !== 4;
    const since = now - Math.floor(random() * 60 * 24) * 60 * MICROS_PER_SECOND * 20;
    const expiresAt = now + Math.floor(random() * HOUR);
    const remoteAddress = `${ip}:${transport === 'UDP' ? 5060 : 1_024 + (index % 60_000)}`;
    const contact = { uri: `sip:${extension}@${remoteAddress}`, callId: drawnKey(random), remoteAddress, transport, userAgent, expiresAt, status: nth(['Reachable', 'Reachable', 'NonQualified'], index), registeredAt: since };
    yield { pbx: PBX, channelType: 'PJSIP', username: extension, description: name, contacts: online ? [contact] : [], since, updatedAt: now };
  }
}
