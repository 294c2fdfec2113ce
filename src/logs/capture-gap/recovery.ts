import type { Knex } from 'knex';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { clip } from '../columns.js';
import { captureGaps, type Recovery } from './columns.js';

const TABLE = captureGaps.table;
/** Whoever takes a gap on has so long, unless it says meanwhile that it is still at it. */
export const LEASE: Micros = 300 * MICROS_PER_SECOND;

/** A gap whose calls are to be looked for now. */
export interface DueGap {
  readonly id: number;
  readonly from: Micros;
  readonly to: Micros;
  readonly recovery: Recovery;
  readonly recoveredCalls: number;
  readonly note: string;
  readonly tries: number;
  /** Since when it is due, or until when somebody had taken it on. */
  readonly due: Micros;
}

/** What is known of a gap's recovery after an attempt. */
export interface Attempt {
  readonly recovery: Recovery;
  readonly recoveredCalls: number;
  readonly note: string;
  readonly tries: number;
  /** When to try next; 0: no more. */
  readonly due: Micros;
}

/** The gaps of a PBX that are due, oldest first, `most` at most. */
export async function dueGaps(knex: Knex, pbx: string, now: Micros, most: number): Promise<DueGap[]> {
  const rows = (await knex(TABLE)
    .where('pbx', clip(pbx, 64))
    .whereBetween('recovery_due', [1, now])
    .select({ id: 'id', from: 'from_at', to: 'to_at', recovery: 'recovery', recoveredCalls: 'recovered_calls', note: 'recovery_note', tries: 'recovery_tries', due: 'recovery_due' })
    .orderBy('recovery_due')
    .limit(most)) as DatabaseGap[];
  return rows.map((row) => ({ ...row, id: Number(row.id), from: Number(row.from), to: Number(row.to), due: Number(row.due) })).sort((a, b) => a.from - b.from);
}

type DatabaseGap = Omit<DueGap, 'id' | 'from' | 'to' | 'due'> & Readonly<Record<'id' | 'from' | 'to' | 'due', number | string>>;

/** Takes a gap on, or goes on with it; null when somebody else has it by now. Until the answer's `due` it is ours. */
export async function takeOn(knex: Knex, gap: DueGap, now: Micros): Promise<DueGap | null> {
  const due = Math.max(now + LEASE, gap.due + 1);
  const taken = await knex(TABLE).where({ id: gap.id, recovery_due: gap.due }).update({ recovery_due: due });
  return taken > 0 ? { ...gap, due } : null;
}

/** Writes what became of an attempt, unless the gap is gone or somebody else's by now. */
export async function keepAttempt(knex: Knex, gap: DueGap, attempt: Attempt, now: Micros): Promise<void> {
  await knex(TABLE)
    .where({ id: gap.id, recovery_due: gap.due })
    .update({
      recovery: attempt.recovery,
      recovered_calls: attempt.recoveredCalls,
      recovery_note: clip(attempt.note, captureGaps.columns.recoveryNote.maxLength),
      recovery_tries: attempt.tries,
      recovery_due: attempt.due,
      recovered_at: now,
    });
}

/** Gaps that ended since then and had no source, or were given up, are due again: there may be one now. */
export async function makeDueAgain(knex: Knex, pbx: string, which: readonly ('none' | 'failed')[], since: Micros, now: Micros): Promise<number> {
  return knex(TABLE)
    .where({ pbx: clip(pbx, 64), kind: 'GAP' })
    .whereIn('recovery', which)
    .where('to_at', '>=', since)
    .where('recovery_due', '<=', now)
    .update({ recovery: 'pending', recovery_due: now, recovery_tries: 0 });
}

/** An import of these times has done what recovery could not: nothing is due there any more. */
export async function settleGaps(knex: Knex, pbx: string, from: Micros, to: Micros, note: string): Promise<number> {
  return knex(TABLE)
    .where({ pbx: clip(pbx, 64), kind: 'GAP' })
    .whereIn('recovery', ['none', 'failed'])
    .where('from_at', '>=', from)
    .where('to_at', '<=', to)
    .update({ recovery: 'done', recovery_note: clip(note, captureGaps.columns.recoveryNote.maxLength), recovery_due: 0 });
}

/** How many gaps of any PBX that ended since then have a source that could not be read. */
export async function failedGaps(knex: Knex, since: Micros): Promise<number> {
  const [counted] = await knex(TABLE).where('recovery', 'failed').where('to_at', '>=', since).count<{ count: number | string }[]>({ count: '*' });
  return Number(counted?.count ?? 0);
}
