import { randomBytes } from 'node:crypto';
import net, { type Socket } from 'node:net';
import createManager, { type VendorBlock, type VendorManager } from 'asterisk-manager';
import { checkBlock, unescapeValue } from './block.js';
import { BlockFramer } from './framer.js';
import { Leash } from './leash.js';
import type { Tally } from './tally.js';

/** One event or answer as it came: headers in lower case, in the order sent, the last of a name that came twice. */
export type Headers = ReadonlyMap<string, string>;

/** What Asterisk answered. `Response: Error` is an answer like others: "No Contacts found" is one. */
export type Answer =
  | { readonly kind: 'success'; readonly headers: Headers }
  | { readonly kind: 'error'; readonly message: string; readonly headers: Headers };

export type ListAnswer = { readonly kind: 'list'; readonly entries: readonly Headers[] } | Extract<Answer, { kind: 'error' }>;
export type LoginVerdict = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly message: string };
export type Action = { readonly Action: string } & Readonly<Record<string, string | number>>;

/** No answer, or no whole list, within the time limit. */
export class AmiTimeoutError extends Error {
  override readonly name = 'AmiTimeoutError';
}

/** The connection ended, so that no answer can come. */
export class AmiClosedError extends Error {
  override readonly name = 'AmiClosedError';
}

/** An action that would inject headers of its own. Names the header, not its value. */
export class UnsafeActionError extends Error {
  override readonly name = 'UnsafeActionError';
}

/** libuv reads 32 chunks of 64 KB in a row while there are more, an eighth of a second of a storm; after so many bytes whoever else waits has a turn. */
const BYTES_A_TURN = 64 * 1024;
/** Where others take longer than this in a turn, as many more bytes, so that what is said is read however busy the process is. */
const QUICK_TURN_MS = 10;
const MOST_SHARES = 32;

export interface AmiSessionOptions {
  readonly socket: Socket;
  readonly username: string;
  readonly secret: string;
  readonly tally: Tally;
  /** Called for each event that belongs to no list, in the order sent. */
  readonly onEvent: (name: string, headers: Headers) => void;
  /** Called once, when the connection ends from either side. */
  readonly onClosed: () => void;
}

interface Gathering {
  readonly entries: Headers[];
  readonly done: () => void;
}

/**
 * One connection's worth of asterisk-manager 0.2.0. Its parser sees whole, checked blocks only and
 * its writes go to our own socket; time limits, lists and the end of the connection are ours.
 */
export class AmiSession {
  readonly #vendor: VendorManager;
  readonly #leash: Leash;
  readonly #idPrefix = `logbook-${randomBytes(6).toString('hex')}-`;
  readonly #lists = new Map<string, Gathering>();
  #onClosed: (reason: Error) => void = () => undefined;
  /** Resolves with the reason when the connection ends. */
  readonly closed = new Promise<Error>((resolve) => (this.#onClosed = resolve));
  readonly #rejections = new Set<(reason: Error) => void>();
  #lastId = 0;
  #closed: Error | null = null;
  #heardAt = 0;
  #provenAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: AmiSessionOptions) {
    const { socket, tally } = options;
    this.#leash = new Leash(socket);
    this.#vendor = leashed(this.#leash, options.username, options.secret);
    this.#vendor.on('managerevent', (block) => this.#onEvent(block));
    const framer = new BlockFramer((text) => this.#onBlock(text));
    let oversized = 0;
    let bytes = 0;
    let most = BYTES_A_TURN;
    let turnedAt = performance.now();
    let readingMs = 0;
    socket.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now();
      framer.push(chunk);
      for (; oversized < framer.oversized; oversized += 1) tally.oversized();
      readingMs += performance.now() - this.#heardAt;
      bytes += chunk.length;
      if (bytes < most) return;
      bytes = 0;
      socket.pause();
      setImmediate(() => {
        const now = performance.now();
        most = BYTES_A_TURN * Math.min(MOST_SHARES, Math.max(1, (now - turnedAt - readingMs) / QUICK_TURN_MS));
        turnedAt = now;
        readingMs = 0;
        socket.resume();
      });
    });
    socket.on('error', (error) => this.close(error));
    socket.on('close', () => this.close(new Error('the PBX closed the connection')));
  }

  /** Milliseconds since anything came from the PBX. */
  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /** Milliseconds since an action was sent that has been answered: all that the PBX said before that is heard. */
  get provenMs(): number {
    return performance.now() - this.#provenAt;
  }

