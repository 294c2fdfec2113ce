import type { Database } from '../database/database.js';
import { takeTurn } from '../database/turns.js';
import { writing } from '../database/writing.js';
import { MICROS_PER_SECOND, type Micros } from '../time.js';

const NAME = 'retention';
/** Whoever is at it says so at every step; one that died at it is relieved after so long. */
const LEASE: Micros = 600 * MICROS_PER_SECOND;

/** The right to move rows between table and archive, which one process has at a time. */
export interface Lease {
  /** Prolongs it; throws when it was lost meanwhile. */
  hold(): Promise<void>;
  release(): Promise<void>;
}

/** Null while another process has it. */
export async function takeLease(database: Database, clock: () => Micros): Promise<Lease | null> {
  let until = await change(database, (held) => (held > clock() ? null : clock() + LEASE));
  if (until === null) return null;
  const renew = async (to: () => Micros): Promise<void> => {
    const ours = until;
    until = await change(database, (held) => (held === ours ? to() : null));
    if (until === null) throw new Error('another process has taken over the retention; this one was held up for more than ten minutes');
  };
  return {
    hold: () => (until !== null && until - clock() > LEASE / 2 ? Promise.resolve() : renew(() => clock() + LEASE)),
    release: () => renew(() => 0),
  };
}

function change(database: Database, next: (held: Micros) => Micros | null): Promise<Micros | null> {
  return writing(database, async (trx) => {
    await takeTurn(trx, NAME);
    const row = await trx<{ name: string; value: string }>('setting').where('name', NAME).first('value');
    const value = next(Number(row?.value ?? 0));
    if (value !== null) await trx('setting').insert({ name: NAME, value: String(value) }).onConflict('name').merge(['value']);
    return value;
  });
}
