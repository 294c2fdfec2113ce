import { choicesOf, type LogDefinition } from '../logs/columns.js';
import { RANGES, type RangeName } from '../logs/list-query.js';
import { isSearchable } from '../logs/search.js';
import { fromMs, toIso, type Micros } from '../time.js';
import { visible } from './display-text.js';
import type { Language } from './language.js';
import { listedColumns } from './list-columns.js';
import { EXACT, FORM_RANGE, formTime, isFiltered, listingHref, unfiltered, withQuery, type ListingRequest } from './listing-query.js';
import { RANGE_TITLES, rangeDays } from './quick-range.js';
import { mark } from './texts/mark.js';
import type { ReaderZone } from './zone.js';

export interface FilterField {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly kind: 'datetime' | 'choice' | 'text';
  readonly choices: readonly string[];
  /** Of a column that the list does not show by itself. */
  readonly rare: boolean;
  /** What is wrong with what was asked of it, null where nothing is. */
  readonly problem: string | null;
}

/** A filter that holds, and the list without it. */
export interface Chip {
  readonly label: string;
  readonly value: string;
  readonly removeHref: string;
  readonly removeText: string;
}

/** Something that was asked and cannot be: the rest holds. */
export interface Problem {
  readonly field: string;
  readonly reason: string;
  /** As it was asked. */
  readonly value: string;
}

export interface QuickRange {
  readonly label: string;
  readonly href: string;
  readonly current: boolean;
  /** The days that it is now. */
  readonly days: string;
}

/** All of a list by which it is narrowed down. */
export interface FilterView {
  readonly search: { readonly value: string; readonly hint: string; readonly about: string; readonly problem: string | null } | null;
  /** None for a list that is not about when something happened. */
  readonly ranges: readonly QuickRange[];
  readonly fields: readonly FilterField[];
  /** What the form sends along unseen: order, page size, columns and zone. */
  readonly hidden: readonly { readonly name: string; readonly value: string }[];
  readonly chips: readonly Chip[];
  readonly filtered: boolean;
  readonly clearHref: string;
  readonly problems: readonly { readonly field: string; readonly sentence: string }[];
  /** The list without what cannot be. */
  readonly restHref: string;
}

const SEARCH_HINTS: Readonly<Record<string, string>> = {
  'sip-sessions': mark('Number, name or address'),
  'registered-accounts': mark('Number, name or address'),
  'web-sessions': mark('Name or address'),
  cdrs: mark('Number or name'),
  calls: mark('Number or name'),
};

/** What a browser takes as the value of a field for date and time. */
const FORM_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/;

export function filterView(request: ListingRequest, language: Language, problems: readonly Problem[] = [], now: Micros = fromMs(Date.now())): FilterView {
  const { t, said } = language;
  const { log, query } = request;
  const path = `/${log.name}`;
  const problemOf = (name: string): Problem | undefined => problems.find(({ field }) => field === name);
  const fields = filterFields(request, language).map((field) => {
    const problem = problemOf(field.name);
    return problem ? { ...field, value: field.kind === 'datetime' && !FORM_TIME.test(problem.value) ? '' : problem.value, problem: problem.reason } : field;
  });
  const labels = new Map([...fields.map(({ name, label }) => [name, label] as const), ['search', t('Search')] as const, ['columns', t('Columns')] as const, ['sort', t('Order')] as const]);
  const search = problemOf('search');
  const asShown = (field: string, value: string): string => (field === 'sort' && log.columns[value]?.sortable ? t(log.columns[value].title) : value);
  return {
    search: isSearchable(log) ? { value: search?.value ?? query.search?.text ?? '', hint: t(SEARCH_HINTS[log.name] ?? ''), about: searchAbout(log, language), problem: search?.reason ?? null } : null,
    ranges: log.timeColumn === log.defaultSort ? quickRanges(request, language, now) : [],
    fields,
    hidden: hiddenFields(request),
    chips: chips(request, language),
    filtered: isFiltered(request),
    clearHref: listingHref(path, unfiltered(request)),
    problems: problems.map(({ field, reason, value }) => ({ field, sentence: said(`${labels.get(field) ?? field} “${visible(asShown(field, value))}” ${reason}.`) })),
    restHref: listingHref(path, request),
  };
}

const searchAbout = ({ columns }: LogDefinition, { t }: Language): string =>
  Object.values(columns).some(({ reversedDb }) => reversedDb !== undefined)
    ? t('Finds numbers that begin with it or end with it, and calls of people, or with a caller’s name, of which a word begins with it')
    : t('Finds what begins with it');

