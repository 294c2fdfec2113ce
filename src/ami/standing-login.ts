import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { fromMs, MICROS_PER_SECOND, type Micros } from '../time.js';
import { can, EVENT_CLASSES, missingEvents, missingWritePrivileges, readAbilities, unheard, type Abilities } from './abilities.js';
import { inBackground } from './background.js';
import { parseEventTv, type PbxClock } from './clock.js';
import { ContactWatch } from './contact-watch.js';
import { amiEvent } from './event.js';
import type { PbxInput } from './input.js';
import { pingOn, type AmiLine } from './line.js';
import { AmiTimeoutError, type Action, type AmiSession, type Headers } from './manager.js';
import { MonitorWatch } from './monitor-watch.js';
import { pause } from './pause.js';
import type { SnapshotPace } from './snapshots.js';
import { offsetAsked, readZone } from './zone.js';

export interface StandingLoginOptions {
  readonly session: AmiSession;
  readonly username: string;
  readonly clock: PbxClock;
  readonly pollIntervalMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly bootTimeoutMs: number;
  readonly snapshots: SnapshotPace;
  readonly logger: Logger;
  readonly onInput: (input: PbxInput) => void;
}

const EVENT_MASK = EVENT_CLASSES.join();
const ZONE_AGAIN_MS = 86_400_000;
/** A login that Asterisk tells of as longer ago is not the one that was just accepted. */
const LOGIN_TAKES: Micros = 5 * MICROS_PER_SECOND;

const isAmiLogin = (name: string, headers: Headers): boolean => name === 'SuccessfulAuth' && headers.get('service') === 'AMI';

/** What goes on while one login stands: events, the watchdog, listings, names and the zone. */
export class StandingLogin implements AmiLine {
  readonly clock: PbxClock;
  readonly #options: StandingLoginOptions;
  readonly #ended = new AbortController();
  readonly #booted = new AbortController();
  readonly #warnings = new Set<string>();
  #canCheck = false;
  #isProving = false;
  #unheard: readonly string[] = [];
  /** What came before the PBX's clock was known. */
  #held: (readonly [name: string, headers: Headers])[] | null = [];
  #version: string | null = null;
  #hasSecurity = false;
  #contacts: ContactWatch | null = null;
  #monitors: MonitorWatch | null = null;

