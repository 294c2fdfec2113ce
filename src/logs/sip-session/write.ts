import type { Knex } from 'knex';
import { insertOnce } from '../../database/database.js';
import { toRow } from '../columns.js';
import type { Output } from '../output.js';
import { rowsChanged } from '../statistics/summaries.js';
import { isTold, SAME_HAPPENING, type Boundary } from './alternation.js';
import { sipSessions } from './columns.js';
import { instantOf, isOfAccount, type DoubtfulRow, type Row } from './doubt.js';
import { settleDoubts } from './doubts.js';
import { sameKind } from './store.js';

type SessionOutput = Extract<Output, { kind: 'sip-session' }>;

/** A boundary as the table has it. */
interface StoredBoundary extends Boundary {
  readonly remote_address: string;
  readonly transport: string;
  readonly pbx: string;
}

/**
 * Writes a listener's rows, without those that another one has told with another key. The turn of each of their PBXs must
 * have been taken.
 */
export async function writeSessions(trx: Knex, listener: string, outputs: readonly SessionOutput[]): Promise<void> {
  const rows: Row[] = [];
  const polled: Row[] = [];
  const doubtful: DoubtfulRow[] = [];
  for (const { row, doubt } of outputs) {
    const stored = stores(row);
    if (doubt?.kind === 'polled') polled.push(stored);
    else if (doubt?.kind === 'inferred') doubtful.push({ row: stored, doubt });
    else rows.push(stored);
  }
  await insertOnce(trx, sipSessions.table, rows);
  const changed = await settleDoubts(trx, listener, rows, doubtful);
  await insertOnce(trx, sipSessions.table, await untold(trx, polled));
  await rowsChanged(trx, sipSessions.table, [...rows.filter(isOfAccount).map(instantOf), ...changed]);
}

const stores = ({ key, ...record }: SessionOutput['row']): Row => ({ event_key: key, ...toRow(sipSessions.columns, record) });

/** Those connections that opened or closed, of which the table does not know; as if each was written before the next. */
async function untold(trx: Knex, rows: readonly Row[]): Promise<Row[]> {
  if (rows.length === 0) return [];
  const lines = await readBoundaries(trx, rows);
  const kept: Row[] = [];
  for (const row of rows) {
    const boundary = boundaryOf(row);
    const line = lines.get(lineOf(boundary)) ?? [];
    const after = line.findIndex(({ at }) => at > boundary.at);
    const place = after === -1 ? line.length : after;
    const before = line[place - 1] ?? (await readBefore(trx, boundary, line[place]));
    if (isTold(boundary, before, line[place])) continue;
    kept.push(row);
    lines.set(lineOf(boundary), line.toSpliced(place, 0, boundary));
  }
  return kept;
}

/** What the table has of these sockets around that time, by socket, oldest first. */
async function readBoundaries(trx: Knex, rows: readonly Row[]): Promise<Map<string, StoredBoundary[]>> {
  const times = rows.map(({ at }) => Number(at));
  const around = [Math.min(...times) - SAME_HAPPENING, Math.max(...times) + SAME_HAPPENING] as const;
  const stored = (await boundaries(trx)
    .whereIn('remote_address', [...new Set(rows.map((row) => String(row['remote_address'])))])
    .whereBetween('at', around)
    .orderBy(['at', 'id'])) as StoredBoundary[];
  const lines = new Map<string, StoredBoundary[]>();
  for (const boundary of stored) lines.set(lineOf(boundary), [...(lines.get(lineOf(boundary)) ?? []), boundary]);
  return lines;
}

/** The last one long before, where that matters: when one of the other kind comes soon after. */
async function readBefore(trx: Knex, { remote_address, transport, pbx, event, at }: StoredBoundary, after: Boundary | undefined): Promise<Boundary | undefined> {
  if (after === undefined || after.event === event) return undefined;
  return (await boundaries(trx)
    .where({ remote_address, pbx })
    .whereIn('transport', sameKind(transport))
    .where('at', '<', at)
    .orderBy([{ column: 'at', order: 'desc' }, { column: 'id', order: 'desc' }])
    .first()) as StoredBoundary | undefined;
}

const boundaries = (trx: Knex): Knex.QueryBuilder =>
  trx(sipSessions.table).select('at', 'event', 'remote_address', 'transport', 'pbx').whereIn('event', ['CONNECT', 'DISCONNECT']);

const boundaryOf = (row: Row): StoredBoundary => ({
  at: Number(row['at']),
  event: String(row['event']),
  remote_address: String(row['remote_address']),
  transport: String(row['transport']),
  pbx: String(row['pbx']),
});

const lineOf = ({ pbx, remote_address, transport }: StoredBoundary): string => JSON.stringify([pbx, remote_address, sameKind(transport)]);
