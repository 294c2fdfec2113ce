import type { Knex } from 'knex';
import { clip } from '../columns.js';
import type { Output } from '../output.js';

export const LISTENING = 'listening';

type Listening = Extract<Output, { kind: 'listening' }>;

/**
 * Writes how long each login has stood so far. Written again, or an older state of it, it changes nothing. Its end is
 * the last word, also where it lies before what was told: time had passed while nothing came any more.
 */
export async function writeListening(trx: Knex, listener: string, outputs: readonly Listening[]): Promise<void> {
  for (const { pbx, from, until, reason } of latest(outputs)) {
    const own = { listener, pbx: clip(pbx, 64), from_at: from };
    const state = { until_at: Math.max(from, until), reason: clip(reason ?? '', 255) };
    const query = trx(LISTENING).where({ ...own, reason: '' });
    if (reason === null) void query.where('until_at', '<=', until);
    if ((await query.update(state)) > 0) continue;
    await trx(LISTENING)
      .insert({ ...own, ...state })
      .onConflict(['listener', 'pbx', 'from_at'])
      .merge(['listener']);
  }
}

/** The id of the newest login of any PBX, 0 when there is none: where it stays the same, no new one stands. */
export async function newestLogin(knex: Knex): Promise<number> {
  const [row] = await knex(LISTENING).max<{ id: number | string | null }[]>({ id: 'id' });
  return Number(row?.id ?? 0);
}

/** One state for each login of a batch: it is told with every tick. */
function latest(outputs: readonly Listening[]): Listening[] {
  const logins = new Map<string, Listening>();
  for (const output of outputs) {
    const key = JSON.stringify([output.pbx, output.from]);
    const before = logins.get(key);
    if (before && before.reason !== null) continue;
    logins.set(key, output.reason === null ? { ...output, until: Math.max(output.until, before?.until ?? output.until) } : output);
  }
  return [...logins.values()];
}
