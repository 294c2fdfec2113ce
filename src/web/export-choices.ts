import { InvalidInputError } from '../errors.js';
import { CALL_COLUMNS } from '../logs/cdr/call-columns.js';
import { callQuery } from '../logs/cdr/calls.js';
import { cdrs } from '../logs/cdr/columns.js';
import type { Column, LogDefinition } from '../logs/columns.js';
import type { QueryParameters } from '../logs/list-query.js';
import { oneOf, parametersOf, readParameters, text } from '../logs/parameters.js';
import { fromMs, type Micros } from '../time.js';
import { parseListingRequest, type ListingRequest } from './listing-query.js';
import { parseColumns } from './list-columns.js';
import { MASKS, type Mask } from './mask.js';

export const FORMATS = ['csv', 'xlsx'] as const;
export type Format = (typeof FORMATS)[number];
export type ExportColumns = Readonly<Record<string, Omit<Column, 'db'>>>;

/** How a list becomes a file. The defaults of `csv` are what `/cdrs.csv` alone gives. */
export interface ExportChoices {
  readonly format: Format;
  /** One row for each leg, or for each whole call. */
  readonly calls: 'legs' | 'folded';
  /** Names of the columns, in their order. */
  readonly columns: readonly string[];
  /** Instants on the reader's wall clock, in UTC, or both, as a column each. */
  readonly dates: 'both' | 'local' | 'iso';
  /** Whole seconds, h:mm:ss, or minutes with decimals. */
  readonly durations: 'seconds' | 'clock' | 'minutes';
  readonly delimiter: 'comma' | 'semicolon' | 'tab';
  readonly decimal: 'point' | 'comma';
  /** The byte order mark without which Excel takes UTF-8 for something else. */
  readonly bom: boolean;
  readonly mask: Mask;
}

const YES_NO = ['yes', 'no'] as const;
export const CALLS = ['legs', 'folded'] as const;
export const DATES = ['both', 'local', 'iso'] as const;
export const DURATIONS = ['seconds', 'clock', 'minutes'] as const;
export const DELIMITERS = ['comma', 'semicolon', 'tab'] as const;
export const DECIMALS = ['point', 'comma'] as const;

const PARAMETERS = parametersOf('an export', {
  format: oneOf(FORMATS).optional(),
  calls: oneOf(CALLS).optional(),
  columns: text().optional(),
  dates: oneOf(DATES).optional(),
  durations: oneOf(DURATIONS).optional(),
  delimiter: oneOf(DELIMITERS).optional(),
  decimal: oneOf(DECIMALS).optional(),
  bom: oneOf(YES_NO).optional(),
  mask: oneOf(MASKS).optional(),
});

export const CHOICE_NAMES: readonly string[] = Object.keys(PARAMETERS.shape);

/** What is exported: which rows of which list, and how. */
export interface ExportRequest {
  readonly listing: ListingRequest;
  readonly choices: ExportChoices;
}

/** Reads the query string of a download: the list's own parameters and the choices. Throws InvalidInputError that names the parameter. */
export function parseExportRequest(log: LogDefinition, parameters: QueryParameters, ownZone: string, format: Format = 'csv', now: Micros = fromMs(Date.now())): ExportRequest {
  const isChoice = ([name]: [string, unknown]): boolean => CHOICE_NAMES.includes(name);
  const given = Object.entries(parameters);
  const choices = parseChoices(log, Object.fromEntries(given.filter(isChoice)), format);
  const listing = parseListingRequest(log, Object.fromEntries(given.filter((entry) => !isChoice(entry))), ownZone, now);
  if (choices.calls === 'folded') callQuery(listing.query);
  return { listing, choices };
}

export function parseChoices(log: LogDefinition, parameters: QueryParameters, format: Format): ExportChoices {
  const given = readParameters(PARAMETERS, parameters);
  if (given.calls !== undefined && log.name !== cdrs.name) throw new InvalidInputError('calls', `is for ${cdrs.name} only`);
  const usual = defaultChoices(log, given.format ?? format, given.calls);
  return {
    format: usual.format,
    calls: usual.calls,
    columns: given.columns === undefined ? usual.columns : parseColumns(given.columns, usual.columns),
    dates: given.dates ?? usual.dates,
    durations: given.durations ?? usual.durations,
    delimiter: given.delimiter ?? usual.delimiter,
    decimal: given.decimal ?? usual.decimal,
    bom: given.bom === undefined ? usual.bom : given.bom === 'yes',
    mask: given.mask ?? usual.mask,
  };
}

export function defaultChoices(log: LogDefinition, format: Format = 'csv', calls: ExportChoices['calls'] = 'legs'): ExportChoices {
  return {
    format,
    calls,
    columns: columnNames(log, calls),
    dates: 'both',
    // A workbook has cells that are durations; in CSV seconds are what every program reads.
    durations: format === 'xlsx' ? 'clock' : 'seconds',
    delimiter: 'comma',
    decimal: 'point',
    bom: true,
    mask: 'no',
  };
}

/** The columns there are to choose from. */
export const columnsOf = (log: LogDefinition, calls: ExportChoices['calls']): ExportColumns => (calls === 'folded' ? CALL_COLUMNS : log.columns);
const columnNames = (log: LogDefinition, calls: ExportChoices['calls']): readonly string[] => Object.keys(columnsOf(log, calls));

/** The choices that differ from the defaults, as parameters. */
export function choiceParameters(log: LogDefinition, choices: ExportChoices): [name: string, value: string][] {
  const usual = defaultChoices(log, choices.format, choices.calls);
  const texts = ({ columns, bom, ...others }: ExportChoices): Readonly<Record<string, string>> => ({ ...others, columns: columns.join(','), bom: bom ? 'yes' : 'no' });
  // Without a format and without whole calls an address means CSV of single rows.
  const plain = texts({ ...usual, format: 'csv', calls: 'legs' });
  return Object.entries(texts(choices)).filter(([name, value]) => plain[name] !== value);
}
