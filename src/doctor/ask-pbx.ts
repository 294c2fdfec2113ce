import { isIP, type Socket } from 'node:net';
import { pino } from 'pino';
import { can, commandOutput, EVENT_CLASSES, readAbilities, unreadClasses, type Abilities } from '../ami/abilities.js';
import { parseCdrStatus } from '../ami/cdr-status.js';
import { PbxClock } from '../ami/clock.js';
import { pingOn, type AmiLine } from '../ami/line.js';
import { AmiSession, type Headers } from '../ami/manager.js';
import { openSocket } from '../ami/socket.js';
import { Tally } from '../ami/tally.js';
import { parseTransportMonitors } from '../ami/transport-monitors.js';
import { offsetAsked } from '../ami/zone.js';
import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { MICROS_PER_MS, MICROS_PER_SECOND } from '../time.js';
import { parseManagerSettings, parseRunningModules, parseTransports, parseUpdatesOnRefresh } from './console-output.js';
import type { AmiTarget, LoginFacts, PbxFacts } from './pbx-facts.js';

const CONNECT_MS = 4_000;
const LOGIN_MS = 4_000;
const ANSWER_MS = 3_000;
/** The login's own events come with it; waiting longer proves nothing. */
const OWN_EVENTS_MS = 1_500;
/** All questions together. */
const WHOLE_MS = 10_000;

/**
 * Connects, logs in and asks what is set, with actions and console commands that print no password
 * (tried on Asterisk 16.28 and 22.10). Changes nothing. Never rejects: every failure is a fact.
 */
export async function askPbx(ami: Config['ami']): Promise<PbxFacts> {
  if (ami === null) return { kind: 'demo' };
  const { host, port, username, secret, tls, tlsCa } = ami;
  const target: AmiTarget = { host, port, username, tls, verified: tls && tlsCa !== null };
  let socket: Socket;
  try {
    socket = await openSocket({ host, port, tls, tlsVerify: tlsCa !== null, ...(tlsCa === null ? {} : { tlsCa }) }, CONNECT_MS, new AbortController().signal);
  } catch (error) {
    return { kind: 'unreachable', target, code: codeOf(error), message: messageOf(error) };
  }
  const own = new OwnEvents();
  const session = new AmiSession({
    socket, username, secret, tally: new Tally(pino({ level: 'silent' })), onEvent: (name, headers) => own.take(name, headers, username), onClosed: () => own.end(),
  });
  const ownAddress = plainAddress(socket.localAddress ?? '');
  const loopback = isLoopback(plainAddress(socket.remoteAddress ?? ''));
  const deadline = setTimeout(() => session.close(new Error(`the PBX answered too slowly: ${WHOLE_MS / 1_000} s were not enough`)), WHOLE_MS);
  try {
    const verdict = await session.login(LOGIN_MS);
    if (verdict.kind === 'refused') return { kind: 'refused', target, message: verdict.message, ownAddress };
    return { kind: 'up', target, login: await askLogin(session, username, own, loopback) };
  } catch (error) {
    return { kind: 'no-verdict', target, message: messageOf(error) };
  } finally {
    await session.send({ Action: 'Logoff' }, 500).catch(() => undefined);
    clearTimeout(deadline);
    session.close(new Error('done'));
  }
}

