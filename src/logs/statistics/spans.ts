import type { Micros } from '../../time.js';

/** A stretch of time, half-open: `from <= time < to`. */
export interface Span {
  readonly from: Micros;
  readonly to: Micros;
}

/** The part of each span that lies in `[from, to)`; what lies outside goes. */
export const within = (spans: readonly Span[], { from, to }: Span): Span[] =>
  spans.map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) })).filter((span) => span.from < span.to);

/** The same stretches without overlaps, in order; those that touch become one. */
export function union(spans: readonly Span[]): Span[] {
  const joined: { from: Micros; to: Micros }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (to <= from) continue;
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** What is left of `whole` when the spans are taken out of it, in order. */
export function without(whole: Span, spans: readonly Span[]): Span[] {
  const left: Span[] = [];
  let reach = whole.from;
  for (const { from, to } of union(within(spans, whole))) {
    if (from > reach) left.push({ from: reach, to: from });
    reach = to;
  }
  if (reach < whole.to) left.push({ from: reach, to: whole.to });
  return left;
}

export const lengthOf = (spans: readonly Span[]): Micros => union(spans).reduce((sum, { from, to }) => sum + to - from, 0);
