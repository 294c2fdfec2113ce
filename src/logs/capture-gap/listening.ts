import type { Knex } from 'knex';
import { clip } from '../columns.js';
import type { Output } from '../output.js';

export const LISTENING = 'listening';

type Listening = Extract<Output, { kind: 'listening' }>;

/** Writes how long each login has stood so far. Written again, or an older state of it, it changes nothing. */
export async function writeListening(trx: Knex, listener: string, outputs: readonly Listening[]): Promise<void> {
  for (const { pbx, from, until, reason } of latest(outputs)) {
    const own = { listener, pbx: clip(pbx, 64), from_at: from };
    const longer = await trx(LISTENING).where(own).where('until_at', '<=', until).update({ until_at: until });
    if (longer === 0) {
      await trx(LISTENING)
        .insert({ ...own, until_at: Math.max(from, until), reason: '' })
        .onConflict(['listener', 'pbx', 'from_at'])
        .merge(['listener']);
    }
    if (reason !== null) await trx(LISTENING).where({ ...own, reason: '' }).update({ reason: clip(reason, 255) });
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
    logins.set(key, { ...output, until: Math.max(output.until, before?.until ?? output.until), reason: output.reason ?? before?.reason ?? null });
  }
  return [...logins.values()];
}
