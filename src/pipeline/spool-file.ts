import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';

/** One commit's worth of inputs, a line each. */
export interface StoredBatch {
  readonly seq: number;
  /** How many of them are events. */
  readonly events: number;
  readonly body: string;
  /** The disk gives it back no more; `body` is empty. */
  readonly damaged?: true;
}

/** What a batch says about the login, for the start after a crash. */
export interface Heard {
  /** When the PBX was last heard, by its clock. */
  readonly at: number;
  /** Whether a login stood then. */
  readonly standing: boolean;
}

/** What the file held when it was opened. */
export interface Opened {
  readonly listener: string;
  /** Packed; text where an earlier release wrote it. */
  readonly state: string | Uint8Array | null;
  /** The position that the state belongs to. */
  readonly checkpoint: number;
  readonly lastSeq: number;
  readonly events: number;
  readonly heard: Heard | null;
  readonly usedBytes: number;
}

const FORMAT = 1;
/** So many free pages (4 KiB) go back to the file system after each checkpoint, so that a long outage's space is not kept. */
const PAGES_FREED_AT_ONCE = 1_000;
const CHECKPOINT_PAGES = 1_000;
const MOST_READ = 1_000;
/** Where a page is damaged, batches are read one by one. */
const READ_ALONE = 20;

/**
 * The spool's own SQLite file. Every method answers at once or throws the driver's error; it runs in a thread of its
 * own (spool-worker.ts), where a slow disk holds up nobody.
 */
export class SpoolFile {
  readonly #db: Database.Database;
  readonly #append: Database.Statement<[number, number, string]>;
  readonly #read: Database.Statement<[number, number]>;
  readonly #forget: Database.Statement<[number]>;
  readonly #put: Database.Statement<[string, string | Uint8Array]>;

  /** Throws SQLITE_BUSY when another process has it open. */
  constructor(path: string) {
    this.#db = new Database(path, { timeout: 0 });
    try {
      this.#db.pragma('auto_vacuum = INCREMENTAL');
      // The lock falls with the process, also with one that is killed.
      this.#db.pragma('locking_mode = EXCLUSIVE');
      this.#db.pragma('journal_mode = WAL');
      // A commit is on disk when it returns, also if the power fails the moment after.
      this.#db.pragma('synchronous = FULL');
      this.#db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      this.#db.exec(`
        create table if not exists batch (seq integer primary key, events integer not null, body text not null);
        create table if not exists meta (name text primary key, value text not null) without rowid;
      `);
      this.#append = this.#db.prepare('insert into batch (seq, events, body) values (?, ?, ?)');
      this.#read = this.#db.prepare('select seq, events, body from batch where seq > ? order by seq limit ?');
      this.#forget = this.#db.prepare('delete from batch where seq <= ?');
      this.#put = this.#db.prepare('insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value');
      const format = this.#get('format');
      if (format === null) this.#put.run('format', String(FORMAT));
      else if (format !== String(FORMAT)) throw new Error(`the spool was written by another release (format ${format})`);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  open(): Opened {
    let listener = this.#get('listener');
    if (listener === null) {
      listener = randomUUID();
      this.#put.run('listener', listener);
    }
    const checkpoint = Number(this.#get('checkpoint') ?? 0);
    const { last, events } = this.#db.prepare<[], { last: number | null; events: number | null }>('select max(seq) as last, sum(events) as events from batch').get() ?? { last: null, events: null };
    const heard = this.#get('heard');
    return {
      listener,
      state: this.#getAny('state'),
      checkpoint,
      lastSeq: Math.max(checkpoint, last ?? 0),
      events: events ?? 0,
      heard: heard === null ? null : (JSON.parse(heard) as Heard),
      usedBytes: this.#usedBytes(),
    };
  }

  /** Puts batches on disk, all or none; answers the bytes in use. */
  append(batches: readonly StoredBatch[], heard: Heard | null): number {
    this.#db.transaction(() => {
      for (const { seq, events, body } of batches) this.#append.run(seq, events, body);
      if (heard) this.#put.run('heard', JSON.stringify(heard));
    })();
    return this.#usedBytes();
  }

  /** The next batches after a position, oldest first, until they have `mostEvents` or more: there may be very many small ones. */
  read(after: number, mostEvents: number): StoredBatch[] {
    try {
      const batches: StoredBatch[] = [];
      let events = 0;
      for (const row of this.#read.iterate(after, MOST_READ)) {
        const batch = row as StoredBatch;
        batches.push(batch);
        events += batch.events;
        if (events >= mostEvents) break;
      }
      return batches;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    // One page that the disk has spoilt must not hold back what is behind it.
    const seqs = this.#db.prepare<[number, number], { seq: number }>('select seq from batch where seq > ? order by seq limit ?').all(after, READ_ALONE);
    return seqs.map(({ seq }) => this.#readOne(seq));
  }

  #readOne(seq: number): StoredBatch {
    try {
      return this.#read.all(seq - 1, 1)[0] as StoredBatch;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { seq, events: 0, body: '', damaged: true };
    }
  }

  /** Forgets all up to and with `seq` and keeps the state that belongs there, in one commit; answers the bytes in use. */
  checkpoint(seq: number, state: Uint8Array): number {
    this.#db.transaction(() => {
      this.#forget.run(seq);
      this.#put.run('checkpoint', String(seq));
      this.#put.run('state', state);
    })();
    this.#db.pragma(`incremental_vacuum(${PAGES_FREED_AT_ONCE})`);
    return this.#usedBytes();
  }

  close(): void {
    this.#db.close();
  }

  #get(name: string): string | null {
    const value = this.#getAny(name);
    return value === null ? null : String(value);
  }

  #getAny(name: string): string | Uint8Array | null {
    return this.#db.prepare<[string], { value: string | Uint8Array }>('select value from meta where name = ?').get(name)?.value ?? null;
  }

  #usedBytes(): number {
    const number = (pragma: string): number => Number(this.#db.pragma(pragma, { simple: true }));
    return (number('page_count') - number('freelist_count')) * number('page_size');
  }
}

const isDamage = (error: unknown): boolean => error instanceof Error && 'code' in error && /^SQLITE_(CORRUPT|IOERR)/.test(String(error.code));
