import { answerSeizureRatio, averageDuration } from '../logs/statistics/calls.js';
import { MICROS_PER_SECOND, toMs, type Micros } from '../time.js';
import { timeText, type TimeText } from './cells.js';
import { formatCount, formatSeconds, visible } from './display-text.js';
import { chartsOf, type ChartView } from './overview-charts.js';
import { hourLabels, shortDate } from './overview-hours.js';
import { gapsTable, refusedView, stateRows, trunkRows, type GapsTable, type RefusedView, type StateRow, type TrunkRow } from './overview-tables.js';
import { listHref, many, percent } from './overview-text.js';
import { verdictOf, type Verdict } from './overview-verdict.js';
import { RANGES, type Overview, type RangeName } from './overview.js';
import type { ReaderZone } from './zone.js';

/** One value that stands out. */
interface Figure {
  readonly title: string;
  readonly value: string;
  /** Said beneath, quietly. */
  readonly note: string;
  readonly href: string | null;
}

/** All that the template shows. */
export interface OverviewView {
  readonly ranges: readonly { readonly title: string; readonly href: string; readonly current: boolean }[];
  readonly from: TimeText;
  readonly asOf: TimeText;
  readonly verdict: Verdict;
  /** Nothing at all is recorded yet. */
  readonly empty: boolean;
  readonly figures: readonly Figure[];
  readonly charts: readonly ChartView[];
  /** What the charts leave blank: JSON, `[from, to]` in milliseconds each. */
  readonly unknown: string;
  readonly trunks: readonly TrunkRow[];
  readonly refused: RefusedView;
  readonly states: readonly StateRow[];
  readonly gaps: GapsTable;
  readonly runs: readonly { readonly job: string; readonly at: TimeText; readonly took: string; readonly result: string }[];
}

const RANGE_TITLES: Readonly<Record<RangeName, string>> = { '24h': 'Last 24 hours', '7d': 'Last 7 days' };

/** What the page shows. `tz` is the zone where the address names it. */
export function overviewView(overview: Overview, tz: string | null, pbxName: string): OverviewView {
  const { range, zone, accounts, calls, trunks, refused, runs } = overview;
  const time = (at: Micros): TimeText => shortTime(at, overview);
  return {
    ranges: RANGES.map((name) => ({ title: RANGE_TITLES[name], href: overviewHref(name, tz), current: name === range.name })),
    from: fullTime(range.from, zone),
    asOf: fullTime(range.asOf, zone),
    verdict: verdictOf(overview),
    empty: accounts.known === 0 && calls.total === 0 && trunks.length === 0 && refused.attempts === 0,
    figures: figuresOf(overview, tz),
    charts: chartsOf(overview, tz),
    unknown: JSON.stringify(accounts.unknown.map(({ from, to }) => [toMs(from), toMs(to)])),
    trunks: trunkRows(overview, time),
    refused: refusedView(overview, tz, time),
    states: stateRows(overview, pbxName),
    gaps: gapsTable(overview, pbxName, tz, time),
    runs: runs.map(({ job, startedAt, finishedAt, result }) => ({ job: visible(job), at: time(finishedAt), took: `${((finishedAt - startedAt) / MICROS_PER_SECOND).toFixed(1)} s`, result: visible(result) })),
  };
}

const fullTime = (at: Micros, zone: ReaderZone): TimeText => ({ ...timeText(at, zone, { type: 'instant' }), fraction: '' });

/** `29 Oct 17:12`; the whole of it is what a pointer held over it tells. */
function shortTime(at: Micros, { zone, range }: Overview): TimeText {
  const full = fullTime(at, zone);
  const { date, clock } = zone.local(at);
  const year = date.slice(0, 4);
  const day = shortDate(date).replace(/^\w+ /, '');
  return { ...full, text: `${day}${zone.local(range.asOf).date.startsWith(year) ? '' : ` ${year}`} ${clock.slice(0, 5)}`, title: `${full.text} ${zone.name} · ${full.title}` };
}

function overviewHref(name: RangeName, tz: string | null): string {
  const parameters = new URLSearchParams({ ...(name === '24h' ? {} : { range: name }), ...(tz === null ? {} : { tz }) }).toString();
  return parameters === '' ? '/overview' : `/overview?${parameters}`;
}

function figuresOf({ accounts, calls, busiest, refused, range, zone }: Overview, tz: string | null): Figure[] {
  const { attempts, addressCount } = refused;
  const ratio = answerSeizureRatio(calls);
  const seconds = averageDuration(calls);
  const [peak] = busiest ? hourLabels([busiest], zone, 'hours') : [];
  return [
    { title: 'Accounts on line', value: formatCount(accounts.onLineNow), note: `of ${formatCount(accounts.known)} ever seen`, href: '/registered-accounts' },
    { title: 'Calls', value: formatCount(calls.total), note: 'each leg counts', href: listHref('cdrs', {}, range, tz) },
    { title: 'Answered (ASR)', value: ratio === null ? '–' : percent(ratio), note: ratio === null ? 'no call yet' : `${formatCount(calls.byDisposition.ANSWERED)} of ${formatCount(calls.total)}`, href: null },
    { title: 'Average duration (ACD)', value: seconds === null ? '–' : formatSeconds(Math.round(seconds)), note: 'of answered calls', href: null },
    { title: 'Busiest hour', value: peak?.clock ?? '–', note: busiest && peak ? `${peak.date}, ${many(busiest.calls.total, 'call')}${busiest.running ? ' so far' : ''}` : 'no call yet', href: busiest ? listHref('cdrs', {}, busiest, tz) : null },
    { title: 'Refused registrations', value: formatCount(attempts), note: attempts === 0 ? 'no attempt' : `from ${many(addressCount, 'address', 'addresses')}`, href: attempts === 0 ? null : '#refused' },
  ];
}
