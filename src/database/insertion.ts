import type { Knex } from 'knex';

/** Ids, both ends included. */
interface IdRange {
  readonly from: number;
  readonly to: number;
}

/**
 * How far a table is read in the order in which its rows were inserted, whatever times stand in them: all ids up to `last`
 * but for those of `open`. MariaDB gives an id when a row is inserted, and shows the row when its transaction ends: a
 * higher one can be seen before a lower one.
 */
export interface Position {
  readonly last: number;
  /** Ascending; ids that nobody has seen yet, and that a transaction under way may still bring. */
  readonly open: readonly IdRange[];
}

/** Ids that lead nowhere are left behind by every insert of a row that was there already; so many holes are watched, the newest. */
const MOST_OPEN = 64;
/** Where nobody has read before, holes are looked for among so many of the newest ids. */
const LOOK_BACK = 256;

/** Where the table ends now. */
export async function endOfTable(knex: Knex, table: string): Promise<Position> {
  const ids = await idsOf(knex(table).select('id').orderBy('id', 'desc').limit(LOOK_BACK));
  const [last = 0] = ids;
  // Below the first row of a short table there may be a hole, too.
  const before = ids.length < LOOK_BACK ? 0 : (ids.at(-1) ?? 0) - 1;
  return { last, open: holesBetween(ids.reverse(), before).slice(-MOST_OPEN) };
}

/** `position`, watching also the holes of an earlier one that `ids` did not fill. */
export function watchingAlso(position: Position, earlier: Position, ids: readonly number[]): Position {
  const holes = without(earlier.open, ids).filter((hole) => hole.to <= position.last && !position.open.some(({ from, to }) => from <= hole.to && hole.from <= to));
  return holes.length === 0 ? position : { ...position, open: [...holes, ...position.open].sort((a, b) => a.from - b.from).slice(-MOST_OPEN) };
}

/** The ids that came since a position, ascending, and the position behind them. More than `most` are left for the next time. */
export async function readOn(knex: Knex, table: string, position: Position, most: number): Promise<{ readonly ids: readonly number[]; readonly position: Position; readonly more: boolean }> {
  const late = position.open.length === 0 ? [] : await idsIn(knex, table, position.open, most);
  const fresh = await idsOf(knex(table).select('id').where('id', '>', position.last).orderBy('id').limit(most));
  const open = [...without(position.open, late), ...holesBetween(fresh, position.last)].slice(-MOST_OPEN);
  return { ids: [...late, ...fresh], position: { last: fresh.at(-1) ?? position.last, open }, more: fresh.length === most };
}

/** The ids that a reader at `to` has seen and one at `from` has not, ascending; null for more than `most`. */
export async function idsBetween(knex: Knex, table: string, from: Position, to: Position, most: number): Promise<readonly number[] | null> {
  const ranges = [...from.open, ...(to.last > from.last ? [{ from: from.last + 1, to: to.last }] : [])];
  if (ranges.length === 0) return [];
  const ids = await idsIn(knex, table, ranges, most + 1);
  return ids.length > most ? null : ids.filter((id) => !to.open.some((range) => isIn(range, id)));
}

/** As a text of digits, `-` and `.`, for whoever comes back with it. */
export const formatPosition = ({ last, open }: Position): string => [String(last), ...open.map(({ from, to }) => `${from}-${to}`)].join('.');

/** Null for a text that is none. */
export function parsePosition(text: string): Position | null {
  const [last = '', ...open] = text.split('.');
  const ranges = open.map((range) => /^(\d{1,15})-(\d{1,15})$/.exec(range));
  if (!/^\d{1,15}$/.test(last) || ranges.length > MOST_OPEN || ranges.includes(null)) return null;
  return { last: Number(last), open: ranges.flatMap((range) => (range ? [{ from: Number(range[1]), to: Number(range[2]) }] : [])) };
}

const isIn = ({ from, to }: IdRange, id: number): boolean => id >= from && id <= to;

async function idsIn(knex: Knex, table: string, ranges: readonly IdRange[], most: number): Promise<number[]> {
  const query = knex(table).where((any) => {
    for (const { from, to } of ranges) void any.orWhereBetween('id', [from, to]);
  });
  return idsOf(query.select('id').orderBy('id').limit(most));
}

async function idsOf(query: Knex.QueryBuilder): Promise<number[]> {
  return ((await query) as readonly { readonly id: number | string }[]).map(({ id }) => Number(id));
}

/** What is missing between ascending ids, and between `before` and the first of them. */
function holesBetween(ids: readonly number[], before: number): IdRange[] {
  return ids.flatMap((id, index) => {
    const previous = index === 0 ? before : (ids[index - 1] ?? before);
    return id - previous > 1 ? [{ from: previous + 1, to: id - 1 }] : [];
  });
}

function without(ranges: readonly IdRange[], ids: readonly number[]): IdRange[] {
  return ranges.flatMap((range) => {
    const found = ids.filter((id) => isIn(range, id));
    const last = found.at(-1);
    if (last === undefined) return [range];
    const holes = holesBetween(found, range.from - 1);
    return last < range.to ? [...holes, { from: last + 1, to: range.to }] : holes;
  });
}
