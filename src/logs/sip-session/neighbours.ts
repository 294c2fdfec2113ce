import type { Knex } from 'knex';
import { selectMany } from '../../database/many.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { sipSessions, type Binding } from './columns.js';
import { sameKind } from './store.js';

/** A socket at an instant. */
export interface Place {
  readonly at: Micros;
  readonly pbx: string;
  readonly transport: string;
  readonly remote_address: string;
}

/** A CONNECT or DISCONNECT row, as far as binding needs it. */
export interface Boundary extends Place {
  readonly id: number;
  readonly event: string;
  readonly binding: Binding;
}

const SIDES = ['<', '<=', '>'] as const;
type Side = (typeof SIDES)[number];

export const BOUNDARY_COLUMNS = ['id', 'event', 'at', 'binding', 'pbx', 'transport', 'remote_address'] as const;

/** What lies in so much time is read together; an address may have had any number of connections in two years. */
const SPAN: Micros = 3_600 * MICROS_PER_SECOND;

/** The transports of a socket's kind as four values, for queries that are prepared. */
export function fourOfKind(transport: string): [string, string, string, string] {
  const [a = '', b = '', c = a, d = b] = sameKind(transport);
  return [a, b, c, d];
}

export const socketOf = ({ pbx, transport, remote_address }: Place): string => JSON.stringify([pbx, remote_address, sameKind(transport)[0]]);

/** Connections are rarely open for longer. */
const RECENT: Micros = 7 * 86_400 * MICROS_PER_SECOND;

/**
 * For each place the nearest CONNECT or DISCONNECT of its socket on its side. What came between the places is read for all of them at once; for
 * those that have no neighbour there, the one before or after is looked up.
 */
export async function neighbours<P extends Place>(knex: Knex, places: readonly P[], sideOf: (place: P) => Side): Promise<Map<P, Boundary>> {
  const found = new Map<P, Boundary>();
  let alone: P[] = [];
  for (const group of together(places)) {
    const lines = await readLines(knex, group);
    for (const place of group) {
      const near = nearestIn(lines.get(socketOf(place)) ?? [], place.at, sideOf(place));
      if (near) found.set(place, near);
      else alone.push(place);
    }
  }
  // Of all that was before, MariaDB would look into each month, for each place.
  for (const reach of [RECENT, Infinity]) {
    for (const side of SIDES) await lookUp(knex, alone.filter((place) => sideOf(place) === side), side, reach, found);
    alone = alone.filter((place) => !found.has(place) && sideOf(place) !== '>');
  }
  return found;
}

/** Finds the neighbour of each place by itself: of those before it, one that is no further back than `reach`. */
async function lookUp<P extends Place>(knex: Knex, places: readonly P[], side: Side, reach: Micros, found: Map<P, Boundary>): Promise<void> {
  const order = side === '>' ? 'asc' : 'desc';
  const query = `select ? as place, ${BOUNDARY_COLUMNS.join(', ')} from ${sipSessions.table} where remote_address = ? and at ${side} ? and at >= ? and pbx = ? and transport in (?, ?, ?, ?)
    and event in ('CONNECT', 'DISCONNECT') order by at ${order}, id ${order} limit 1`;
  const rows = await selectMany(knex, query, places.map(({ remote_address, at, pbx, transport }) => [remote_address, at, side === '>' ? at : Math.max(0, at - reach), pbx, ...fourOfKind(transport)]));
  places.forEach((place, index) => {
    const [row] = rows[index] ?? [];
    if (row) found.set(place, row as unknown as Boundary);
  });
}

/** Places in the order of time, in runs of `SPAN` at most. */
function together<P extends Place>(places: readonly P[]): P[][] {
  const groups: P[][] = [];
  for (const place of places.toSorted((a, b) => a.at - b.at)) {
    const last = groups.at(-1);
    if (last?.[0] && place.at - last[0].at <= SPAN) last.push(place);
    else groups.push([place]);
  }
  return groups;
}

/** The boundaries of these sockets from the first place to the last, by socket, oldest first. A place alone has no neighbour in no time. */
async function readLines(knex: Knex, group: readonly Place[]): Promise<Map<string, Boundary[]>> {
  const lines = new Map<string, Boundary[]>();
  if (group.length < 2) return lines;
  const rows = (await knex(sipSessions.table)
    .select(BOUNDARY_COLUMNS)
    .whereIn('remote_address', [...new Set(group.map(({ remote_address }) => remote_address))])
    .whereBetween('at', [group[0]?.at ?? 0, group.at(-1)?.at ?? 0])
    .whereIn('event', ['CONNECT', 'DISCONNECT'])) as Boundary[];
  for (const row of rows.toSorted((a, b) => a.at - b.at || a.id - b.id)) {
    const line = lines.get(socketOf(row));
    if (line) line.push(row);
    else lines.set(socketOf(row), [row]);
  }
  return lines;
}

function nearestIn(line: readonly Boundary[], at: Micros, side: Side): Boundary | undefined {
  if (side === '>') return line.find((other) => other.at > at);
  return line.findLast((other) => (side === '<' ? other.at < at : other.at <= at));
}
