/** One measured number, and what it could be at best on the same machine in the same run. */
export interface Figure {
  readonly what: string;
  readonly database: 'MariaDB' | 'SQLite' | '-';
  readonly value: number;
  readonly unit: 'rows/s' | 'events/s' | 'ms' | 's' | 'MB' | 'rows' | '×';
  /** The limit and what it is; null where a figure has only a target. */
  readonly limit: { readonly value: number; readonly is: string } | null;
  readonly target: Target;
}

/** `of limit`: value divided by limit; `value`: as it is. Nothing is asserted: the table says whether it was met. */
export interface Target {
  readonly measure: 'of limit' | 'value';
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

export const ofLimit = (bound: Target['bound'], value: number): Target => ({ measure: 'of limit', bound, value });
export const itself = (bound: Target['bound'], value: number): Target => ({ measure: 'value', bound, value });

export const ratioOf = ({ value, limit }: Figure): number | null => (limit === null || limit.value === 0 ? null : value / limit.value);

export function isMet(figure: Figure): boolean {
  const measured = figure.target.measure === 'value' ? figure.value : (ratioOf(figure) ?? Number.NaN);
  return figure.target.bound === 'at least' ? measured >= figure.target.value : measured <= figure.target.value;
}

/** The value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const keyOf = ({ what, database }: Figure): string => `${what} (${database})`;
