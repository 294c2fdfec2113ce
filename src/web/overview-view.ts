import { answerSeizureRatio, averageDuration } from '../logs/statistics/calls.js';
import { MICROS_PER_SECOND, toMs, type Micros } from '../time.js';
import { secondsText, timeText, type TimeText } from './cells.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { chartsOf, type ChartView } from './overview-charts.js';
import { hourLabels } from './overview-hours.js';
import { gapsTable, refusedView, stateRows, trunkRows, type GapsTable, type RefusedView, type StateRow, type TrunkRow } from './overview-tables.js';
import { listHref } from './overview-text.js';
import { verdictOf, type Verdict } from './overview-verdict.js';
import { RANGES, type Overview, type OverviewHour, type RangeName } from './overview.js';
import { mark } from './texts/mark.js';
import type { ReaderZone } from './zone.js';

/** One value that stands out. */
interface Figure {
  readonly title: string;
  readonly value: string;
  /** The value, where it is a duration. */
  readonly time?: TimeText;
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
  /** What the page's script says: JSON, by name. */
  readonly texts: string;
  readonly trunks: readonly TrunkRow[];
  readonly refused: RefusedView;
  readonly states: readonly StateRow[];
  readonly gaps: GapsTable;
  readonly runs: readonly { readonly job: string; readonly at: TimeText; readonly took: string; readonly result: string }[];
}

const RANGE_TITLES: Readonly<Record<RangeName, string>> = { '24h': mark('Last 24 hours'), '7d': mark('Last 7 days') };

/** What the page shows. `tz` is the zone where the address names it. */
export function overviewView(overview: Overview, tz: string | null, pbxName: string, language: Language): OverviewView {
  const { t, said, decimal } = language;
  const { range, zone, accounts, calls, trunks, refused, runs } = overview;
  const time = (at: Micros): TimeText => shortTime(at, overview, language);
  return {
    ranges: RANGES.map((name) => ({ title: t(RANGE_TITLES[name]), href: overviewHref(name, tz), current: name === range.name })),
    from: fullTime(range.from, zone),
    asOf: fullTime(range.asOf, zone),
    verdict: verdictOf(overview, language),
    empty: accounts.known === 0 && calls.total === 0 && trunks.length === 0 && refused.attempts === 0,
    figures: figuresOf(overview, tz, language),
    charts: chartsOf(overview, tz, language),
    texts: JSON.stringify(scriptTexts(language)),
    unknown: JSON.stringify(accounts.unknown.map(({ from, to }) => [toMs(from), toMs(to)])),
    trunks: trunkRows(overview, time, language),
    refused: refusedView(overview, tz, time, language),
    states: stateRows(overview, pbxName, time, language),
    gaps: gapsTable(overview, pbxName, tz, time, language),
    runs: runs.map(({ job, startedAt, finishedAt, result }) => ({ job: visible(job), at: time(finishedAt), took: `${decimal((finishedAt - startedAt) / MICROS_PER_SECOND, 1)} s`, result: visible(said(result)) })),
  };
}

const fullTime = (at: Micros, zone: ReaderZone): TimeText => ({ ...timeText(at, zone, { type: 'instant' }), fraction: '' });

/** `29 Oct 17:12`; the whole of it is what a pointer held over it tells. */
function shortTime(at: Micros, { zone, range }: Overview, { shortDate }: Language): TimeText {
  const full = fullTime(at, zone);
  const { date, clock } = zone.local(at);
  const year = date.slice(0, 4);
  const day = shortDate(date).replace(/^\S+ /, '');
  return { ...full, text: `${day}${zone.local(range.asOf).date.startsWith(year) ? '' : ` ${year}`} ${clock.slice(0, 5)}`, title: `${full.text} ${zone.name} · ${full.title}` };
}

function overviewHref(name: RangeName, tz: string | null): string {
  const parameters = new URLSearchParams({ ...(name === '24h' ? {} : { range: name }), ...(tz === null ? {} : { tz }) }).toString();
  return parameters === '' ? '/overview' : `/overview?${parameters}`;
}

function figuresOf({ accounts, calls, busiest, refused, range, zone }: Overview, tz: string | null, language: Language): Figure[] {
  const { t, count, percent } = language;
  const { attempts, addressCount } = refused;
  const ratio = answerSeizureRatio(calls);
  const seconds = averageDuration(calls);
  const [peak] = busiest ? hourLabels([busiest], zone, 'hours', language) : [];
  return [
    { title: t('Accounts on line'), value: count(accounts.onLineNow), note: t('of {{known}} ever seen', { known: accounts.known }), href: '/registered-accounts' },
    { title: t('Calls'), value: count(calls.total), note: t('each leg counts'), href: listHref('cdrs', {}, range, tz) },
    {
      title: t('Answered (ASR)'),
      value: ratio === null ? '–' : percent(ratio),
      note: ratio === null ? t('no call yet') : t('{{answered}} of {{all}}', { answered: calls.byDisposition.ANSWERED, all: calls.total }),
      href: null,
    },
    { title: t('Average duration (ACD)'), value: '–', ...(seconds === null ? {} : { time: secondsText(Math.round(seconds), language) }), note: t('of answered calls'), href: null },
    { title: t('Busiest hour'), value: peak?.clock ?? '–', note: busiest && peak ? busiestNote(peak.date, busiest, language) : t('no call yet'), href: busiest ? listHref('cdrs', {}, busiest, tz) : null },
    {
      title: t('Refused registrations'),
      value: count(attempts),
      note: attempts === 0 ? t('no attempt') : t('from {{count}} addresses', { count: addressCount }),
      href: attempts === 0 ? null : '#refused',
    },
  ];
}

function busiestNote(date: string, { calls, running }: OverviewHour, { t }: Language): string {
  const values = { date, calls: t('{{count}} calls', { count: calls.total }) };
  return running ? t('{{date}}, {{calls}} so far', values) : t('{{date}}, {{calls}}', values);
}

const scriptTexts = ({ t }: Language): Readonly<Record<string, string>> => ({
  looks: t('Looks again every minute'),
  paused: t('Paused'),
  pause: t('Pause'),
  goOn: t('Go on'),
  signedOut: t('Signed out: load the page again'),
  noAnswer: t('No answer from Logbook; tries again'),
  away: t('Logbook cannot be reached; tries again'),
});
