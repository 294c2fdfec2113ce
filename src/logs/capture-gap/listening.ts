import type { Knex } from 'knex';
import { clip } from '../columns.js';
import type { Output } from '../output.js';

export const LISTENING = 'listening';

type Listening = Extract<Output, { kind: 'listening' }>;

/**
 * Writes how long each login has stood so far, and where it ended: that may lie before what was told. Written again,
 * or an older state of it, it changes nothing.
 */
export async function writeListening(trx: Knex, listener: string, outputs: readonly Listening[]): Promise<void> {
  for (const { pbx, from, until, reason } of latest(outputs)) {
    const own = { listener, pbx: clip(pbx, 64), from_at: from };
    const state = { until_at: Math.max(from, until), reason: clip(reason ?? '', 255) };
    const standing = trx(LISTENING).where({ ...own, reason: '' });
    if (reason === null) void standing.where('until_at', '<=', state.until_at);
    const changed = await standing.update(state);
    if (changed === 0) await trx(LISTENING).insert({ ...own, ...state }).onConflict(['listener', 'pbx', 'from_at']).merge(['listener']);
  }
}

/** The id of the newest login of any PBX, 0 when there is none: where it stays the same, no new one stands. */
export async function newestLogin(knex: Knex): Promise<number> {
  const [row] = await knex(LISTENING).max<{ id: number | string | null }[]>({ id: 'id' });
  return Number(row?.id ?? 0);
}

/** One state for each login of a batch: it is told with every tick, and once it has ended nothing more is true of it. */
function latest(outputs: readonly Listening[]): Listening[] {
  const logins = new Map<string, Listening>();
  for (const output of outputs) {
    const key = JSON.stringify([output.pbx, output.from]);
    const before = logins.get(key);
    if (before && before.reason !== null) continue;
    const until = output.reason === null ? Math.max(output.until, before?.until ?? output.until) : output.until;
    logins.set(key, { ...output, until });
  }
  return [...logins.values()];
}
