import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** The socket that asterisk-manager believes it has: blocks are delivered to it, its writes go to the real one. */
export class Leash extends EventEmitter {
  readyState = 'open';
  /** ActionIDs sent and not answered yet; asterisk-manager emits on whatever ActionID an answer carries. */
  readonly awaited = new Set<string>();

  constructor(private readonly socket: Socket) {
    super();
  }

  deliver(block: string): void {
    this.emit('data', block);
    if (block.startsWith('Response')) this.awaited.delete(/^ActionID: (.*)$/im.exec(block)?.[1]?.trimEnd() ?? '');
  }

  write(text: string): boolean {
    const id = /^ActionID: (.*)$/m.exec(text)?.[1]?.trimEnd();
    if (id !== undefined) this.awaited.add(id);
    return this.socket.write(text, 'utf8');
  }

  end = (): void => undefined;
  setKeepAlive = (): void => undefined;
  setNoDelay = (): void => undefined;
  setEncoding = (): void => undefined;
}
