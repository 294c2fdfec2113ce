import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { fromMs, fromSeconds, type Micros } from '../time.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { PbxClock } from './clock.js';
import type { AmiStatus, PbxInput } from './input.js';
import { AmiSession } from './manager.js';
import { pause } from './pause.js';
import { openSocket, type PbxAddress } from './socket.js';
import { StandingLogin } from './standing-login.js';
import { Tally, type BlockCounts } from './tally.js';

export interface PbxConnectionOptions extends PbxAddress {
  readonly username: string;
  readonly secret: string;
  readonly logger: Logger;
  /** Told everything, in order. Must return at once: the reader waits for it, and a slow reader is cut off. */
  readonly onInput: (input: PbxInput) => void;
  readonly pollIntervalMs?: number;
  readonly pingIntervalMs?: number;
  readonly pingTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly loginTimeoutMs?: number;
  /** How long to wait for FullyBooted before going on with a warning. */
  readonly bootTimeoutMs?: number;
  readonly tickIntervalMs?: number;
  /** From an event about somebody new to the listing. */
  readonly snapshotDelayMs?: number;
  readonly snapshotSpacingMs?: number;
  readonly backoff?: Partial<BackoffOptions>;
}

const DEFAULTS = {
  pollIntervalMs: 2_000,
  pingIntervalMs: 5_000,
  pingTimeoutMs: 5_000,
  connectTimeoutMs: 10_000,
  loginTimeoutMs: 10_000,
  bootTimeoutMs: 10_000,
  tickIntervalMs: 250,
  snapshotDelayMs: 400,
  snapshotSpacingMs: 2_000,
};
const LOGOFF_TIMEOUT_MS = 500;
const LATE_TICK_MS = 100;
/** How long what was said may lie in the socket in a storm: a second and a half were seen. */
const UNREAD: Micros = fromSeconds(2);

/** How one attempt ended. */
type Ending = { readonly kind: 'refused' | 'lost'; readonly message: string };

/** Keeps one AMI login standing and turns what the PBX says into inputs. */
export class PbxConnection {
  readonly #options: PbxConnectionOptions & typeof DEFAULTS;
  readonly #clock = new PbxClock();
  readonly #backoff: Backoff;
  readonly #tally: Tally;
  readonly #stopping = new AbortController();
  #status: AmiStatus = { state: 'connecting', attempt: 1, lastError: null };
  #session: AmiSession | null = null;
  #login: StandingLogin | null = null;
  /** A login stands, as far as the pipeline has been told. */
  #isListening = false;
  #isLeaving = false;
  #ticked: Micros = 0;
  #loop: Promise<void> | null = null;

  constructor(options: PbxConnectionOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#backoff = new Backoff(options.backoff);
    this.#tally = new Tally(options.logger);
  }

  /** Begins to connect, and goes on until {@link stop}. Failures show in {@link status}, never as an exception. */
  start(): void {
    this.#loop ??= Promise.all([this.#run(), this.#tick()]).then(() => undefined);
  }

  /** Logs off and ends. Everything read from the socket before has reached `onInput`; nothing does afterwards. */
  async stop(): Promise<void> {
    this.#isLeaving = true;
    this.#login?.end();
    await this.#session?.send({ Action: 'Logoff' }, LOGOFF_TIMEOUT_MS).catch(() => undefined);
    this.#listeningEnded('', 0);
    this.#stopping.abort();
    this.#session?.close(new Error('stopped'));
    await this.#loop;
    this.#status = { state: 'stopped' };
  }

