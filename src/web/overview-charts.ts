import type { Disposition } from '../logs/cdr/columns.js';
import { answerSeizureRatio, averageDuration } from '../logs/statistics/calls.js';
import { toMs } from '../time.js';
import { secondsText, type TimeText } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { hourLabels, type HourLabel } from './overview-hours.js';
import { listHref } from './overview-text.js';
import type { Overview, OverviewHour } from './overview.js';
import { mark } from './texts/mark.js';

interface ChartCell {
  readonly text: string;
  /** What it says, where that is a duration. */
  readonly time?: TimeText;
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
  /** What a pointer held over it tells. */
  readonly saysTitle?: string;
  readonly legend: readonly { readonly key: string; readonly title: string; readonly total: string; readonly href: string | null }[];
  readonly tableTitle: string;
  readonly heads: readonly { readonly title: string; readonly key: string | null }[];
  readonly rows: readonly ChartRow[];
  /** How exact it is. */
  readonly note: string;
}

/** In the order in which they are stacked. */
const SERIES: readonly { readonly key: string; readonly word: Disposition; readonly title: string }[] = [
  { key: 'answered', word: 'ANSWERED', title: mark('Answered') },
  { key: 'no-answer', word: 'NO_ANSWER', title: mark('No answer') },
  { key: 'busy', word: 'BUSY', title: mark('Busy') },
  { key: 'failed', word: 'FAILED', title: mark('Failed') },
  { key: 'unknown', word: 'UNKNOWN', title: mark('Unknown') },
];

/** All charts. `tz` is the zone where the page's address names it. */
export function chartsOf(overview: Overview, tz: string | null, language: Language): ChartView[] {
  const labels = hourLabels(overview.hours, overview.zone, overview.range.name === '24h' ? 'hours' : 'days', language);
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
  const parts = { overview, tz, language, rows, nameOf };
  return [callsChart(parts), accountsChart(parts), ratioChart(parts), durationChart(parts)];
}

interface Parts {
  readonly overview: Overview;
  readonly tz: string | null;
  readonly language: Language;
  readonly rows: (fill: (hour: OverviewHour) => Pick<ChartRow, 'bars' | 'cells'> & Partial<Pick<ChartRow, 'href'>>) => ChartRow[];
  readonly nameOf: (hour: OverviewHour) => string;
}

function callsChart({ overview: { calls, hours, busiest, range }, tz, language: { t, count }, rows, nameOf }: Parts): ChartView {
  const most = busiest?.calls.total ?? 1;
  // A word that no Asterisk says is shown only where one did say it.
  const series = SERIES.filter(({ word }) => word !== 'UNKNOWN' || calls.byDisposition.UNKNOWN > 0).map((one) => ({ ...one, title: t(one.title) }));
  const says = (busy: OverviewHour): string => {
    const values = { calls: t('{{count}} calls', { count: calls.total }), hour: nameOf(busy), most: busy.calls.total };
    return busy.running ? t('{{calls}}; the busiest hour was {{hour}} with {{most}} so far.', values) : t('{{calls}}; the busiest hour was {{hour}} with {{most}}.', values);
  };
  const unheard = hours.some(({ unknown }) => unknown > 0);
  return {
    kind: 'calls',
    title: t('Calls an hour'),
    says: busiest ? says(busiest) : t('No call in this time.'),
    legend: series.map(({ key, word, title }) => ({ key, title, total: count(calls.byDisposition[word]), href: listHref('cdrs', { disposition: word }, range, tz) })),
    tableTitle: t('Calls, hour by hour'),
    heads: [{ title: t('Calls'), key: null }, ...series],
    rows: rows((hour) => {
      const counts = series.map(({ key, word }) => ({ key, value: hour.calls.byDisposition[word] }));
      return {
        href: listHref('cdrs', {}, hour, tz),
        bars: stacked(counts, most),
        cells: [{ text: count(hour.calls.total), key: null, value: null }, ...counts.map(({ key, value }) => ({ text: count(value), key, value }))],
      };
    }),
    note: [
      t('Each row of the call log counts, in the hour in which it began; a call of several legs (queue, ring group, transfer) counts with each. The last hour still runs.'),
      ...(unheard ? [t('While the PBX was not heard, calls are missing unless they were recovered.')] : []),
    ].join(' '),
  };
}