async function askLogin(session: AmiSession, username: string, own: OwnEvents, loopback: boolean): Promise<LoginFacts> {
  const clock = new PbxClock();
  const line: AmiLine = {
    clock,
    send: (action, timeoutMs = ANSWER_MS) => session.send(action, timeoutMs),
    list: (action, timeoutMs = ANSWER_MS) => session.list(action, timeoutMs),
    ping: () => pingOn(line, ANSWER_MS),
  };
  let cutShort: string | null = null;
  // What one question fails at must not hide the answers to the others.
  const asked = async <T>(question: () => Promise<T>): Promise<T | null> => {
    try {
      return await question();
    } catch (error) {
      cutShort ??= messageOf(error);
      return null;
    }
  };
  await asked(() => line.send({ Action: 'Events', EventMask: EVENT_CLASSES.join() }));
  await asked(() => line.ping());
  const abilities = (await asked(() => readAbilities(line))) ?? { actions: null, asteriskVersion: null };
  const told = async <T>(command: string, parse: (output: string) => T | null, isThere = true): Promise<T | null> =>
    isThere && can(abilities, 'Command') ? asked(async () => parse(await commandOutput(line, command))) : null;
  const channelDrivers = await told('module show like chan_', parseRunningModules);
  const hasPjsip = channelDrivers?.includes('chan_pjsip') ?? false;
  const facts = {
    channelDrivers,
    mapped: can(abilities, 'GetConfig') ? await asked(() => readMappings(line)) : null,
    unreadClasses: can(abilities, 'Command') ? await asked(() => unreadClasses(line, username)) : null,
    settings: await told('manager show settings', parseManagerSettings),
    cdr: await told('cdr show status', parseCdrStatus),
    transports: await told('pjsip show transports', parseTransports, hasPjsip),
    updatesOnRefresh: await told('pjsip show settings', parseUpdatesOnRefresh, hasPjsip),
    monitors: await told('pjsip show transport-monitors', (output) => parseTransportMonitors(output)?.length ?? null, hasPjsip),
    contacts: await asked(() => readContacts(line, abilities)),
    offsetSeconds: can(abilities, 'Getvar') ? await asked(() => offsetAsked(line)(Math.floor(clock.read() / MICROS_PER_SECOND))) : null,
  };
  await own.heardAll(OWN_EVENTS_MS);
  const { heardSystem, heardSecurity, heardTimestamp } = own;
  const clockAheadMs = clock.isSet ? (clock.read() - clock.own()) / MICROS_PER_MS : null;
  return { loopback, abilities, heardSystem, heardSecurity, heardTimestamp, clockAheadMs, cutShort, ...facts };
}

// GetConfig is permitted with `system` (tried on Asterisk 16.28 and 22.10). It must never be asked for a
// file that holds passwords, such as manager.conf, pjsip.conf or sip.conf; cdr_manager.conf holds none.
async function readMappings(line: AmiLine): Promise<readonly string[] | null> {
  const answer = await line.send({ Action: 'GetConfig', Filename: 'cdr_manager.conf', Category: 'mappings' });
  if (answer.kind === 'error') return null;
  return [...answer.headers].filter(([name]) => name.startsWith('line-')).map(([, value]) => value);
}

async function readContacts(line: AmiLine, abilities: Abilities): Promise<LoginFacts['contacts']> {
  if (!can(abilities, 'PJSIPShowContacts')) return null;
  const answer = await line.list({ Action: 'PJSIPShowContacts' });
  // `No Contacts found` comes as an error, and is an empty list.
  const entries = answer.kind === 'error' ? [] : answer.entries;
  // A contact written in pjsip.conf, such as a trunk's, has no registration that expires.
  const registered = entries.filter((entry) => Number(entry.get('expirationtime') ?? 0) > 0);
  const unqualified = registered.filter((entry) => Number(entry.get('qualifyfrequency') ?? 1) === 0).map((entry) => entry.get('endpoint') ?? '');
  return { count: registered.length, unqualified: [...new Set(unqualified)].sort() };
}

/** What every login raises about itself, where it may read it; both came within 20 ms on Asterisk 16 and 22. */
class OwnEvents {
  heardSystem = false;
  heardSecurity = false;
  heardTimestamp = false;
  #notify: () => void = () => undefined;
  #ended = false;

  take(name: string, headers: Headers, username: string): void {
    if (name === 'FullyBooted') this.heardSystem = true;
    if (name === 'SuccessfulAuth' && headers.get('service') === 'AMI' && headers.get('accountid') === username) {
      this.heardSecurity = true;
      // FullyBooted never carries it, and the answer to Ping always does; only an event tells.
      this.heardTimestamp = (headers.get('timestamp') ?? '') !== '';
    }
    if (this.heardSystem && this.heardSecurity) this.#notify();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  async heardAll(timeoutMs: number): Promise<void> {
    if (this.#ended || (this.heardSystem && this.heardSecurity)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#notify = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function codeOf(error: unknown): string {
  const carrier = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return carrier instanceof Error && 'code' in carrier && typeof carrier.code === 'string' ? carrier.code : '';
}

/** `::ffff:10.0.0.7` is how a socket for both families writes an IPv4 address. */
const plainAddress = (address: string): string => (isIP(address) === 6 ? address.replace(/^::ffff:(?=\d+\.)/i, '') : address);

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