  /** Logs in. Rejects with AmiTimeoutError when no verdict comes, which also means that it is no AMI. */
  login(timeoutMs: number): Promise<LoginVerdict> {
    assertSafe({ Action: 'Login', Username: this.options.username, Secret: this.options.secret });
    return this.#limited('Login', timeoutMs, (resolve) => {
      this.#vendor.login((refusal) => {
        resolve(refusal ? { kind: 'refused', message: flatten(refusal).get('message') ?? 'login refused' } : { kind: 'accepted' });
      });
      return () => undefined;
    });
  }

  /** Sends an action. Rejects with AmiTimeoutError, AmiClosedError or UnsafeActionError. */
  send(action: Action, timeoutMs = 5_000): Promise<Answer> {
    assertSafe(action);
    return this.#send(action, this.#nextId(), timeoutMs);
  }

  /** Sends an action that answers with a list, and collects the events between `EventList: start` and `Complete`. */
  async list(action: Action, timeoutMs = 10_000): Promise<ListAnswer> {
    assertSafe(action);
    const id = this.#nextId();
    const entries: Headers[] = [];
    const whole = this.#limited<null>(`the list of ${action.Action}`, timeoutMs, (resolve) => {
      this.#lists.set(id, { entries, done: () => resolve(null) });
      return () => this.#lists.delete(id);
    });
    try {
      const [answer] = await Promise.all([
        this.#send(action, id, timeoutMs).then((first) => {
          // An error has no list, and a success without `EventList: start` won't send one either.
          if (first.kind === 'error' || first.headers.get('eventlist')?.toLowerCase() !== 'start') this.#lists.get(id)?.done();
          return first;
        }),
        whole,
      ]);
      return answer.kind === 'error' ? answer : { kind: 'list', entries };
    } finally {
      this.#lists.delete(id);
    }
  }

  /** Ends the connection at once; everything that waits is rejected. */
  close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#leash.readyState = 'closed';
    this.#vendor.disconnect();
    this.options.socket.destroy();
    const closed = new AmiClosedError(reason.message);
    for (const reject of this.#rejections) reject(closed);
    this.#rejections.clear();
    this.options.onClosed();
    this.#onClosed(reason);
  }

  #send(action: Action, id: string, timeoutMs: number): Promise<Answer> {
    const sentAt = performance.now();
    return this.#limited(action.Action, timeoutMs, (resolve) => {
      const onAnswer = (_error: VendorBlock | undefined, block: VendorBlock): void => {
        this.#provenAt = Math.max(this.#provenAt, sentAt);
        const headers = flatten(block);
        const failed = headers.get('response')?.toLowerCase() === 'error';
        resolve(failed ? { kind: 'error', message: headers.get('message') ?? '', headers } : { kind: 'success', headers });
      };
      // asterisk-manager tells a login by `action`; any other spelling would slip past its hold.
      const { Action: name, ...rest } = action;
      const texts = Object.fromEntries(Object.entries(rest).map(([header, value]) => [header, String(value)]));
      this.#vendor.action({ action: name, ...texts, actionid: id }, onAnswer);
      return () => this.#vendor.removeListener(id, onAnswer);
    });
  }

  // Every wait ends: with its result, at its limit, or with the connection.
  #limited<T>(what: string, timeoutMs: number, begin: (resolve: (value: T) => void) => () => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new AmiClosedError(this.#closed.message));
        return;
      }
      let clean = (): unknown => undefined;
      let last: NodeJS.Immediate | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        clearImmediate(last);
        this.#rejections.delete(fail);
        clean();
      };
      const fail = (reason: Error): void => {
        settle();
        reject(reason);
      };
      // After a long turn of the process, or a halt of the machine, its limit is over before the socket was looked into.
      const timer = setTimeout(() => {
        last = setImmediate(() => fail(new AmiTimeoutError(`no answer to ${what} within ${timeoutMs} ms`)));
      }, timeoutMs);
      this.#rejections.add(fail);
      clean = begin((value) => {
        settle();
        resolve(value);
      });
    });
  }

  #onBlock(text: string): void {
    if (this.#closed) return;
    const block = checkBlock(text, (id) => this.#lists.has(id) || this.#leash.awaited.has(id));
    this.options.tally.block(block);
    if (block.kind === 'event' || block.kind === 'answer') this.#leash.deliver(block.text);
  }

  #onEvent(block: VendorBlock): void {
    if (this.#closed) return;
    const headers = flatten(block);
    const gathering = this.#lists.get(headers.get('actionid') ?? '');
    if (!gathering) this.options.onEvent(headers.get('event') ?? '', headers);
    else if (headers.get('eventlist')?.toLowerCase() === 'complete') gathering.done();
    else gathering.entries.push(headers);
  }

  #nextId(): string {
    this.#lastId += 1;
    return `${this.#idPrefix}${this.#lastId}`;
  }
}

// asterisk-manager opens its own connection; lending it another `net.createConnection` for the one
// synchronous call in which it does so is the only way to put a socket of ours under it.
function leashed(leash: Leash, username: string, secret: string): VendorManager {
  const vendor = createManager(undefined, '', username, secret, false);
  const module: { createConnection: unknown } = net;
  const original = module.createConnection;
  module.createConnection = () => leash;
  try {
    vendor.connect(0, '');
  } finally {
    module.createConnection = original;
  }
  return vendor;
}

function flatten(block: VendorBlock): Headers {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(block)) headers.set(name, unescapeValue(lastText(value)));
  return headers;
}

function lastText(value: VendorBlock[string]): string {
  if (typeof value === 'string') return value;
  const texts: readonly string[] = Array.isArray(value) ? (value as readonly string[]) : Object.keys(value);
  return texts.at(-1) ?? '';
}

function assertSafe(action: Action): void {
  for (const [header, value] of Object.entries(action)) {
    if (/[\r\n]/.test(header) || /[\r\n]/.test(String(value))) {
      throw new UnsafeActionError(`a line break in ${header.replace(/[\r\n]+/g, ' ')} of an AMI action`);
    }
  }
}
