import type { Disposition } from '../logs/cdr/columns.js';
import { answerSeizureRatio, averageDuration } from '../logs/statistics/calls.js';
import { toMs } from '../time.js';
import { durationText, formatCount, formatSeconds, visible } from './display-text.js';
import { hourLabels, type HourLabel } from './overview-hours.js';
import { listHref, many, percent } from './overview-text.js';
import type { Overview, OverviewHour } from './overview.js';

interface ChartCell {
  readonly text: string;
  /** Which line or bar of the chart it belongs to; null where it is of none. */
  readonly key: string | null;
  /** As the chart draws it; null where there is nothing to draw. */
  readonly value: number | null;
}

interface ChartRow extends HourLabel {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly running: boolean;
  readonly href: string | null;
  /** The row's own picture; places in percent of the longest. */
  readonly bars: readonly { readonly key: string; readonly left: number; readonly width: number }[];
  readonly cells: readonly ChartCell[];
}

/** A chart, what it shows in words, and the table behind it, from which the browser draws it. */
export interface ChartView {
  /** Also how it is drawn: `assets/overview.js` knows these. */
  readonly kind: 'calls' | 'accounts' | 'asr' | 'acd';
  readonly title: string;
  readonly says: string;
  readonly legend: readonly { readonly key: string; readonly title: string; readonly total: string; readonly href: string | null }[];
  readonly tableTitle: string;
  readonly heads: readonly { readonly title: string; readonly key: string | null }[];
  readonly rows: readonly ChartRow[];
  /** How exact it is. */
  readonly note: string;
}

/** In the order in which they are stacked. */
const SERIES: readonly { readonly key: string; readonly word: Disposition; readonly title: string }[] = [
  { key: 'answered', word: 'ANSWERED', title: 'Answered' },
  { key: 'no-answer', word: 'NO_ANSWER', title: 'No answer' },
  { key: 'busy', word: 'BUSY', title: 'Busy' },
  { key: 'failed', word: 'FAILED', title: 'Failed' },
  { key: 'unknown', word: 'UNKNOWN', title: 'Unknown' },
];

/** All charts. `tz` is the zone where the page's address names it. */
export function chartsOf(overview: Overview, tz: string | null): ChartView[] {
  const labels = hourLabels(overview.hours, overview.zone, overview.range.name === '24h' ? 'hours' : 'days');
  const nameOf = (hour: OverviewHour): string => {
    const label = labels[overview.hours.indexOf(hour)];
    return label ? `${label.date} ${label.clock}` : '';
  };
  const rows = (fill: (hour: OverviewHour) => Pick<ChartRow, 'bars' | 'cells'> & Partial<Pick<ChartRow, 'href'>>): ChartRow[] =>
    overview.hours.map((hour, index) => ({
      ...(labels[index] ?? { date: '', clock: '', tick: '' }),
      from: toMs(hour.from),
      to: toMs(hour.to),
      running: hour.running,
      href: null,
      ...fill(hour),
    }));
  const parts = { overview, tz, rows, nameOf };
  return [callsChart(parts), accountsChart(parts), ratioChart(parts), durationChart(parts)];
}

interface Parts {
  readonly overview: Overview;
  readonly tz: string | null;
  readonly rows: (fill: (hour: OverviewHour) => Pick<ChartRow, 'bars' | 'cells'> & Partial<Pick<ChartRow, 'href'>>) => ChartRow[];
  readonly nameOf: (hour: OverviewHour) => string;
}

function callsChart({ overview: { calls, hours, busiest, range }, tz, rows, nameOf }: Parts): ChartView {
  const most = busiest?.calls.total ?? 1;
  // A word that no Asterisk says is shown only where one did say it.
  const series = SERIES.filter(({ word }) => word !== 'UNKNOWN' || calls.byDisposition.UNKNOWN > 0);
  return {
    kind: 'calls',
    title: 'Calls an hour',
    says: busiest ? `${many(calls.total, 'call')}; the busiest hour was ${nameOf(busiest)} with ${formatCount(busiest.calls.total)}${busiest.running ? ' so far' : ''}.` : 'No call in this time.',
    legend: series.map(({ key, word, title }) => ({ key, title, total: formatCount(calls.byDisposition[word]), href: listHref('cdrs', { disposition: word }, range, tz) })),
    tableTitle: 'Calls, hour by hour',
    heads: [{ title: 'Calls', key: null }, ...series],
    rows: rows((hour) => {
      const counts = series.map(({ key, word }) => ({ key, value: hour.calls.byDisposition[word] }));
      return {
        href: listHref('cdrs', {}, hour, tz),
        bars: stacked(counts, most),
        cells: [{ text: formatCount(hour.calls.total), key: null, value: null }, ...counts.map(({ key, value }) => ({ text: formatCount(value), key, value }))],
      };
    }),
    note: `Each row of the call log counts, in the hour in which it began; a call of several legs (queue, ring group, transfer) counts with each. The last hour still runs.${hours.some(({ unknown }) => unknown > 0) ? ' While the PBX was not heard, calls are missing unless they were recovered.' : ''}`,
  };
}

