import { MICROS_PER_SECOND, type Micros } from '../../time.js';

/** A CONNECT or DISCONNECT of one stream socket; in truth they alternate. */
export interface Boundary {
  readonly at: Micros;
  readonly event: string;
}

/** Two listeners tell of one happening within so much time: a poll, or a busy PBX. */
export const SAME_HAPPENING: Micros = 30 * MICROS_PER_SECOND;

/** Whether what stands before and after a row says it already; `before` is undefined where nothing was ever told of the socket. */
export function isTold(row: Boundary, before: Boundary | undefined, after: Boundary | undefined): boolean {
  const isNear = (other: Boundary | undefined): boolean => other !== undefined && Math.abs(other.at - row.at) <= SAME_HAPPENING;
  // One of which nothing was told was closed.
  const isRepeated = (before?.event ?? 'DISCONNECT') === row.event;
  if (isRepeated && isNear(before)) return true;
  // Alike: the same. Unlike: what happened between the one before and this one was told by the one after, as if nothing had happened in between.
  return (after?.event === row.event || isRepeated) && isNear(after);
}
