import type { Knex } from 'knex';
import type { Database } from '../../database/database.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { toRow } from '../columns.js';
import { registeredAccounts } from '../registered-account/columns.js';
import { bind, boundColumns, type Use } from './bind.js';
import { sipSessions, type Binding } from './columns.js';
import { sameKind, SOCKET_USE } from './store.js';

/** A socket at an instant. */
interface Place {
  readonly at: Micros;
  readonly pbx: string;
  readonly transport: string;
  readonly remote_address: string;
}

/** A CONNECT or DISCONNECT row, as far as binding needs it. */
interface Boundary extends Place {
  readonly id: number;
  readonly event: string;
  readonly binding: Binding;
}

export interface ReconcileReport {
  readonly looked: number;
  readonly bound: number;
  readonly ambiguous: number;
  readonly unknown: number;
}

const BATCH = 500;
/** So long a row waits for its account before it is called unknown; a later proof still binds it. */
const GRACE: Micros = 60 * MICROS_PER_SECOND;
const COLUMNS = ['id', 'event', 'at', 'binding', 'pbx', 'transport', 'remote_address'] as const;

/**
 * Binds CONNECT and DISCONNECT rows to the account that used that socket while it was open. Looks
 * only at rows that are pending and at proofs that came since, so its cost follows what is new.
 * Two at once do no harm: both come to the same answer, and a row that the other one changed
 * meanwhile is left to it.
 */
export async function reconcile(database: Database, now: Micros): Promise<ReconcileReport> {
  const run = new Run(database.knex, now);
  await run.pendingRows();
  await run.newUses();
  return run.report;
}

class Run {
  private readonly counts = { looked: 0, bound: 0, ambiguous: 0, unknown: 0 };

  constructor(
    private readonly knex: Knex,
    private readonly now: Micros,
  ) {}

  get report(): ReconcileReport {
    return this.counts;
  }

  async pendingRows(): Promise<void> {
    let after = 0;
    for (;;) {
      const rows = (await this.knex(sipSessions.table)
        .select(COLUMNS)
        .where('binding', 'pending')
        .where('id', '>', after)
        .orderBy('id')
        .limit(BATCH)) as Boundary[];
      for (const row of rows) await this.decide(row);
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return;
      after = last.id;
    }
  }

  /** A proof that came late may bind what was called unknown, or make ambiguous what was bound. */
  async newUses(): Promise<void> {
    for (;;) {
      const uses = (await this.knex(SOCKET_USE)
        .select('id', 'at', 'pbx', 'transport', 'remote_address')
        .where('handled', 0)
        .orderBy('id')
        .limit(BATCH)) as (Place & { readonly id: number })[];
      for (const use of uses) {
        const opened = await this.neighbour(use, '<=');
        if (opened?.event === 'CONNECT') await this.decide(opened);
        const closed = await this.neighbour(use, '>');
        if (closed?.event === 'DISCONNECT') await this.decide(closed);
      }
      await this.knex(SOCKET_USE).whereIn('id', uses.map(({ id }) => id)).update({ handled: 1 });
      if (uses.length < BATCH) return;
    }
  }

  private async decide(row: Boundary): Promise<void> {
    this.counts.looked += 1;
    const opened = row.event === 'CONNECT' ? row.at : ((await this.neighbour(row, '<'))?.at ?? 0);
    const end = row.event === 'DISCONNECT' ? row : await this.neighbour(row, '>');
    const bound = bind(await this.usesBetween(row, opened, end ?? null));
    if (bound.kind === 'unknown' && this.now - row.at < GRACE) return;
    const columns = boundColumns(bound);
    if (columns.binding === row.binding && columns.binding !== 'ambiguous') return;
    const changed = await this.knex(sipSessions.table)
      .where({ id: row.id, binding: row.binding })
      .update(toRow(sipSessions.columns, columns));
    this.counts[bound.kind] += changed;
  }

  /** The nearest CONNECT or DISCONNECT of the same socket before or after a row. */
  private async neighbour(row: Place, side: '<' | '<=' | '>'): Promise<Boundary | undefined> {
    const rows = (await this.knex(sipSessions.table)
      .select(COLUMNS)
      .where('remote_address', row.remote_address)
      .where('at', side, row.at)
      .where('pbx', row.pbx)
      .whereIn('transport', sameKind(row.transport))
      .whereIn('event', ['CONNECT', 'DISCONNECT'])
      .orderBy([
        { column: 'at', order: side === '>' ? 'asc' : 'desc' },
        { column: 'id', order: side === '>' ? 'asc' : 'desc' },
      ])
      .limit(1)) as Boundary[];
    return rows[0];
  }

  private async usesBetween(row: Boundary, opened: Micros, end: Boundary | null): Promise<Use[]> {
    const query = this.knex(SOCKET_USE)
      .distinct('peername', 'account')
      .where('remote_address', row.remote_address)
      .where('at', '>=', opened)
      .where('pbx', row.pbx)
      .whereIn('transport', sameKind(row.transport));
    // A new client's first packet opens its connection and may prove its account at once: that proof is not the old one's.
    if (end) void query.where('at', end.event === 'CONNECT' ? '<' : '<=', end.at);
    const found = (await query) as { peername: string; account: string }[];
    return Promise.all(
      found.map(async ({ peername, account }) => ({ peername, account: account === '' ? await this.nameOf(row.pbx, peername) : account })),
    );
  }

  private async nameOf(pbx: string, username: string): Promise<string | null> {
    const row = (await this.knex(registeredAccounts.table).select('description').where({ pbx, username }).first()) as { description: string } | undefined;
    return row?.description ?? null;
  }
}
