import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/database/database.js';
import { STORM_AGENT } from './storm.js';

/** A row of `capture_gap`; times in microseconds since 1970, `[from, to)`. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** `GAP`: nobody listened; `LOSS`: somebody did, and left events out. */
  readonly kind: string;
  readonly reason: string;
  readonly lost: number;
  readonly recovery: string;
  readonly recoveredCalls: number;
}

/** What the log tables hold, read from the database itself: the service is not asked about itself. */
export class Ledger {
  constructor(private readonly url: string) {}

  /** How often each numbered event stands in the session log. */
  async numbers(): Promise<Map<number, number>> {
    const rows = await this.#ask((knex) => knex('sip_session').where('user_agent', STORM_AGENT).select('peername'));
    return tally(rows.map((row) => Number(row['peername'])));
  }

  /** Numbered events whose row stands at another time than the PBX said them. */
  async instantsOff(said: ReadonlyMap<number, number>): Promise<number[]> {
    const rows = await this.#ask((knex) => knex('sip_session').where('user_agent', STORM_AGENT).select('peername', 'at'));
    return rows.filter((row) => said.get(Number(row['peername'])) !== Number(row['at'])).map((row) => Number(row['peername']));
  }

  /** How often each called number stands in the call log. */
  async calls(): Promise<Map<string, number>> {
    return tally((await this.#ask((knex) => knex('cdr').select('dst'))).map((row) => String(row['dst'])));
  }

  async gaps(): Promise<Gap[]> {
    const rows = await this.#ask((knex) => knex('capture_gap').orderBy('from_at').select());
    return rows.map((row) => ({
      from: Number(row['from_at']), to: Number(row['to_at']), kind: String(row['kind']), reason: String(row['reason']), lost: Number(row['lost']),
      recovery: String(row['recovery']), recoveredCalls: Number(row['recovered_calls']),
    }));
  }

  async deadLetters(): Promise<Record<string, unknown>[]> {
    return this.#ask((knex) => knex('dead_letter').select());
  }

  /** Rows of the session log that have a remote address, oldest first; numbered events are left out. */
  async sessions(events: readonly string[]): Promise<{ readonly event: string; readonly peername: string; readonly remote: string }[]> {
    const rows = await this.#ask((knex) => knex('sip_session').whereIn('event', events).whereNot('user_agent', STORM_AGENT).whereNot('remote_address', '').orderBy('at').select());
    return rows.map((row) => ({ event: String(row['event']), peername: String(row['peername']), remote: String(row['remote_address']) }));
  }

  /** When a job last ended well, ms since 1970; 0 before it ever did. */
  async lastRun(job: string): Promise<number> {
    const [row] = await this.#ask((knex) => knex('job_run').where({ job }).select());
    return Number(row?.['finished_at'] ?? 0) / 1_000;
  }

  /** Waits until a number is in the session log. All that the PBX said before it has then been written, or never will be. */
  async holds(number: number, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const rows = await this.#ask((knex) => knex('sip_session').where({ peername: String(number), user_agent: STORM_AGENT }).select('id')).catch((error: unknown) => error);
      if (Array.isArray(rows) && rows.length > 0) return;
      if (Date.now() > deadline) throw new Error(`number ${number} is not in the session log after ${timeoutMs} ms${rows instanceof Error ? `: ${rows.message}` : ''}`);
      await sleep(200);
    }
  }

  async #ask(query: (knex: ReturnType<typeof openDatabase>['knex']) => PromiseLike<Record<string, unknown>[]>): Promise<Record<string, unknown>[]> {
    const database = openDatabase(this.url);
    try {
      return await query(database.knex);
    } finally {
      await database.close();
    }
  }
}

/** Of numbers that were said, those that stand nowhere; of what stands there, all that stands more than once. */
export function compare(said: Iterable<number>, stored: ReadonlyMap<number, number>): { readonly missing: number[]; readonly doubled: number[] } {
  return {
    missing: [...said].filter((number) => !stored.has(number)),
    doubled: [...stored].filter(([, times]) => times > 1).map(([number]) => number),
  };
}

function tally<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
