import type { Database } from '../../database/database.js';
import { selectMany, updateMany, type RowUpdate } from '../../database/many.js';
import { writing } from '../../database/writing.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { toRow } from '../columns.js';
import { bind, boundColumns, type Bound, type Use } from './bind.js';
import { sipSessions } from './columns.js';
import { BOUNDARY_COLUMNS, fourOfKind, neighbours, socketOf, type Boundary, type Place } from './neighbours.js';
import { SOCKET_USE } from './store.js';
import { accountNames } from './use-names.js';

export interface ReconcileReport {
  readonly looked: number;
  readonly bound: number;
  readonly ambiguous: number;
  readonly unknown: number;
}

/** Few enough that whoever reads AMI in the same thread is not kept waiting. */
const BATCH = 250;
/** So long a row waits for its account before it is called unknown; a later proof still binds it. */
const GRACE: Micros = 60 * MICROS_PER_SECOND;

/** A socket while it was open: from its CONNECT until `end`, null where it still is. */
interface Connection extends Place {
  readonly end: Boundary | null;
}

interface Decision {
  readonly row: Boundary;
  readonly bound: Bound;
}

/**
 * Binds CONNECT and DISCONNECT rows to the account that used that socket while it was open. Looks
 * only at rows that are pending and at proofs that came since, so its cost follows what is new.
 * Two at once do no harm: both come to the same answer, and a row that the other one changed
 * meanwhile is left to it.
 */
export async function reconcile(database: Database, now: Micros): Promise<ReconcileReport> {
  const run = new Run(database, now);
  await run.pendingRows();
  await run.newUses();
  return run.report;
}

class Run {
  private readonly counts = { looked: 0, bound: 0, ambiguous: 0, unknown: 0 };

  constructor(
    private readonly database: Database,
    private readonly now: Micros,
  ) {}

  get report(): ReconcileReport {
    return this.counts;
  }

  async pendingRows(): Promise<void> {
    const { knex } = this.database;
    // In the order of time: what lies near one another is read together.
    let after = { at: 0, id: 0 };
    for (;;) {
      const rows = (await knex(sipSessions.table)
        .select(BOUNDARY_COLUMNS)
        .where('binding', 'pending')
        .where('at', '>=', after.at)
        .whereRaw('(at > ? or id > ?)', [after.at, after.id])
        .orderBy(['at', 'id'])
        .limit(BATCH)) as Boundary[];
      await this.keep(await this.decide(rows), []);
      const last = rows.at(-1);
      if (!last || rows.length < BATCH) return;
      after = last;
    }
  }

  /** A proof that came late may bind what was called unknown, or make ambiguous what was bound. */
  async newUses(): Promise<void> {
    const { knex } = this.database;
    for (;;) {
      const uses = (await knex(SOCKET_USE)
        .select('id', 'at', 'pbx', 'transport', 'remote_address')
        .where('handled', 0)
        .orderBy('id')
        .limit(BATCH)) as (Place & { readonly id: number })[];
      if (uses.length === 0) return;
      const opened = [...(await neighbours(knex, uses, () => '<=')).values()].filter(({ event }) => event === 'CONNECT');
      const closed = [...(await neighbours(knex, uses, () => '>')).values()].filter(({ event }) => event === 'DISCONNECT');
      const rows = new Map([...opened, ...closed].map((row) => [row.id, row]));
      await this.keep(await this.decide([...rows.values()]), uses.map(({ id }) => id));
      if (uses.length < BATCH) return;
    }
  }

  /** What can be said of these rows that is not said yet. */
  private async decide(rows: readonly Boundary[]): Promise<Decision[]> {
    this.counts.looked += rows.length;
    const connections = await this.connectionsOf(rows);
    const uses = await this.usesOf([...new Set(connections.values())]);
    return rows.flatMap((row) => {
      const connection = connections.get(row);
      const bound = bind((connection && uses.get(connection)) ?? []);
      if (bound.kind === 'unknown' && this.now - row.at < GRACE) return [];
      return bound.kind === row.binding && bound.kind !== 'ambiguous' ? [] : [{ row, bound }];
    });
  }

  /** Both ends of a connection have one and the same. */
  private async connectionsOf(rows: readonly Boundary[]): Promise<Map<Boundary, Connection>> {
    const { knex } = this.database;
    const others = await neighbours(knex, rows, ({ event }) => (event === 'CONNECT' ? '>' : '<'));
    const known = new Map<string, Connection>();
    return new Map(
      rows.map((row) => {
        const [at, end] = row.event === 'CONNECT' ? [row.at, others.get(row) ?? null] : [others.get(row)?.at ?? 0, row];
        const name = `${socketOf(row)} ${at} ${end?.id ?? ''}`;
        const connection = known.get(name) ?? { ...row, at, end };
        known.set(name, connection);
        return [row, connection];
      }),
    );
  }

  private async usesOf(connections: readonly Connection[]): Promise<Map<Connection, Use[]>> {
    const { knex } = this.database;
    const query = `select distinct ? as place, peername, account from ${SOCKET_USE} where remote_address = ? and at between ? and ? and pbx = ? and transport in (?, ?, ?, ?)`;
    const rows = await selectMany(
      knex,
      query,
      connections.map(({ remote_address, at, pbx, transport, end }) => {
        // A new client's first packet opens its connection and may prove its account at once: that proof is not the old one's.
        const until = end === null ? Number.MAX_SAFE_INTEGER : end.event === 'CONNECT' ? end.at - 1 : end.at;
        return [remote_address, at, until, pbx, ...fourOfKind(transport)];
      }),
    );
    const found = connections.map((connection, index) => ({ connection, uses: (rows[index] ?? []).map(({ peername, account }) => ({ peername: String(peername), account: String(account) })) }));
    const nameless = found.flatMap(({ connection: { pbx }, uses }) => uses.filter(({ account }) => account === '').map(({ peername }) => ({ pbx, peername })));
    const nameOf = await accountNames(knex, nameless);
    return new Map(found.map(({ connection, uses }) => [connection, uses.map(({ peername, account }) => ({ peername, account: account === '' ? nameOf(connection.pbx, peername) : account }))]));
  }

  /** Writes decisions together, and that these uses led to them. */
  private async keep(decisions: readonly Decision[], handled: readonly number[]): Promise<void> {
    if (decisions.length + handled.length === 0) return;
    const changed = await writing(this.database, async (trx) => {
      const counts = { bound: 0, ambiguous: 0, unknown: 0 };
      for (const alike of runs(decisions)) {
        const [{ row, bound }] = alike;
        const times = alike.map((decision) => decision.row.at);
        const updates = alike.map((decision): RowUpdate => ({ id: decision.row.id, values: toRow(sipSessions.columns, boundColumns(decision.bound)) }));
        counts[bound.kind] += await updateMany(trx, sipSessions.table, updates, { sql: 'binding = ? and at between ? and ?', values: [row.binding, Math.min(...times), Math.max(...times)] });
      }
      if (handled.length > 0) await trx(SOCKET_USE).whereIn('id', handled).update({ handled: 1 });
      return counts;
    });
    this.counts.bound += changed.bound;
    this.counts.ambiguous += changed.ambiguous;
    this.counts.unknown += changed.unknown;
  }
}

/** Those of one outcome that were the same before. */
function runs(decisions: readonly Decision[]): [Decision, ...Decision[]][] {
  const found = new Map<string, [Decision, ...Decision[]]>();
  for (const decision of decisions) {
    const name = `${decision.row.binding} ${decision.bound.kind}`;
    const run = found.get(name);
    if (run) run.push(decision);
    else found.set(name, [decision]);
  }
  return [...found.values()];
}
