import { connect, type Socket } from 'node:net';

/** Headers of one AMI block under Asterisk's spelling; a header sent twice gives its last value, `Output` all lines. */
export type Block = Readonly<Record<string, string>>;

/**
 * A bare AMI client for the tests' own questions. It shares no code with the service, so that a
 * fault in the service's reader cannot hide itself.
 */
export class AmiClient {
  readonly blocks: Block[] = [];
  #buffer = '';
  #nextId = 0;
  readonly #waiting = new Set<() => void>();

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => undefined);
  }

  static async connect(port: number, username: string, secret: string): Promise<AmiClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    const client = new AmiClient(socket);
    const answer = await client.action({ Action: 'Login', Username: username, Secret: secret });
    if (answer['Response'] !== 'Success') {
      client.close();
      throw new Error(`AMI login: ${answer['Message'] ?? 'no message'}`);
    }
    return client;
  }

  /** Sends an action and gives its response. */
  async action(headers: Block, timeoutMs = 30_000): Promise<Block> {
    this.#nextId += 1;
    const id = `test-${this.#nextId}`;
    const lines = Object.entries({ ...headers, ActionID: id }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`${lines.join('')}\r\n`);
    return this.#until(`the answer to ${headers['Action'] ?? ''}`, (block) => block['ActionID'] === id && 'Response' in block, timeoutMs);
  }

  /** The entries of a list action, without its end. */
  async list(headers: Block, timeoutMs = 30_000): Promise<Block[]> {
    const answer = await this.action(headers, timeoutMs);
    if (answer['Response'] !== 'Success') return [];
    const id = answer['ActionID'] ?? '';
    await this.#until('the end of the list', (block) => block['ActionID'] === id && block['EventList'] === 'Complete', timeoutMs);
    return this.blocks.filter((block) => block['ActionID'] === id && 'Event' in block && block['EventList'] !== 'Complete');
  }

  /** The first event of a name that fits, also one that came before the question. */
  event(name: string, fits: (event: Block) => boolean = () => true, timeoutMs = 60_000): Promise<Block> {
    return this.#until(`event ${name}`, (block) => block['Event'] === name && fits(block), timeoutMs);
  }

  events(name: string): Block[] {
    return this.blocks.filter((block) => block['Event'] === name);
  }

  close(): void {
    this.socket.destroy();
  }

  #until(what: string, fits: (block: Block) => boolean, timeoutMs: number): Promise<Block> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.blocks.find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`AMI: ${what} did not come within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }

  #take(text: string): void {
    this.#buffer += text;
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end === -1) break;
      const block: Record<string, string> = {};
      for (const line of this.#buffer.slice(0, end).split('\r\n')) {
        // A value can hold a lone LF: `Message: No Contacts found\n`.
        const match = /^([\w-]+): ?([^]*?)\n*$/.exec(line);
        if (match === null) continue;
        const [, name = '', value = ''] = match;
        block[name] = name === 'Output' && block[name] !== undefined ? `${block[name]}\n${value}` : value;
      }
      this.#buffer = this.#buffer.slice(end + 4);
      if (Object.keys(block).length > 0) this.blocks.push(block);
    }
    for (const look of [...this.#waiting]) look();
  }
}
