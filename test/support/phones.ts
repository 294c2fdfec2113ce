import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, removeFolder, run, tempFolder, type Running } from './processes.js';
import { connectionOf } from './sockets.js';
import { filled, type Values } from './template.js';

/** What the phone itself saw: what a good log must say. */
export interface Seen {
  /** Status of the last answer, such as 200 or 403; 0 when none came. */
  readonly status: number;
  readonly reason: string;
  /** When that answer came, ms since 1970. */
  readonly at: number;
  readonly callId: string;
  /** `127.57.41.37:40123` or `[::1]:40123`: what the server sees. */
  readonly remote: string;
}

export interface PhoneOptions {
  readonly user: string;
  readonly password?: string;
  /** Where the server listens. */
  readonly port: number;
  readonly server?: string;
  /** The phone's own address; every 127.x.y.z is one. */
  readonly ip?: string;
  readonly userAgent?: string;
}

/** How a phone takes a call: it picks up, rings on until the caller gives up, or refuses. */
export type Manner = 'answer' | 'ring' | '486 Busy Here' | '603 Decline';

let started = 0;

/**
 * A SIP phone over UDP, played by sipp. It keeps one address and port, and between its own requests it
 * lies on the desk: answers OPTIONS and takes calls in its manner, until `vanish` or `close`.
 */
export class UdpPhone {
  readonly folder = tempFolder('phone');
  #presence: Running | null = null;
  #manner: Manner = 'answer';
  #cseq = 0;
  #callId = '';

  private constructor(
    readonly options: PhoneOptions,
    readonly ip: string,
    readonly localPort: number,
  ) {}

  static async at(options: PhoneOptions): Promise<UdpPhone> {
    const ip = options.ip ?? '127.0.0.1';
    return new UdpPhone(options, ip, await freePort(ip));
  }

  get remote(): string {
    return this.ip.includes(':') ? `[${this.ip}]:${this.localPort}` : `${this.ip}:${this.localPort}`;
  }

  /** Registers, or refreshes with the same Call-ID once it has registered. */
  async register(expires = 3600, password?: string): Promise<Seen> {
    if (this.#callId === '') this.#callId = newCallId(this.ip);
    return this.#request('register.xml', { expires, holdMs: 0 }, { callId: this.#callId, ...(password === undefined ? {} : { password }) });
  }

  async unregister(): Promise<Seen> {
    const seen = await this.register(0);
    this.#callId = '';
    this.#cseq = 0;
    await this.vanish();
    return seen;
  }

  /** Calls a number; gives the answer to the INVITE and, for a call that was taken, lasts until one side hangs up. */
  async invite(number: string, talkMs = 10_000): Promise<Seen> {
    return this.#request('invite.xml', { number, talkMs }, {});
  }

  /** How it takes calls from now on. */
  async behave(manner: Manner): Promise<void> {
    this.#manner = manner;
    if (this.#presence !== null) {
      await this.vanish();
      this.#present();
    }
  }

  /** Stops answering, as a phone whose plug is pulled. */
  async vanish(): Promise<void> {
    const presence = this.#presence;
    this.#presence = null;
    await presence?.stop('SIGKILL');
  }

  async close(): Promise<void> {
    await this.vanish();
    removeFolder(this.folder);
  }

  async #request(scenario: string, values: Values, request: { callId?: string; password?: string }): Promise<Seen> {
    await this.vanish();
    const play = playSipp(this.folder, scenario, values, {
      ...this.options, ip: this.ip, localPort: this.localPort, cseq: this.#cseq + 1,
      callId: request.callId ?? newCallId(this.ip), ...(request.password === undefined ? {} : { password: request.password }),
    });
    this.#cseq += 10;
    await play.ended();
    const seen = play.seen();
    this.#present();
    return { ...seen, remote: this.remote };
  }

  #present(): void {
    const manner = { answers: this.#manner === 'answer' ? 1 : '', rings: this.#manner === 'ring' ? 1 : '', refusal: /^\d/.test(this.#manner) ? this.#manner : '' };
    this.#presence = playSipp(this.folder, 'presence.xml', manner, { ...this.options, ip: this.ip, localPort: this.localPort, answering: true }).process;
  }
}

/** A SIP phone over TCP, played by sipp: one connection from its first REGISTER until it drops it. */
export class TcpPhone {
  readonly folder = tempFolder('phone');
  #play: Play | null = null;

