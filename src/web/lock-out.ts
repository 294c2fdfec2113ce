import type { Knex } from 'knex';
import { MICROS_PER_SECOND, type Micros } from '../time.js';

const TABLE = 'sign_in_failure';
export const MAX_FAILURES = 5;
/** Failures further apart than this are not counted together. */
export const FAILURE_WINDOW: Micros = 15 * 60 * MICROS_PER_SECOND;
export const LOCK_TIME: Micros = 15 * 60 * MICROS_PER_SECOND;

/**
 * Counts failed sign-ins by principal, in the database, so that several processes and a restart
 * count as one. An attempt is counted before its password is looked at: many guesses sent at once
 * get no more tries than the same guesses one after another.
 */
export interface LockOut {
  /** Until when the principal is locked out; null when it is not. */
  lockedUntil(principal: string): Promise<Micros | null>;
  /** Takes one of the tries that are left; false when there is none. */
  takeTry(principal: string): Promise<boolean>;
  /** The try was right, or the password is new: nothing is counted any more. */
  succeeded(principal: string): Promise<void>;
  /** The try was wrong; true when this one locked the principal out. */
  failed(principal: string): Promise<boolean>;
}

/** Deletes counts that no longer matter; answers how many. */
export function clearForgotten(knex: Knex, now: Micros): Promise<number> {
  return knex(TABLE).where('locked_until', '<=', now).where('last_at', '<', now - FAILURE_WINDOW).delete();
}

export function lockOut(knex: Knex, clock: () => Micros): LockOut {
  const key = (principal: string): { principal: string } => ({ principal: principal.slice(0, 255) });
  return {
    async lockedUntil(principal) {
      const row = await knex<{ principal: string; locked_until: number | string }>(TABLE).where(key(principal)).first('locked_until');
      const until = Number(row?.locked_until ?? 0);
      return until > clock() ? until : null;
    },
    async takeTry(principal) {
      const now = clock();
      const stale = now - FAILURE_WINDOW;
      await knex(TABLE)
        .insert({ ...key(principal), failures: 0, last_at: now, locked_until: 0 })
        .onConflict('principal')
        .merge(['principal']);
      const taken = await knex(TABLE)
        .where(key(principal))
        .where('locked_until', '<=', now)
        .where((left) => {
          void left.where('failures', '<', MAX_FAILURES).orWhere('last_at', '<', stale);
        })
        .update({ failures: knex.raw('case when last_at < ? then 1 else failures + 1 end', [stale]), last_at: now });
      return taken > 0;
    },
    async succeeded(principal) {
      await knex(TABLE).where(key(principal)).delete();
    },
    async failed(principal) {
      const now = clock();
      const locked = await knex(TABLE)
        .where(key(principal))
        .where('failures', '>=', MAX_FAILURES)
        .where('locked_until', '<=', now)
        .update({ locked_until: now + LOCK_TIME });
      return locked > 0;
    },
  };
}
