import type { Knex } from 'knex';
import type { Micros } from '../../time.js';
import { sipSessions } from '../sip-session/columns.js';

const TABLE = sipSessions.table;
/** More than anybody has; a proxy that tells nonsense must not make the page endless. */
export const MOST_TRUNKS = 200;

const ON = `event = 'REGISTER' and details = '200 OK'`;
/** The PBX's own registrations: accounts that it took off line itself have an address. Not `= ''`, or the index of addresses would be read too. */
const OWN = `(event = 'REGISTER' or (length(remote_address) = 0 and details like 'UNREGISTERED%'))`;

/** How the PBX's registration at one provider stands. */
export interface Trunk {
  readonly pbx: string;
  /** As the PBX is configured: `host:port`, or what chan_sip says. */
  readonly provider: string;
  readonly username: string;
  readonly registered: boolean;
  /** What the PBX said last, as SIP Sessions shows it. */
  readonly details: string;
  /** Since when it is registered, or is not. */
  readonly since: Micros;
  /** It was so before `since` already, which is only how far was looked back. */
  readonly sinceBefore: boolean;
  /** When the PBX last said so; it repeats that at each refresh. */
  readonly heardAt: Micros;
}

/** Each provider that the PBX spoke of from `lookBack` on, the ones that are not registered first. */
export async function trunks(knex: Knex, lookBack: Micros): Promise<Trunk[]> {
  const rows = (await trunksQuery(knex, lookBack)) as DatabaseTrunk[];
  const found: Trunk[] = [];
  for (const row of rows) found.push(await standing(knex, row, lookBack));
  return found.sort((a, b) => Number(a.registered) - Number(b.registered) || compare(a.provider, b.provider) || compare(a.username, b.username) || compare(a.pbx, b.pbx));
}

interface DatabaseTrunk {
  readonly pbx: string;
  readonly provider: string;
  readonly username: string;
  readonly on_at: number | string;
  readonly off_at: number | string;
}

export const trunksQuery = (knex: Knex, lookBack: Micros): Knex.QueryBuilder =>
  knex(TABLE)
    .select({ pbx: 'pbx', provider: 'account', username: 'peername' })
    .select(knex.raw(`max(case when ${ON} then at else 0 end) as on_at`), knex.raw(`max(case when ${ON} then 0 else at end) as off_at`))
    .where('source', 'SERVER')
    .whereIn('event', ['REGISTER', 'UNREGISTER'])
    .where('at', '>=', lookBack)
    .whereRaw(OWN)
    .groupBy('pbx', 'account', 'peername')
    .orderBy([{ column: 'pbx' }, { column: 'account' }, { column: 'peername' }])
    .limit(MOST_TRUNKS);

async function standing(knex: Knex, { pbx, provider, username, on_at, off_at }: DatabaseTrunk, lookBack: Micros): Promise<Trunk> {
  const [on, off] = [Number(on_at), Number(off_at)];
  const registered = on > off;
  const heardAt = Math.max(on, off);
  const turnedAt = Math.min(on, off);
  const rows = (): Knex.QueryBuilder => ownRowsQuery(knex, { pbx, provider, username });
  const latest = await one<{ details: string }>(rows().select('details').where('at', heardAt).orderBy('id', 'desc'));
  const first = await one<{ at: number | string }>(rows().select('at').where('at', '>', Math.max(turnedAt, lookBack - 1)).orderBy('at'));
  const wasOn = knex.raw(`case when ${ON} then 1 else 0 end as was_on`);
  const before = turnedAt > 0 ? undefined : await one<{ was_on: number }>(rows().select(wasOn).where('at', '<', lookBack).orderBy([{ column: 'at', order: 'desc' }, { column: 'id', order: 'desc' }]));
  const sinceBefore = before !== undefined && (before.was_on === 1) === registered;
  return { pbx, provider, username, registered, details: latest?.details ?? '', since: sinceBefore ? lookBack : Number(first?.at ?? heardAt), sinceBefore, heardAt };
}

/** What the PBX did at one provider. coalesce hides these columns from SQLite's planner, which would walk all providers' rows by them. */
export const ownRowsQuery = (knex: Knex, { pbx, provider, username }: Pick<Trunk, 'pbx' | 'provider' | 'username'>): Knex.QueryBuilder =>
  knex(TABLE).where({ peername: username, pbx, account: provider }).whereRaw(`coalesce(source, '') = 'SERVER' and coalesce(event, '') in ('REGISTER', 'UNREGISTER') and ${OWN}`);

async function one<R>(query: Knex.QueryBuilder): Promise<R | undefined> {
  const [row] = (await query.limit(1)) as R[];
  return row;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
