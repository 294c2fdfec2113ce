import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import type { Micros } from '../../time.js';
import { clip, fromRow, type DatabaseRow } from '../columns.js';
import { eventKey } from '../key.js';
import type { Output } from '../output.js';
import { captureGaps, type CaptureGap, type GAP_KINDS } from './columns.js';
import type { Silence } from './silence.js';

type Loss = Extract<Output, { kind: 'loss' }>;

/** Writes that events of a time are missing although somebody listened; each once. */
export async function writeLosses(trx: Knex, outputs: readonly Loss[]): Promise<void> {
  await insertOnce(
    trx,
    captureGaps.table,
    outputs.map(({ pbx, from, until, reason, lost }) => ({
      ...newGap(pbx, 'LOSS', { from, to: until, reason }),
      event_key: eventKey('loss', pbx, from, until, reason, lost),
      lost,
    })),
  );
}

/** A row of which nothing is to be recovered: calls are never left out. */
export function newGap(pbx: string, kind: (typeof GAP_KINDS)[number], { from, to, reason }: Silence): Record<string, string | number> {
  return {
    event_key: gapKey(pbx, from),
    kind,
    pbx: clip(pbx, 64),
    from_at: from,
    to_at: to,
    reason: clip(reason, 255),
    lost: 0,
    recovery: 'none',
    recovered_calls: 0,
    recovery_note: '',
    recovered_at: 0,
    recovery_due: 0,
    recovery_tries: 0,
  };
}

export const gapKey = (pbx: string, from: Micros): string => eventKey('gap', pbx, from);

/** The times of one PBX, or of any, of which something is missing and that touch `[from, to]`, latest end first, `most` at most; null is no bound. */
export async function gapsBetween(knex: Knex, from: Micros | null, to: Micros | null, most: number, pbx?: string): Promise<CaptureGap[]> {
  const rows = (await gapsQuery(knex, from, to, most, pbx)) as DatabaseRow[];
  return rows.map((row) => fromRow(captureGaps.columns, row));
}

/** Its SQL; apart, so that tests can ask the database to explain it. */
export function gapsQuery(knex: Knex, from: Micros | null, to: Micros | null, most: number, pbx?: string): Knex.QueryBuilder {
  const query = knex(captureGaps.table).select(Object.values(captureGaps.columns).map(({ db }) => db));
  if (from !== null) void query.where('to_at', '>', from);
  if (to !== null) void query.where('from_at', '<=', to);
  if (pbx !== undefined) void query.where({ pbx });
  return query.orderBy([{ column: 'to_at', order: 'desc' }, { column: 'id', order: 'desc' }]).limit(most);
}
