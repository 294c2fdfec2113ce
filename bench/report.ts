import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { isMet, keyOf, ofLimit, ratioOf, type Figure } from './figure.js';

export interface Run {
  readonly at: string;
  readonly rows: number;
  readonly machine: string;
  readonly figures: readonly Figure[];
}

/** From the one run to the next, what others do on the machine moves figures as far as this. */
const NOISE = 1.25;
/** What more rows are compared with. */
const BASE_ROWS = 1_000_000;
const RESULTS = join(import.meta.dirname, '../../bench/results');

/** The run of so many rows that was kept last. */
export function lastRun(rows: number): Run | null {
  const file = fileOf(rows);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Run) : null;
}

const fileOf = (rows: number): string => join(RESULTS, `${rows}.json`);

/** The kept run of fewer rows that a run of so many is compared with; null for one of no more rows itself. */
export const baseRun = (rows: number): Run | null => (rows > BASE_ROWS ? lastRun(BASE_ROWS) : null);

/** How the times that one in a hundred exceeds grew from a run of fewer rows: as many figures as both have. */
export function growth(base: Run | null, figures: readonly Figure[]): Figure[] {
  const before = new Map(base?.figures.map((figure) => [keyOf(figure), figure]));
  return figures.flatMap((figure): Figure[] => {
    const old = before.get(keyOf(figure));
    if (!old || !figure.what.endsWith(', p99')) return [];
    return [{ ...figure, what: `${figure.what}, grown`, limit: { value: old.value, is: `with ${base?.rows ?? 0} rows, ${base?.at.slice(0, 10) ?? ''}` }, target: ofLimit('at most', 1.3) }];
  });
}

/** The figures as text, and in bench/results where they are to be kept. */
export function reportOn(rows: number, figures: readonly Figure[], last: Run | null, keep: boolean): string {
  const run: Run = { at: new Date().toISOString(), rows, machine: `${cpus().length} × ${cpus()[0]?.model ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GB`, figures };
  const text = [`${rows} calls and as many session events; ${run.machine}; Node ${process.version}`, '', ...table(figures), '', ...(last === null ? ['No run to compare with.'] : comparison(last, figures))].join('\n');
  if (keep) {
    mkdirSync(RESULTS, { recursive: true });
    // What was not measured this time stays as it was.
    const names = new Set(figures.map(keyOf));
    const kept = (last?.figures ?? []).filter((figure) => !names.has(keyOf(figure)));
    const all = [...figures, ...kept].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    writeFileSync(fileOf(rows), `${JSON.stringify({ ...run, figures: all }, null, 1)}\n`);
    writeFileSync(join(RESULTS, `${rows}.txt`), `${[`${rows} calls and as many session events; ${run.machine}; Node ${process.version}; ${run.at}`, '', ...table(all)].join('\n')}\n`);
  }
  return text;
}

function table(figures: readonly Figure[]): string[] {
  const lines = figures.map((figure) => {
    const { what, database, value, unit, limit, target } = figure;
    const ratio = ratioOf(figure);
    return [
      what, database, `${amount(value)} ${unit}`, limit === null ? '' : `${amount(limit.value)} (${limit.is})`, ratio === null ? '' : ratio.toFixed(2),
      `${target.bound} ${amount(target.value)}${target.measure === 'value' ? ` ${unit}` : ' of limit'}`, verdictOf(figure),
    ];
  });
  const all = [['what', 'database', 'figure', 'limit in this run', 'ratio', 'target', ''], ...lines];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  return all.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

/** Against a peer it is a race. */
const verdictOf = (figure: Figure): string => (figure.what.startsWith('against a peer') ? (isMet(figure) ? 'ahead' : 'BEHIND') : isMet(figure) ? 'met' : 'NOT MET');

function comparison(last: Run, figures: readonly Figure[]): string[] {
  const before = new Map(last.figures.map((figure) => [keyOf(figure), figure]));
  const worse = figures.flatMap((figure) => {
    const old = before.get(keyOf(figure));
    const [now, then] = [ratioOf(figure) ?? figure.value, old === undefined ? null : (ratioOf(old) ?? old.value)];
    if (then === null) return [];
    const factor = figure.target.bound === 'at most' ? now / then : then / now;
    return factor > NOISE ? [`  ${keyOf(figure)}: ${amount(then)} -> ${amount(now)}`] : [];
  });
  const both = figures.filter((figure) => before.has(keyOf(figure))).length;
  return [`Against the run of ${last.at}, ${both} figures of it:${worse.length === 0 ? ' nothing got worse.' : ' got worse:'}`, ...worse];
}

export const amount = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en-US') : value >= 10 ? value.toFixed(1) : value.toFixed(2));