function quickRanges(request: ListingRequest, { t }: Language, now: Micros): QuickRange[] {
  const path = `/${request.log.name}`;
  const { from, to } = request.query;
  const range = request.range ?? null;
  const custom = range === null && (from !== null || to !== null);
  const to_ = (changes: Partial<ListingRequest>): string => listingHref(path, { ...withQuery(request, { from: null, to: null }), range: null, ...changes });
  return [
    { label: t('Any time'), href: to_({}), current: range === null && !custom, days: '' },
    ...RANGES.map((name) => ({ label: t(RANGE_TITLES[name]), href: to_({ range: name }), current: range === name, days: daysText(name, rangeDays(name, request.zone, now).from) })),
    { label: t('Custom'), href: '#filter-from', current: custom, days: '' },
  ];
}

/** `2026-05-10`, or `2026-05` for a month. */
const daysText = (range: RangeName, first: string): string => (range.endsWith('month') ? first.slice(0, 7) : first);

function chips(request: ListingRequest, { t }: Language): Chip[] {
  const { log, query, zone, range = null } = request;
  const time = t(timeTitle(log));
  const chip = (label: string, value: string, rest: ListingRequest): Chip => ({
    label,
    value,
    removeHref: listingHref(`/${log.name}`, rest),
    removeText: t('Leave out {{filter}}', { filter: `${label} ${value}` }),
  });
  const bound = (name: 'from' | 'to', label: string): Chip[] => {
    const at = query[name];
    return at === null || range !== null ? [] : [chip(label, chipTime(zone, at), withQuery(request, { [name]: null }))];
  };
  return [
    ...(query.search ? [chip(t('Search'), visible(query.search.text), withQuery(request, { search: null }))] : []),
    ...(range === null || query.from === null ? [] : [chip(time, `${t(RANGE_TITLES[range])}, ${daysText(range, zone.local(query.from).date)}`, { ...withQuery(request, { from: null, to: null }), range: null })]),
    ...bound('from', t('{{time}} from', { time })),
    ...bound('to', t('{{time}} before', { time })),
    ...Object.entries(query.filters).map(([name, value]) => {
      const filters = Object.fromEntries(Object.entries(query.filters).filter(([other]) => other !== name));
      return chip(t(log.columns[name]?.title ?? name), visible(value), withQuery(request, { filters }));
    }),
  ];
}

/** `2026-05-10 17:12`, as exact as it is. */
function chipTime(zone: ReaderZone, at: Micros): string {
  const { date, clock, fraction } = zone.local(at);
  const isWhole = Number(fraction) === 0;
  return `${date} ${isWhole && clock.endsWith(':00') ? clock.slice(0, 5) : clock}${isWhole ? '' : `.${fraction.replace(/0+$/, '')}`}`;
}

/** What narrows a list down, as text. */
export const filterTexts = (request: ListingRequest, language: Language): { label: string; value: string }[] =>
  chips(request, language).map(({ label, value }) => ({ label, value }));

const timeTitle = (log: LogDefinition): string => log.columns[log.timeColumn]?.title ?? '';

function filterFields({ log, query, zone, range = null }: ListingRequest, { t }: Language): FilterField[] {
  const time = t(timeTitle(log));
  const bound = (name: 'from' | 'to', label: string): FilterField => {
    const at = range === null ? query[name] : null;
    return { name, label, value: at === null ? '' : formTime(zone, at), kind: 'datetime', choices: [], rare: false, problem: null };
  };
  const listed = listedColumns(log);
  const columns = Object.entries(log.columns)
    .filter(([, column]) => column.filter !== undefined)
    .map(([name, column]): FilterField => {
      const choices = choicesOf(column) ?? [];
      return { name, label: t(column.title), value: query.filters[name] ?? '', kind: choices.length > 0 ? 'choice' : 'text', choices, rare: !listed.includes(name), problem: null };
    });
  return [bound('from', t('{{time}} from', { time })), bound('to', t('{{time}} before', { time })), ...columns];
}

function hiddenFields(request: ListingRequest): { name: string; value: string }[] {
  const { range = null } = request;
  const kept = new URL(listingHref('/', request), 'http://localhost').searchParams;
  const plain = ['sort', 'order', 'limit', 'columns', 'tz'].flatMap((name) => {
    const value = kept.get(name);
    return value === null ? [] : [{ name, value }];
  });
  if (range !== null) return [...plain, { name: FORM_RANGE, value: range }];
  const exact = (['from', 'to'] as const).flatMap((name) => {
    const at = request.query[name];
    return at === null || request.zone.parse(formTime(request.zone, at)) === at ? [] : [{ name: EXACT[name], value: toIso(at, 'us') }];
  });
  return [...plain, ...exact];
}