  constructor(readonly options: PhoneOptions) {}

  /** Opens the connection, registers and stays; it answers OPTIONS on that connection. */
  async register(expires = 3600): Promise<Seen> {
    const ip = this.options.ip ?? '127.0.0.1';
    const play = playSipp(this.folder, 'register.xml', { expires, holdMs: 600_000 }, {
      ...this.options, ip, localPort: await freePort(ip), cseq: 1, callId: newCallId(ip), tcp: true,
    });
    this.#play = play;
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline && play.process.ended() === null) {
      const { status } = play.seen();
      if (status >= 200 && status !== 401) break;
      await sleep(20);
    }
    return { ...play.seen(), remote: connectionOf(play.process.pid, this.options.port) };
  }

  /** The program dies: its kernel closes the connection, and nothing was said. Gives when. */
  async drop(): Promise<number> {
    const at = Date.now();
    await this.#play?.process.stop('SIGKILL');
    return at;
  }

  async close(): Promise<void> {
    await this.drop();
    removeFolder(this.folder);
  }
}

/** A provider that answers each REGISTER on a port with a verdict such as `200 OK` or `403 Forbidden`. */
export function startRegistrar(port: number, verdict: string): { stop(): Promise<void> } {
  const folder = tempFolder('registrar');
  const play = playSipp(folder, 'registrar.xml', { verdict }, { user: 'provider', port: 0, ip: '127.0.0.1', localPort: port, answering: true });
  return {
    async stop() {
      await play.process.stop('SIGKILL');
      removeFolder(folder);
    },
  };
}

interface Play {
  readonly process: Running;
  ended(): Promise<void>;
  seen(): Seen;
}

interface PlayOptions extends PhoneOptions {
  readonly ip: string;
  readonly localPort: number;
  readonly cseq?: number;
  readonly callId?: string;
  readonly tcp?: boolean;
  /** Waits for requests instead of sending one. */
  readonly answering?: boolean;
}

function playSipp(folder: string, name: string, values: Values, options: PlayOptions): Play {
  started += 1;
  const scenario = join(folder, `${started}-${name}`);
  const messages = join(folder, `${started}-messages.log`);
  writeFileSync(scenario, filled(join(import.meta.dirname, 'sipp', name), { userAgent: options.userAgent ?? 'snom320/8.4.18', ...values }));
  const bracketed = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);
  const process_ = run('sipp', [
    ...(options.answering === true ? [] : [`${bracketed(options.server ?? '127.0.0.1')}:${options.port}`, '-m', '1', '-aa', '-cid_str', options.callId ?? '', '-base_cseq', String(options.cseq ?? 1)]),
    ...(options.tcp === true ? ['-t', 't1', '-bind_local'] : []),
    '-sf', scenario, '-i', options.ip, '-p', String(options.localPort), '-s', options.user, '-au', options.user, '-ap', options.password ?? `${options.user}-change-me`,
    '-nostdin', '-trace_msg', '-message_file', messages, '-trace_err', '-error_file', join(folder, `${started}-errors.log`),
  ], join(folder, `${started}-sipp.log`), { cwd: folder, env: { ...process.env, TZ: 'UTC' } });
  return {
    process: process_,
    async ended() {
      const deadline = Date.now() + 120_000;
      while (process_.ended() === null) {
        if (Date.now() > deadline) await process_.stop('SIGKILL');
        await sleep(10);
      }
    },
    seen: () => lastAnswer(existsSync(messages) ? readFileSync(messages, 'utf8') : '', options.callId ?? ''),
  };
}

/** The last answer to what the phone asked, but not the one to its hanging up. */
function lastAnswer(log: string, callId: string): Seen {
  let seen: Seen = { status: 0, reason: '', at: 0, callId, remote: '' };
  for (const [, time = '', status = '', reason = '', headers = ''] of log.matchAll(
    /^-{20,} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\n(?:UDP|TCP) message received [^\n]*\n\n+SIP\/2\.0 (\d{3}) ([^\r\n]*)\r?\n([^]*?)(?=^-{20,} |$(?![^]))/gm,
  )) {
    if (/^CSeq: \d+ BYE/im.test(headers)) continue;
    seen = { ...seen, status: Number(status), reason: reason.trim(), at: Date.parse(`${time.replace(' ', 'T')}Z`) };
  }
  return seen;
}

function newCallId(ip: string): string {
  return `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}@${ip}`;
}