  constructor(options: StandingLoginOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  get asteriskVersion(): string | null {
    return this.#version;
  }

  onEvent(name: string, headers: Headers): void {
    if (this.#held) {
      this.#held.push([name, headers]);
      return;
    }
    const event = amiEvent(name, this.clock.stamp((header) => headers.get(header.toLowerCase()) ?? ''), headers);
    this.#options.onInput({ kind: 'event', event });
    if (isAmiLogin(name, headers)) inBackground(this.#options.logger, 'asking for a word after a login', () => this.#proveHearing());
    if (name === 'FullyBooted') this.#onBooted();
    if (event.get('EventTV') !== '') this.#hasSecurity = true;
    this.#contacts?.onEvent(event);
    this.#monitors?.onEvent(event);
  }

  /**
   * From an accepted login to all that is asked regularly; resolves when the login is of full use.
   * Rejects when the connection ends or falls silent before.
   */
  async begin(): Promise<void> {
    const { onInput, logger, bootTimeoutMs, username } = this.#options;
    const acceptedAt = performance.now();
    await this.ping();
    const held = this.#held ?? [];
    this.#held = null;
    onInput({ kind: 'connected', at: this.#hearsSince(acceptedAt, held) });
    for (const [name, headers] of held) this.onEvent(name, headers);
    inBackground(logger, 'the watchdog', () => this.#watch());
    await this.send({ Action: 'Events', EventMask: EVENT_MASK });
    // A login that may not read `system` never sees FullyBooted.
    if (await pause(bootTimeoutMs, AbortSignal.any([this.#booted.signal, this.#ended.signal]))) {
      this.#warn(`No FullyBooted within ${bootTimeoutMs} ms: the PBX is still starting, or ${unheard(username, 'system')}`);
    }
    const abilities = await readAbilities(this);
    this.#version = abilities.asteriskVersion;
    for (const warning of missingWritePrivileges(abilities, username)) this.#warn(warning);
    this.#startWatching(abilities);
  }

  /** It hears since the login was accepted; where Asterisk told it of that itself, since the instant at which it told everybody. */
  #hearsSince(acceptedAt: number, held: readonly (readonly [name: string, headers: Headers])[]): Micros {
    const accepted = this.clock.read() - fromMs(performance.now() - acceptedAt);
    const told = held.flatMap(([name, headers]) => (isAmiLogin(name, headers) ? (parseEventTv(headers.get('eventtv') ?? '') ?? []) : []));
    return Math.min(accepted, ...told.filter((at) => accepted - at < LOGIN_TAKES));
  }

  /** It may be another listener that came back: a word at once proves that all up to then was heard here. */
  async #proveHearing(): Promise<void> {
    if (this.#isProving) return;
    this.#isProving = true;
    await this.ping().finally(() => (this.#isProving = false));
  }

  /** Lists again who is on line, as soon as that can be. */
  requestSnapshot(): void {
    this.#contacts?.snapshot();
    if (this.#canCheck) this.#checkHearing();
  }

  /** Stops everything that is asked regularly. The session is closed by others. */
  end(): void {
    this.#ended.abort();
  }

  send(action: Action, timeoutMs?: number): ReturnType<AmiSession['send']> {
    return this.#options.session.send(action, timeoutMs);
  }

  list(action: Action, timeoutMs?: number): ReturnType<AmiSession['list']> {
    return this.#options.session.list(action, timeoutMs);
  }

  ping(): Promise<Micros> {
    return pingOn(this, this.#options.pingTimeoutMs);
  }

  #startWatching(abilities: Abilities): void {
    const { logger, onInput, snapshots, pollIntervalMs } = this.#options;
    const { signal } = this.#ended;
    this.#contacts = new ContactWatch({ line: this, abilities, pace: snapshots, logger, onInput, signal });
    this.#contacts.snapshot();
    if (can(abilities, 'Getvar')) inBackground(logger, "asking for the PBX's time zone", () => this.#keepZone());
    if (!can(abilities, 'Command')) {
      inBackground(logger, 'looking for security events', () => this.#expectSecurity());
      return;
    }
    if (can(abilities, 'PJSIPShowContacts')) {
      const onWarning = (warning: string): void => this.#warn(warning);
      this.#monitors = new MonitorWatch({ line: this, pollIntervalMs, logger, onInput, onWarning, signal });
      const monitors = this.#monitors;
      inBackground(logger, 'listing open connections', () => monitors.run());
    }
    this.#canCheck = true;
    this.#checkHearing();
  }

  /** What the login hears can be mended, and spoilt, while it stands. */
  #checkHearing(): void {
    const { logger, username } = this.#options;
    inBackground(logger, 'checking what the login hears', async () => {
      const missing = await missingEvents(this, username);
      for (const warning of this.#unheard) if (!missing.includes(warning)) this.#warnings.delete(warning);
      for (const warning of missing) this.#warn(warning);
      this.#unheard = missing;
    });
  }

  // Every login raises SuccessfulAuth for itself, so that silence tells of a missing class.
  async #expectSecurity(): Promise<void> {
    const whole = await pause(this.#options.pingTimeoutMs, this.#ended.signal);
    if (whole && !this.#hasSecurity) this.#warn(unheard(this.#options.username, 'security'));
  }

  async #keepZone(): Promise<void> {
    do {
      const zone = await readZone(offsetAsked(this), this.clock.read() / MICROS_PER_SECOND);
      if (zone) this.#options.onInput({ kind: 'zone', zone, at: this.clock.read() });
      else this.#warn('The PBX does not tell its time zone (Getvar of STRFTIME): load func_strings.so, or map start,u in cdr_manager.conf.');
    } while (await pause(ZONE_AGAIN_MS, this.#ended.signal));
  }

  async #watch(): Promise<void> {
    const { pingIntervalMs, pingTimeoutMs, session, logger } = this.#options;
    while (await pause(pingIntervalMs, this.#ended.signal)) {
      try {
        await this.ping();
      } catch (error) {
        // After a long turn of the process its limit is over before the socket was looked into.
        await nextTurn();
        // In a storm the answer queues behind events, and these prove the connection as well.
        if (!(error instanceof AmiTimeoutError) || session.silentMs < pingTimeoutMs) {
          logger.debug({ silentMs: Math.round(session.silentMs) }, 'no answer to Ping yet');
          continue;
        }
        session.close(new Error(`the PBX did not answer a Ping within ${pingTimeoutMs} ms`));
      }
    }
  }

  #onBooted(): void {
    const wasLate = this.#contacts !== null && !this.#booted.signal.aborted;
    this.#booted.abort();
    if (wasLate) this.requestSnapshot();
  }

  #warn(warning: string): void {
    if (this.#warnings.has(warning)) return;
    this.#warnings.add(warning);
    this.#options.logger.warn(warning);
  }
}
