import type { Worker } from 'node:worker_threads';

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Reads what a thread answers; throws what it says went wrong. */
export type ReadReply<Reply, Answer> = (reply: Reply) => Answer;

/**
 * A thread that answers questions in their order. One that died is started anew by the next question; those that waited
 * reject with what `died` makes of its message.
 */
export class AskedThread<Question, Reply, Answer> {
  #current: { readonly worker: Worker; readonly waiting: Waiting<Answer>[] } | null = null;

  constructor(
    private readonly start: () => Worker,
    private readonly read: ReadReply<Reply, Answer>,
    private readonly died: (message: string) => Error,
  ) {}

  /** Null before the first question, and after it ended. */
  get worker(): Worker | null {
    return this.#current?.worker ?? null;
  }

  ask(question: Question): Promise<Answer> {
    const { worker, waiting } = (this.#current ??= this.#start());
    return new Promise((resolve, reject) => {
      worker.postMessage(question);
      waiting.push({ resolve, reject });
    });
  }

  #start(): { readonly worker: Worker; readonly waiting: Waiting<Answer>[] } {
    const worker = this.start();
    const waiting: Waiting<Answer>[] = [];
    worker.on('message', (reply: Reply) => {
      const asked = waiting.shift();
      try {
        asked?.resolve(this.read(reply));
      } catch (error) {
        asked?.reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    const ended = (message: string): void => {
      if (this.#current?.worker === worker) this.#current = null;
      for (const { reject } of waiting.splice(0)) reject(this.died(message));
    };
    worker.on('error', (error) => ended(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => ended(`ended (${code})`));
    return { worker, waiting };
  }
}
