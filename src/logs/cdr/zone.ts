import type { PbxZone } from '../../ami/input.js';
import { MICROS_PER_SECOND, type Micros } from '../../time.js';

/**
 * The instants at which the PBX's wall clock shows `local`: none in the hour that a spring change
 * skips, two in the hour that an autumn change repeats. `local` is the wall clock read as if it were UTC.
 */
export function instantsOfLocal(zone: PbxZone, local: Micros): Micros[] {
  const { spans } = zone;
  const instants = new Set<Micros>();
  spans.forEach((span, index) => {
    const at = local - span.offsetSeconds * MICROS_PER_SECOND;
    const until = spans[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    // What was before the first span is taken to be like it.
    const from = index === 0 ? Number.NEGATIVE_INFINITY : span.from;
    if (at >= from && at < until) instants.add(at);
  });
  return [...instants].sort((a, b) => a - b);
}

/** The one of several instants that lies nearest to a known one; null when there is none. */
export function nearest(instants: readonly Micros[], to: Micros): Micros | null {
  let best: Micros | null = null;
  for (const at of instants) if (best === null || Math.abs(at - to) < Math.abs(best - to)) best = at;
  return best;
}
