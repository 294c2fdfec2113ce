import type { Knex } from 'knex';
import type { Database } from '../../database/database.js';
import { takeTurn } from '../../database/turns.js';
import { writing } from '../../database/writing.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { clip } from '../columns.js';
import { LISTENING } from './listening.js';
import { isSettled, KILLED, silences, type Heard, type Silence } from './silence.js';
import { gapKey, newGap } from './store.js';
import { captureGaps } from './columns.js';

const HOUR: Micros = 3_600 * MICROS_PER_SECOND;
/** Logins that ended longer ago change nothing any more, and are forgotten. */
export const LOOK_BACK: Micros = 31 * 24 * HOUR;

export interface Squared {
  readonly written: number;
  readonly changed: number;
  readonly deleted: number;
  /** False: a hole was left alone for now, since somebody else who listens may cover it in a moment. */
  readonly settled: boolean;
}

/**
 * Makes the gaps of a PBX what its listeners left open between them. A gap that somebody did cover, and told late,
 * shrinks, splits or goes. Safe to repeat, and for several processes at once.
 */
export async function squareGaps(database: Database, pbx: string, now: Micros): Promise<Squared> {
  const name = clip(pbx, 64);
  const due = await plan(database.knex, name, now);
  if (isNothing(due)) return { written: 0, changed: 0, deleted: 0, settled: due.settled };
  return writing(database, async (trx) => {
    await takeTurn(trx, `gaps ${gapKey(name, 0)}`);
    const { add, move, remove, forget, settled } = await plan(trx, name, now);
    for (const id of remove) await trx(captureGaps.table).where({ id }).delete();
    for (const { id, silence } of move) {
      const { from, to, reason } = silence;
      await trx(captureGaps.table).where({ id }).update({ event_key: gapKey(name, from), from_at: from, to_at: to, reason: clip(reason, 255) });
    }
    for (const silence of add) {
      // By the PBX's clock it may end in the future.
      const row = { ...newGap(name, 'GAP', silence), recovery: 'pending', recovery_due: Math.min(silence.to, now) };
      await trx(captureGaps.table).insert(row).onConflict('event_key').merge(['event_key']);
    }
    if (forget !== null) await trx(LISTENING).where('pbx', name).where('until_at', '<', forget).delete();
    return { written: add.length, changed: move.length, deleted: remove.length, settled };
  });
}

interface Plan {
  readonly add: readonly Silence[];
  readonly move: readonly { readonly id: number; readonly silence: Silence }[];
  readonly remove: readonly number[];
  /** Logins that ended before it can go. */
  readonly forget: Micros | null;
  readonly settled: boolean;
}

const isNothing = ({ add, move, remove, forget }: Plan): boolean => add.length + move.length + remove.length === 0 && forget === null;

interface Gap extends Silence {
  readonly id: number;
}

async function plan(knex: Knex, pbx: string, now: Micros): Promise<Plan> {
  const { heard, begin, forget } = await logins(knex, pbx, now);
  if (heard.length === 0) return { add: [], move: [], remove: [], forget, settled: true };
  const { add, ...rest } = changes(await gapsSince(knex, pbx, begin), silences(heard), begin);
  const settled = add.filter((silence) => isSettled(silence, heard, now));
  return { ...rest, add: settled, forget, settled: settled.length === add.length };
}

/** What turns the gaps as they stand into what nobody heard since `begin`. */
function changes(stand: readonly Gap[], silent: readonly Silence[], begin: Micros): Pick<Plan, 'add' | 'move' | 'remove'> {
  const wanted = new Map(silent.map((silence) => [silence.from, silence]));
  const move: { id: number; silence: Silence }[] = [];
  const remove: number[] = [];
  const moved: Gap[] = [];
  for (const gap of stand) {
    const found = wanted.get(Math.max(gap.from, begin));
    wanted.delete(Math.max(gap.from, begin));
    // What lies before the first login that is still known stays as it was found.
    if (!found && gap.from >= begin) moved.push(gap);
    else {
      const reason = found && found.reason !== KILLED ? found.reason : gap.reason;
      const to = found?.to ?? begin;
      if (to !== gap.to || reason !== gap.reason) move.push({ id: gap.id, silence: { from: gap.from, to, reason } });
    }
  }
  for (const gap of moved) {
    // It keeps what is known of its recovery in the first part that is left of it.
    const part = [...wanted.values()].find(({ from, to }) => from >= gap.from && to <= gap.to);
    if (part) {
      wanted.delete(part.from);
      move.push({ id: gap.id, silence: part });
    } else remove.push(gap.id);
  }
  return { add: [...wanted.values()], move, remove };
}

/**
 * The logins of the last 31 days, and the newest before them, so that a gap after a long pause is seen too:
 * its end is where the gaps that can still change begin.
 */
async function logins(knex: Knex, pbx: string, now: Micros): Promise<{ readonly heard: readonly Heard[]; readonly begin: Micros; readonly forget: Micros | null }> {
  const own = (): Knex.QueryBuilder => knex(LISTENING).where('pbx', pbx).select({ listener: 'listener', from: 'from_at', until: 'until_at', reason: 'reason' });
  const since = now - LOOK_BACK;
  // A PBX whose clock ran far ahead for a while must not make the time until then a gap.
  const recent = (await own().where('until_at', '>=', since).where('from_at', '<=', now + HOUR)) as DatabaseHeard[];
  const old = (await own().where('until_at', '<', since).orderBy('until_at', 'desc').limit(2)) as DatabaseHeard[];
  const [newest, older] = old.map(toHeard);
  const heard = [...(newest ? [newest] : []), ...recent.map(toHeard)];
  return { heard, begin: newest?.until ?? Math.min(...heard.map(({ from }) => from)), forget: older && newest && older.until < newest.until ? newest.until : null };
}

interface DatabaseHeard {
  readonly listener: string;
  readonly from: number | string;
  readonly until: number | string;
  readonly reason: string;
}

const toHeard = ({ listener, from, until, reason }: DatabaseHeard): Heard => ({ listener, from: Number(from), until: Number(until), reason });

async function gapsSince(knex: Knex, pbx: string, begin: Micros): Promise<Gap[]> {
  const rows = (await knex(captureGaps.table)
    .where({ pbx, kind: 'GAP' })
    .where('to_at', '>', begin)
    .select({ id: 'id', from: 'from_at', to: 'to_at', reason: 'reason' })
    .orderBy('from_at')) as { id: number | string; from: number | string; to: number | string; reason: string }[];
  return rows.map(({ id, from, to, reason }) => ({ id: Number(id), from: Number(from), to: Number(to), reason }));
}
