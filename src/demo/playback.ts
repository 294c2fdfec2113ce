import { fromMs, fromSeconds, MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../time.js';
import { UNLISTED_USER_AGENT, withNames } from './people.js';
import { headerOf, type RecordedBlock, type Recording } from './recording.js';
import { shiftTimes } from './shift.js';

const BETWEEN_PASSES = fromSeconds(1);
const LONGEST_TIMER_MS = 1_000;

/**
 * Plays the recorded day: first fast, so that it ends about now, then again and again at its own
 * pace. {@link now} is the clock of the PBX that it plays; it never stands still or goes back.
 */
export class Playback {
  readonly #contacts = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #startedAt: Micros | null = null;
  #beganAt: Micros = 0;
  #next = 0;
  #shiftSeconds = 0;

  constructor(
    private readonly recording: Recording,
    private readonly speedup: number,
    private readonly onEvent: (block: string) => void,
    private readonly own: () => Micros = () => fromMs(performance.timeOrigin + performance.now()),
  ) {}

  /** Begins when somebody listens; does nothing the second time. */
  start(): void {
    if (this.#startedAt !== null) return;
    const { startAt, endAt } = this.recording;
    this.#startedAt = this.own();
    const realEnd = this.#startedAt + this.#fastPass();
    this.#shiftSeconds = Math.round((realEnd - endAt) / MICROS_PER_SECOND);
    this.#beganAt = startAt + fromSeconds(this.#shiftSeconds);
    this.#play();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** The played PBX's clock. */
  now(): Micros {
    if (this.#startedAt === null) return Math.round(this.own());
    const elapsed = this.own() - this.#startedAt;
    const fast = Math.min(elapsed, this.#fastPass());
    return Math.round(this.#beganAt + fast * this.speedup + (elapsed - fast));
  }

  /** `ContactList` blocks of everybody on line. */
  contacts(): readonly string[] {
    return [...this.#contacts.values()];
  }

  /** The answer to `pjsip show transport-monitors`. */
  monitors(): string {
    const { monitors } = this.recording;
    return (latest(monitors, this.#position()) ?? monitors[0])?.text ?? '';
  }

  #play(): void {
    const { events, endAt, startAt } = this.recording;
    for (let event = events[this.#next]; event && event.at <= this.#position(); event = events[this.#next]) {
      this.#next += 1;
      this.#follow(event);
      this.onEvent(this.#today(event.text));
    }
    const event = events[this.#next];
    if (!event && this.#position() >= endAt + BETWEEN_PASSES) {
      this.#shiftSeconds = Math.ceil((this.now() - startAt) / MICROS_PER_SECOND);
      this.#next = 0;
    }
    const speed = this.own() - (this.#startedAt ?? 0) < this.#fastPass() ? this.speedup : 1;
    const waitMs = ((event?.at ?? endAt + BETWEEN_PASSES) - this.#position()) / MICROS_PER_MS / speed;
    this.#timer = setTimeout(() => this.#play(), Math.min(Math.max(waitMs, 1), LONGEST_TIMER_MS));
  }

  // The recording lists contacts every ten seconds only; events say who is on line in between.
  #follow({ at, text }: RecordedBlock): void {
    const status = headerOf(text, 'ContactStatus');
    const uri = headerOf(text, 'URI');
    if (status === '' || uri === '') return;
    if (status === 'Removed') {
      this.#contacts.delete(uri);
      return;
    }
    const listed = this.recording.contacts.filter((contact) => headerOf(contact.text, 'Uri') === uri);
    const block = (latest(listed, at) ?? listed[0])?.text ?? unlisted(uri, headerOf(text, 'EndpointName'), at);
    this.#contacts.set(uri, this.#today(block.replace(/^Status: .*$/m, `Status: ${status}`)));
  }

  #today(text: string): string {
    return withNames(shiftTimes(text, this.#shiftSeconds, this.recording));
  }

  /** How long the fast pass takes. */
  #fastPass(): Micros {
    return (this.recording.endAt - this.recording.startAt) / this.speedup;
  }

  #position(): Micros {
    return this.now() - fromSeconds(this.#shiftSeconds);
  }
}

function latest(blocks: readonly RecordedBlock[], at: Micros): RecordedBlock | undefined {
  return blocks.findLast((block) => block.at <= at);
}

function unlisted(uri: string, endpoint: string, at: Micros): string {
  const expiry = Math.round(at / MICROS_PER_SECOND) + 60;
  return `Event: ContactList\r\nObjectType: contact\r\nEndpoint: ${endpoint}\r\nUri: ${uri}\r\nUserAgent: ${UNLISTED_USER_AGENT}\r\nExpirationTime: ${expiry}\r\nStatus: Reachable\r\n`;
}