function accountsChart({ overview: { accounts, hours }, language: { t, count, duration, list }, rows, nameOf }: Parts): ChartView {
  const known = hours.flatMap((hour) => (hour.onLine ? [{ hour, ...hour.onLine }] : []));
  const low = known.reduce<(typeof known)[number] | null>((best, one) => (best === null || one.fewest < best.fewest ? one : best), null);
  const high = known.reduce<(typeof known)[number] | null>((best, one) => (best === null || one.most > best.most ? one : best), null);
  const blank = hours.some(({ unknown }) => unknown > 0);
  const now = accounts.onLineNow;
  const says = (): string => {
    if (low === null || high === null) return t('{{now}} on line now; who was before is not known.', { now });
    if (low.fewest === high.most) return t('{{now}} on line now; as many all the time.', { now });
    return t('{{now}} on line now; fewest {{fewest}} ({{quiet}}), most {{most}} ({{busy}}).', { now, fewest: low.fewest, quiet: nameOf(low.hour), most: high.most, busy: nameOf(high.hour) });
  };
  const cellOf = (value: number | undefined, key: string | null): ChartCell => countCell(value, key, count);
  return {
    kind: 'accounts',
    title: t('Accounts on line'),
    says: says(),
    legend: [
      { key: 'most', title: t('Most at once'), total: '', href: null },
      { key: 'fewest', title: t('Fewest at once'), total: '', href: null },
      ...(blank ? [{ key: 'unheard', title: t('Not known: the PBX was not heard'), total: '', href: null }] : []),
    ],
    tableTitle: t('Accounts on line, hour by hour'),
    heads: [{ title: t('Fewest'), key: 'fewest' }, { title: t('Most'), key: 'most' }, { title: t('At its end'), key: null }, ...(blank ? [{ title: t('Not known'), key: null }] : [])],
    rows: rows(({ onLine, unknown }) => ({
      bars: onLine ? stacked([{ key: 'fewest', value: onLine.fewest }, { key: 'most', value: onLine.most - onLine.fewest }], high?.most ?? 1) : [],
      cells: [
        cellOf(onLine?.fewest, 'fewest'),
        cellOf(onLine?.most, 'most'),
        cellOf(onLine?.last, null),
        ...(blank ? [{ text: unknown > 0 ? duration(unknown) : '', key: null, value: null }] : []),
      ],
    })),
    note: [
      t('Put together from the registrations in SIP Sessions and from who is on line now: to the second while the PBX was heard; what changed while it was not shows when it was heard again.'),
      ...(accounts.pbxsLeftOut.length > 0 ? [t('Not heard at all in this time, and left out: {{names}}.', { names: list(accounts.pbxsLeftOut.map(visible)) })] : []),
    ].join(' '),
  };
}

function ratioChart({ overview: { calls, hours }, language: { t, count, percent }, rows, nameOf }: Parts): ChartView {
  const ratio = answerSeizureRatio(calls);
  const says = (share: number): string => {
    const values = { ratio: percent(share) };
    if (lowest === null) return t('{{ratio}} of all calls were answered.', values);
    return t('{{ratio}} of all calls were answered; of hours with {{enough}} calls or more the lowest was {{hour}} with {{lowest}}.', { ...values, enough: ENOUGH_CALLS, hour: nameOf(lowest.hour), lowest: percent(lowest.ratio) });
  };
  const cellOf = (value: number | undefined, key: string | null): ChartCell => countCell(value, key, count);
  const lowest = lowestRatio(hours);
  return {
    kind: 'asr',
    title: t('Answer-seizure ratio'),
    says: ratio === null ? t('No call in this time.') : says(ratio),
    legend: [],
    tableTitle: t('Answer-seizure ratio, hour by hour'),
    heads: [{ title: t('Calls'), key: null }, { title: t('Answered'), key: null }, { title: 'ASR', key: 'asr' }],
    rows: rows(({ calls: own }) => {
      const value = answerSeizureRatio(own);
      return {
        bars: value === null ? [] : stacked([{ key: 'asr', value }], 1),
        cells: [cellOf(own.total, null), cellOf(own.byDisposition.ANSWERED, null), { text: value === null ? '–' : percent(value), key: 'asr', value: value === null ? null : Math.round(value * 1_000) / 10 }],
      };
    }),
    note: t('ASR: answered legs of all that were tried; a queue that rings five phones tries five. An hour without a call has none.'),
  };
}

function durationChart({ overview: { calls, hours }, language, rows }: Parts): ChartView {
  const { t, count } = language;
  const cellOf = (value: number | undefined, key: string | null): ChartCell => countCell(value, key, count);
  const seconds = averageDuration(calls);
  const length = seconds === null ? null : secondsText(Math.round(seconds), language);
  const longest = Math.max(1, ...hours.map((hour) => averageDuration(hour.calls) ?? 0));
  return {
    kind: 'acd',
    title: t('Average duration'),
    says: length === null ? t('No answered call in this time.') : t('An answered call lasted {{duration}} on average.', { duration: length.text }),
    ...(length === null ? {} : { saysTitle: length.title }),
    legend: [],
    tableTitle: t('Average duration, hour by hour'),
    heads: [{ title: t('Answered'), key: null }, { title: 'ACD', key: 'acd' }],
    rows: rows(({ calls: own }) => {
      const value = averageDuration(own);
      return {
        bars: value === null ? [] : stacked([{ key: 'acd', value }], longest),
        cells: [cellOf(own.byDisposition.ANSWERED, null), value === null ? { text: '–', key: 'acd', value } : { text: '', time: secondsText(Math.round(value), language), key: 'acd', value: Math.round(value) }],
      };
    }),
    note: t('ACD: the mean billsec of answered calls, rounded to the second. An hour without an answered call has none.'),
  };
}

const countCell = (value: number | undefined, key: string | null, count: Language['count']): ChartCell => ({ text: value === undefined ? '–' : count(value), key, value: value ?? null });

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