function accountsChart({ overview: { accounts, hours }, rows, nameOf }: Parts): ChartView {
  const known = hours.flatMap((hour) => (hour.onLine ? [{ hour, ...hour.onLine }] : []));
  const low = known.reduce<(typeof known)[number] | null>((best, one) => (best === null || one.fewest < best.fewest ? one : best), null);
  const high = known.reduce<(typeof known)[number] | null>((best, one) => (best === null || one.most > best.most ? one : best), null);
  const blank = hours.some(({ unknown }) => unknown > 0);
  const before =
    low === null || high === null ? 'who was before is not known' : low.fewest === high.most ? 'as many all the time' : `fewest ${formatCount(low.fewest)} (${nameOf(low.hour)}), most ${formatCount(high.most)} (${nameOf(high.hour)})`;
  const leftOut = accounts.pbxsLeftOut.length > 0 ? ` Not heard at all in this time, and left out: ${accounts.pbxsLeftOut.map(visible).join(', ')}.` : '';
  return {
    kind: 'accounts',
    title: 'Accounts on line',
    says: `${formatCount(accounts.onLineNow)} on line now; ${before}.`,
    legend: [
      { key: 'most', title: 'Most at once', total: '', href: null },
      { key: 'fewest', title: 'Fewest at once', total: '', href: null },
      ...(blank ? [{ key: 'unheard', title: 'Not known: the PBX was not heard', total: '', href: null }] : []),
    ],
    tableTitle: 'Accounts on line, hour by hour',
    heads: [{ title: 'Fewest', key: 'fewest' }, { title: 'Most', key: 'most' }, { title: 'At its end', key: null }, ...(blank ? [{ title: 'Not known', key: null }] : [])],
    rows: rows(({ onLine, unknown }) => ({
      bars: onLine ? stacked([{ key: 'fewest', value: onLine.fewest }, { key: 'most', value: onLine.most - onLine.fewest }], high?.most ?? 1) : [],
      cells: [
        cellOf(onLine?.fewest, 'fewest'),
        cellOf(onLine?.most, 'most'),
        cellOf(onLine?.last, null),
        ...(blank ? [{ text: unknown > 0 ? durationText(unknown) : '', key: null, value: null }] : []),
      ],
    })),
    note: `Put together from the registrations in SIP Sessions and from who is on line now: to the second while the PBX was heard; what changed while it was not shows when it was heard again.${leftOut}`,
  };
}

function ratioChart({ overview: { calls, hours }, rows, nameOf }: Parts): ChartView {
  const ratio = answerSeizureRatio(calls);
  const lowest = lowestRatio(hours);
  return {
    kind: 'asr',
    title: 'Answer-seizure ratio',
    says:
      ratio === null
        ? 'No call in this time.'
        : `${percent(ratio)} of all calls were answered${lowest ? `; of hours with ${ENOUGH_CALLS} calls or more the lowest was ${nameOf(lowest.hour)} with ${percent(lowest.ratio)}` : ''}.`,
    legend: [],
    tableTitle: 'Answer-seizure ratio, hour by hour',
    heads: [{ title: 'Calls', key: null }, { title: 'Answered', key: null }, { title: 'ASR', key: 'asr' }],
    rows: rows(({ calls: own }) => {
      const value = answerSeizureRatio(own);
      return {
        bars: value === null ? [] : stacked([{ key: 'asr', value }], 1),
        cells: [cellOf(own.total, null), cellOf(own.byDisposition.ANSWERED, null), { text: value === null ? '–' : percent(value), key: 'asr', value: value === null ? null : Math.round(value * 1_000) / 10 }],
      };
    }),
    note: 'ASR: answered calls of all that were tried. An hour without a call has none.',
  };
}

function durationChart({ overview: { calls, hours }, rows }: Parts): ChartView {
  const seconds = averageDuration(calls);
  const longest = Math.max(1, ...hours.map((hour) => averageDuration(hour.calls) ?? 0));
  return {
    kind: 'acd',
    title: 'Average duration',
    says: seconds === null ? 'No answered call in this time.' : `An answered call lasted ${formatSeconds(Math.round(seconds))} on average.`,
    legend: [],
    tableTitle: 'Average duration, hour by hour',
    heads: [{ title: 'Answered', key: null }, { title: 'ACD', key: 'acd' }],
    rows: rows(({ calls: own }) => {
      const value = averageDuration(own);
      return {
        bars: value === null ? [] : stacked([{ key: 'acd', value }], longest),
        cells: [cellOf(own.byDisposition.ANSWERED, null), { text: value === null ? '–' : formatSeconds(Math.round(value)), key: 'acd', value: value === null ? null : Math.round(value) }],
      };
    }),
    note: 'ACD: the mean billsec of answered calls, rounded to the second. An hour without an answered call has none.',
  };
}

const cellOf = (value: number | undefined, key: string | null): ChartCell => ({ text: value === undefined ? '–' : formatCount(value), key, value: value ?? null });

function stacked(values: readonly { readonly key: string; readonly value: number }[], most: number): ChartRow['bars'] {
  const share = (value: number): number => Math.round((value / Math.max(most, Number.MIN_VALUE)) * 10_000) / 100;
  let before = 0;
  return values.map(({ key, value }) => {
    const bar = { key, left: share(before), width: share(value) };
    before += value;
    return bar;
  });
}

/** Of fewer a ratio says little. */
const ENOUGH_CALLS = 10;

/** The hour with enough calls of which the smallest part was answered; null unless such hours differ. */
function lowestRatio(hours: readonly OverviewHour[]): { readonly hour: OverviewHour; readonly ratio: number } | null {
  const rated = hours.filter(({ calls }) => calls.total >= ENOUGH_CALLS).map((hour) => ({ hour, ratio: answerSeizureRatio(hour.calls) ?? 0 }));
  const lowest = rated.reduce<(typeof rated)[number] | null>((best, one) => (best === null || one.ratio < best.ratio ? one : best), null);
  return lowest !== null && rated.some(({ ratio }) => ratio > lowest.ratio) ? lowest : null;
}
