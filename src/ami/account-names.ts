import { callerIdName } from './caller-id.js';
import type { ChannelType } from './input.js';
import type { AmiLine } from './line.js';
import { pause } from './pause.js';

const AT_ONCE = 4;
const AGAIN_MS = 3_600_000;
// What can't be an argument of a dialplan function, or would end it.
const UNSAFE = /[\s(),{}"$\\[\]]/;

interface Question {
  readonly variable: (endpoint: string) => string;
  readonly name: (value: string) => string;
}

/** chan_sip's list has the names. */
const QUESTIONS: Readonly<Record<Exclude<ChannelType, 'SIP'>, Question>> = {
  PJSIP: { variable: (endpoint) => `PJSIP_ENDPOINT(${endpoint},callerid)`, name: callerIdName },
  IAX2: { variable: (peer) => `IAXPEER(${peer},callerid_name)`, name: (value) => value },
};

/**
 * Asks for the name behind each PJSIP endpoint or IAX2 peer seen on line, once a connection and again each
 * hour, with `Getvar` and `PJSIP_ENDPOINT(909,callerid)`: `PJSIPShowEndpoint` would print passwords.
 */
export class AccountNames {
  readonly #asked = new Set<string>();
  readonly #queue: string[] = [];
  #running = 0;

  constructor(
    private readonly channelType: keyof typeof QUESTIONS,
    private readonly line: AmiLine,
    private readonly signal: AbortSignal,
    private readonly onName: (endpoint: string, name: string) => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  want(endpoint: string): void {
    if (endpoint === '' || UNSAFE.test(endpoint) || this.#asked.has(endpoint)) return;
    this.#asked.add(endpoint);
    this.#ask(endpoint);
  }

  /** Asks again each hour, until the signal ends it. */
  async keepFresh(): Promise<void> {
    while (await pause(AGAIN_MS, this.signal)) for (const endpoint of this.#asked) this.#ask(endpoint);
  }

  #ask(endpoint: string): void {
    this.#queue.push(endpoint);
    if (this.#running < AT_ONCE) void this.#work();
  }

  async #work(): Promise<void> {
    const { variable, name: nameOf } = QUESTIONS[this.channelType];
    this.#running += 1;
    for (let endpoint = this.#queue.shift(); endpoint !== undefined && !this.signal.aborted; endpoint = this.#queue.shift()) {
      try {
        const answer = await this.line.send({ Action: 'Getvar', Variable: variable(endpoint) });
        const name = answer.kind === 'success' ? nameOf(answer.headers.get('value') ?? '') : '';
        if (name !== '') this.onName(endpoint, name);
      } catch (error) {
        // Asked again when it is seen again.
        this.#asked.delete(endpoint);
        this.onFailure(error);
      }
    }
    this.#running -= 1;
  }
}
