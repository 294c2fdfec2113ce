import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import { letOthersWrite } from '../database/writing.js';

const CALLS_ON_MYSQL = 1_000;
const LEAST_CALLS = 200;
const MOST_CALLS = 20_000;
/** Who waits for SQLite's one writer looks again after 25 ms at most. */
const PAUSE_MS = 25;
/** How long a transaction may take while others write as well: their thread may stand still for so long. */
const SHARED_MS = 40;
const SHARED_FOR_MS = 30_000;
/** Of SQLite's pages, so many kB: an import meets the same ones again in its next transaction. */
const CACHE_KB = 131_072;

/**
 * How many calls an import writes in one transaction, and how long it waits between two. MySQL lets others write meanwhile. SQLite does not,
 * and writes an index page anew in each transaction that touches it: many calls at once are five times as fast, but only while
 * nobody else writes.
 */
export class Pace {
  size: number;
  #endedAt = 0;
  #tookMs = 0;
  #version: unknown = null;
  #sharedUntil = 0;

  /** `aloneMs`: how long a transaction may take while nobody else writes to SQLite. */
  constructor(
    private readonly database: Database,
    private readonly aloneMs: number,
  ) {
    this.size = database.dialect === 'mysql' ? CALLS_ON_MYSQL : LEAST_CALLS;
  }

  /** Before a transaction. */
  async wait(): Promise<void> {
    if (this.database.dialect === 'mysql') return;
    if (this.aloneMs > SHARED_MS) await this.#lookForOthers();
    if (this.#endedAt === 0) return;
    if (this.#limitMs() <= SHARED_MS) await letOthersWrite(this.database, this.#tookMs);
    else await sleep(Math.max(0, this.#endedAt + PAUSE_MS - performance.now()));
  }

  /** After a transaction of so many calls. */
  took(calls: number, ms: number): void {
    this.#endedAt = performance.now();
    this.#tookMs = ms;
    if (this.database.dialect === 'mysql' || calls === 0) return;
    const fitting = Math.floor((calls * this.#limitMs()) / Math.max(ms, 1));
    this.size = Math.max(LEAST_CALLS, Math.min(MOST_CALLS, this.size * 2, fitting));
  }

  #limitMs(): number {
    return performance.now() < this.#sharedUntil ? Math.min(SHARED_MS, this.aloneMs) : this.aloneMs;
  }

  /** SQLite's data_version changes when another connection has written. */
  async #lookForOthers(): Promise<void> {
    const { knex } = this.database;
    const [row] = (await knex.raw('pragma data_version')) as [{ data_version: unknown }?];
    if (this.#version === null) await knex.raw(`pragma cache_size = -${CACHE_KB}`);
    else if (row?.data_version !== this.#version) this.#sharedUntil = performance.now() + SHARED_FOR_MS;
    this.#version = row?.data_version ?? null;
  }
}
