/** Who writes: the thread that answers people, or the one that writes what the PBX says. */
export type Writer = 'main' | 'drainer';

const FREE = 0;
const NUMBER: Readonly<Record<Writer, number>> = { main: 1, drainer: 2 };
/** Place of who has the turn; behind it, by number, whether somebody wants it. */
const HOLDER = 0;
/** A wake-up that went astray costs no more than this. */
const LOOK_AGAIN_MS = 1_000;

/**
 * The right to write to a SQLite file, between the two threads of a process that do. Waiting for it stops neither, while SQLite's
 * own wait for another connection stops the thread. Whoever leaves while the other wants it hands it over, so that neither starves.
 * One connection on each side: `take` is not to be called again before `leave`. Other processes are waited for as ever.
 */
export class WriteTurn {
  readonly #places: Int32Array;

  constructor(
    readonly writer: Writer,
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.#places = new Int32Array(memory);
  }

  async take(): Promise<void> {
    const own = NUMBER[this.writer];
    Atomics.store(this.#places, own, 1);
    for (;;) {
      const holder = Atomics.compareExchange(this.#places, HOLDER, FREE, own);
      if (holder === FREE || holder === own) break;
      await Atomics.waitAsync(this.#places, HOLDER, holder, LOOK_AGAIN_MS).value;
    }
    Atomics.store(this.#places, own, 0);
  }

  /** Whether the other one waits for it. */
  get isWanted(): boolean {
    return Atomics.load(this.#places, otherThan(NUMBER[this.writer])) === 1;
  }

  leave(): void {
    this.#pass(NUMBER[this.writer]);
  }

  /** Of a thread that is no more: it wants nothing, and what it had is free. */
  ended(writer: Writer): void {
    Atomics.store(this.#places, NUMBER[writer], 0);
    if (Atomics.load(this.#places, HOLDER) === NUMBER[writer]) this.#pass(NUMBER[writer]);
  }

  #pass(from: number): void {
    const other = otherThan(from);
    Atomics.compareExchange(this.#places, HOLDER, from, Atomics.load(this.#places, other) === 1 ? other : FREE);
    Atomics.notify(this.#places, HOLDER);
  }
}

const otherThan = (number: number): number => (number === NUMBER.main ? NUMBER.drainer : NUMBER.main);

interface Statement {
  readonly readonly: boolean;
  run(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown;
}

interface Connection {
  readonly inTransaction: boolean;
  prepare(sql: string): unknown;
}

/** SQLite calls them reading. */
const ENDS = /^(?:commit|rollback)/i;
const COMMITS = /^commit/i;

/** Makes each transaction of a connection, and each statement alone that writes, wait for its turn; knex awaits what a statement answers. */
export function writeInTurn(connection: Connection, turn: WriteTurn): void {
  const prepare = connection.prepare.bind(connection);
  let held = false;
  const inTurn = (sql: string, work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      // Knex lets go of the connection then, and the next to begin would find a transaction.
      if (COMMITS.test(sql) && connection.inTransaction) (prepare('rollback') as Statement).run();
      throw error;
    } finally {
      if (!connection.inTransaction) {
        held = false;
        turn.leave();
      }
    }
  };
  connection.prepare = (sql) => {
    const statement = prepare(sql) as Statement;
    const ends = ENDS.test(sql);
    if (statement.readonly && !ends) return statement;
    for (const name of ['run', 'all'] as const) {
      const own = statement[name].bind(statement);
      statement[name] = (...values) => {
        if (held) return inTurn(sql, () => own(...values));
        // Of a transaction that SQLite has ended by itself.
        if (ends) return own(...values);
        return turn.take().then(() => {
          held = true;
          return inTurn(sql, () => own(...values));
        });
      };
    }
    return statement;
  };
}
