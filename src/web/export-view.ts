import { calls } from '../logs/cdr/call-columns.js';
import { cdrs } from '../logs/cdr/columns.js';
import { DEFAULT_LIMIT } from '../logs/list-query.js';
import { choiceParameters, columnsOf, defaultChoices, type ExportChoices, type ExportRequest } from './export-choices.js';
import type { RowEstimate } from './export-rows.js';
import { filterTexts } from './filter-view.js';
import type { Language } from './language.js';
import { listingHref, type ListingRequest } from './listing-query.js';

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly about?: string;
  readonly chosen: boolean;
}

export interface ColumnChoice {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly chosen: boolean;
  /** Its place in the file, from 1. */
  readonly place: number;
}

export interface Tab {
  readonly label: string;
  readonly href: string;
  readonly current: boolean;
}

/** All that the export template shows. */
export interface ExportView {
  readonly list: string;
  readonly backHref: string;
  /** The filters in words. */
  readonly filters: readonly { readonly label: string; readonly value: string }[];
  readonly size: string;
  readonly problem: string | null;
  /** One row a leg or a call: each its own page, since their columns differ. */
  readonly tabs: readonly Tab[];
  readonly calls: string | null;
  /** The list's own parameters, as a query string. */
  readonly parameters: string;
  readonly formats: readonly Choice[];
  readonly selects: Readonly<Record<'dates' | 'durations' | 'delimiter' | 'decimal', readonly Choice[]>>;
  readonly bom: boolean;
  readonly masks: readonly Choice[];
  readonly columns: readonly ColumnChoice[];
  readonly tz: string;
  readonly defaultsHref: string;
}

/** The form for one export, as it is chosen so far. */
export function exportView(request: ExportRequest, estimate: RowEstimate | null, problem: string | null, language: Language): ExportView {
  const { t } = language;
  const { listing, choices } = request;
  const { log, zone } = listing;
  const options = (name: keyof ExportChoices, ...all: (readonly [value: string, label: string, about?: string])[]): readonly Choice[] =>
    all.map(([value, label, about]) => ({ value, label, chosen: choices[name] === value, ...(about === undefined ? {} : { about }) }));
  const tab = (calls: ExportChoices['calls'], label: string): Tab => ({ label, href: exportHref(listing, `calls=${calls}`), current: choices.calls === calls });
  return {
    list: log.name,
    backHref: listingHref(`/${log.name}`, listing),
    filters: filterTexts(listing, language),
    size: sizeText(estimate, choices.calls === 'folded', language),
    problem,
    tabs: log.name === cdrs.name ? [tab('legs', t('Each leg a row')), tab('folded', t('Each whole call a row'))] : [],
    calls: log.name === cdrs.name ? choices.calls : null,
    parameters: queryOf(listing),
    formats: options(
      'format',
      ['csv', 'CSV', t('Text that every program reads. Excel takes a number such as 00391234 for an amount there and drops its zeros.')],
      ['xlsx', t('Excel workbook'), t('Dates, durations and phone numbers stay what they are. Beyond a million rows it goes on in a next sheet.')],
    ),
    selects: {
      dates: options('dates', ['both', t('Local time and UTC')], ['local', t('Local time')], ['iso', 'UTC (ISO 8601)']),
      durations: durationOptions(request, language),
      delimiter: options('delimiter', ['comma', t('Comma')], ['semicolon', t('Semicolon')], ['tab', t('Tab')]),
      decimal: options('decimal', ['point', t('Point: 1.5')], ['comma', t('Comma: 1,5')]),
    },
    bom: choices.bom,
    masks: options(
      'mask',
      ['no', t('Whole')],
      ['outside', t('Without the last three digits where there are six or more'), t('06555xxx; extensions stay: 909')],
      ['all', t('Without the last three digits, extensions too'), t('06555xxx, and xxx for 909')],
    ),
    columns: columnChoices(request, language),
    tz: zone.name,
    // A choice in the address counts instead of all that are remembered.
    defaultsHref: exportHref({ ...listing, tz: null }, `format=csv${log.name === cdrs.name ? `&calls=${choices.calls}` : ''}`),
  };
}

/** The address of the page that exports what a list shows; `choices` are parameters to begin with. */
export function exportHref(listing: ListingRequest, choices = ''): string {
  // Whole calls are a way of exporting the call log.
  if (listing.log === calls) return exportHref({ ...listing, log: cdrs, query: { ...listing.query, sort: cdrs.defaultSort }, columns: null }, choices || 'calls=folded');
  return `/export?${[`list=${listing.log.name}`, choices, queryOf(listing)].filter((part) => part !== '').join('&')}`;
}

const queryOf = (listing: ListingRequest): string => listingHref('', fromStart(listing)).slice(1);

/** What a list is asked for, whatever the size of its pages and the columns that it shows. */
const fromStart = (listing: ListingRequest): ListingRequest => ({ ...listing, query: { ...listing.query, limit: DEFAULT_LIMIT }, columns: null });

/** Without a choice a file has what its format does best. */
function durationOptions({ listing: { log }, choices }: ExportRequest, { t }: Language): Choice[] {
  const usual = defaultChoices(log, choices.format, choices.calls).durations;
  const value = choices.durations === usual ? '' : choices.durations;
  return [['', t('Seconds (XLSX: h:mm:ss)')], ['seconds', t('Seconds')], ['clock', 'h:mm:ss'], ['minutes', t('Minutes with decimals')]].map(([name = '', label = '']) => ({
    value: name,
    label,
    chosen: name === value,
  }));
}

/** The address of the file. Says all that it depends on, the zone too, so that it gives the same to everybody. */
export function downloadHref({ listing, choices }: ExportRequest): string {
  const path = listingHref(`/${listing.log.name}.${choices.format}`, { ...fromStart(listing), tz: listing.zone.name });
  const parameters = new URLSearchParams(choiceParameters(listing.log, choices).filter(([name]) => name !== 'format')).toString();
  return parameters === '' ? path : `${path}&${parameters}`;
}

function sizeText(estimate: RowEstimate | null, folded: boolean, { t }: Language): string {
  if (estimate === null) return t('Rows are counted as they are written.');
  const { kind, rows: count } = estimate;
  const size = folded ? t('{{count}} calls', { count }) : t('{{count}} rows', { count });
  return kind === 'exact' ? size : kind === 'about' ? t('about {{size}}', { size }) : t('more than {{size}}', { size });
}

/** Those chosen first, in their order. */
function columnChoices({ listing: { log }, choices }: ExportRequest, { t }: Language): ColumnChoice[] {
  const columns = columnsOf(log, choices.calls);
  const names = [...choices.columns, ...Object.keys(columns).filter((name) => !choices.columns.includes(name))];
  return names.map((name, index) => ({
    name,
    title: t(columns[name]?.title ?? name),
    // Those of whole calls are worked out, and a title does not say how.
    about: choices.calls === 'folded' ? t(columns[name]?.about ?? '') : '',
    chosen: choices.columns.includes(name),
    place: index + 1,
  }));
}