  status(): AmiStatus {
    if (this.#status.state !== 'up' || !this.#login) return this.#status;
    return { ...this.#status, warnings: this.#login.warnings };
  }

  /** How many blocks of each fate were read since the start. */
  counts(): BlockCounts {
    return this.#tally.counts();
  }

  /** Asks for a fresh listing of who is on line; without a login there is nothing to ask, and the next login lists anyway. */
  requestSnapshot(): void {
    this.#login?.requestSnapshot();
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    let lastError: string | null = null;
    while (!this.#isStopping()) {
      this.#status = { state: 'connecting', attempt: this.#backoff.attempts + 1, lastError };
      const ending = await this.#attempt();
      if (this.#isStopping()) return;
      lastError = ending.message;
      const waitMs = ending.kind === 'refused' ? this.#backoff.afterRefusal() : this.#backoff.afterLoss();
      const retryAt = ownNow() + fromMs(waitMs);
      if (ending.kind === 'refused') {
        this.#status = { state: 'refused', message: ending.message, retryAt };
        logger.error({ waitMs }, `the PBX refused the AMI login: ${ending.message}; check AMI_USERNAME, AMI_SECRET and the permit= lines of manager.conf`);
      } else {
        this.#status = { state: 'down', message: ending.message, retryAt };
        logger.warn({ waitMs }, `no connection to the PBX: ${ending.message}`);
      }
      await pause(waitMs, this.#stopping.signal);
    }
  }

  // Never rejects: every way to fail is an ending.
  async #attempt(): Promise<Ending> {
    const { username, secret, connectTimeoutMs } = this.#options;
    try {
      const socket = await openSocket(this.#options, connectTimeoutMs, this.#stopping.signal);
      const session = new AmiSession({
        socket,
        username,
        secret,
        tally: this.#tally,
        onEvent: (name, headers) => this.#login?.onEvent(name, headers),
        onClosed: () => this.#login?.end(),
      });
      this.#session = session;
      const login = new StandingLogin({ ...this.#options, session, clock: this.#clock, onInput: (input) => this.#emit(input), snapshots: this.#pace() });
      this.#login = login;
      const ending = await this.#whileItLasts(session, login).catch(lost);
      login.end();
      this.#listeningEnded(ending.message, session.silentMs);
      session.close(new Error('this attempt is over'));
      this.#login = null;
      this.#session = null;
      return ending;
    } catch (error) {
      return lost(error);
    }
  }

  async #whileItLasts(session: AmiSession, login: StandingLogin): Promise<Ending> {
    const verdict = await session.login(this.#options.loginTimeoutMs);
    if (verdict.kind === 'refused') return verdict;
    this.#backoff.loggedIn();
    await login.begin();
    this.#status = { state: 'up', since: ownNow(), asteriskVersion: login.asteriskVersion, warnings: [] };
    this.#options.logger.info({ asteriskVersion: login.asteriskVersion }, 'logged in to the PBX');
    return lost(await session.closed);
  }

  // A tick says that everything before it was heard. One that is late itself, because the process
  // was busy, would run ahead of what waits in the socket, so it is left out.
  async #tick(): Promise<void> {
    const { tickIntervalMs } = this.#options;
    let due = performance.now() + tickIntervalMs;
    while (await pause(tickIntervalMs, this.#stopping.signal)) {
      const lateMs = performance.now() - due;
      // Timers come before what the socket has: a look into it first.
      await nextTurn();
      due = performance.now() + tickIntervalMs;
      if (lateMs < LATE_TICK_MS && this.#clock.isSet) this.#emit(this.#timePassed());
    }
  }

  /**
   * Until when all that the PBX said has been heard, whatever still lies unread in the socket: a busy process may be many seconds behind.
   * What it says comes in order, and so does its answer to whatever is asked.
   */
  #heardUntil(now: Micros): Micros {
    const proven = this.#session === null ? now : now - fromMs(this.#session.provenMs);
    return Math.min(now, Math.max(this.#clock.newest, proven));
  }

  /** While more and more comes, some of what was said by now still lies in the socket; while nothing comes, nobody knows whether the connection still stands. */
  #timePassed(): Extract<PbxInput, { kind: 'tick' }> {
    const silentMs = this.#session?.silentMs ?? 0;
    const isQuiet = this.#session === null || silentMs >= this.#options.tickIntervalMs;
    const now = this.#clock.read();
    const at = isQuiet ? now : Math.min(now - UNREAD, Math.max(this.#heardUntil(now), this.#ticked));
    this.#ticked = this.#ticked - at > UNREAD ? at : Math.max(this.#ticked, at);
    return { kind: 'tick', at: this.#ticked, heardAt: Math.min(this.#ticked, now - fromMs(silentMs)) };
  }

  /** Nothing was heard for `silentMs` before; what came in that time, nobody knows. */
  #listeningEnded(reason: string, silentMs: number): void {
    if (!this.#isListening) return;
    const now = this.#clock.read();
    const at = Math.min(now - fromMs(silentMs), this.#heardUntil(now));
    this.#emit({ kind: 'disconnected', at, reason: this.#isLeaving ? 'Logbook was stopped' : reason });
  }

  #emit(said: PbxInput): void {
    if (this.#isStopping()) return;
    const input = this.#inOrder(said);
    if (input.kind === 'connected' || input.kind === 'disconnected') this.#isListening = input.kind === 'connected';
    try {
      this.#options.onInput(input);
    } catch (error) {
      this.#options.logger.error({ kind: input.kind, reason: messageOf(error) }, 'an input from the PBX was not taken');
    }
  }

  /** What was asked for and came late, behind much that lay unread, tells of the time at which it was said. */
  #inOrder(input: PbxInput): PbxInput {
    if (input.kind !== 'contacts' && input.kind !== 'transport-monitors' && input.kind !== 'account-name' && input.kind !== 'zone') return input;
    const heard = this.#heardUntil(this.#clock.read());
    return input.at - heard <= UNREAD ? input : { ...input, at: Math.max(heard, 'requestedAt' in input ? input.requestedAt : 0) };
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #pace(): { delayMs: number; spacingMs: number } {
    return { delayMs: this.#options.snapshotDelayMs, spacingMs: this.#options.snapshotSpacingMs };
  }
}

const lost = (error: unknown): Ending => ({ kind: 'lost', message: messageOf(error) });

// Logbook's own clock: what is said about the connection is for people here, not about the PBX.
const ownNow = (): Micros => fromMs(Date.now());
