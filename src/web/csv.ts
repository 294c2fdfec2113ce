import { Parser } from '@json2csv/plainjs';
import type { LogRecord, Value } from '../logs/columns.js';
import { formatSeconds } from './display-text.js';
import type { ExportChoices } from './export-choices.js';
import type { ExportField } from './export-fields.js';
import { readerZone, type ReaderZone } from './zone.js';

/** Turns blocks of records into CSV text; only the first block carries the byte order mark and the header. */
export type CsvWriter = (records: readonly LogRecord[]) => string;

export type CsvChoices = Pick<ExportChoices, 'delimiter' | 'decimal' | 'bom'>;

const EOL = '\r\n';
const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t' } as const;

/**
 * A field a column. An instant stands on the wall clock of `zone`, to the second, for people and spreadsheets,
 * or in UTC to the microsecond, for whoever must be exact. UTF-8; lines end in CR LF.
 */
export function csvWriter(fields: readonly ExportField[], zone: ReaderZone, choices: CsvChoices): CsvWriter {
  const columns = fields.map((field) => ({ label: field.title, value: writer(field, zone) }));
  const options = {
    fields: columns,
    eol: EOL,
    delimiter: DELIMITERS[choices.delimiter],
    formatters: { string: quoted, header: quoted, number: choices.decimal === 'comma' ? withComma(choices.delimiter) : String },
  };
  // Only the header has the mark, so that blocks can follow one another.
  const header = new Parser<LogRecord, LogRecord>({ ...options, withBOM: choices.bom });
  const rows = new Parser<LogRecord, LogRecord>({ ...options, header: false, includeEmptyRows: true });
  let begun = false;
  return (records) => {
    const head = begun ? '' : header.parse([]) + EOL;
    begun = true;
    return records.length === 0 ? head : head + rows.parse([...records]) + EOL;
  };
}

function writer({ kind, value }: ExportField, zone: ReaderZone): (record: LogRecord) => string | number | boolean {
  const ofNumber = (write: (number: number) => string | number) => (record: LogRecord): string | number => {
    const number = value(record);
    return typeof number === 'number' ? write(number) : '';
  };
  switch (kind) {
    case 'local':
      return ofNumber((at) => {
        const { date, clock } = zone.local(at);
        return `${date} ${clock}`;
      });
    case 'utc':
      // Ten times as fast as Date's own toISOString, which would be a third of an export's time.
      return ofNumber((at) => {
        const { date, clock, fraction } = UTC.local(at);
        return `${date}T${clock}.${fraction}Z`;
      });
    case 'clock':
      return ofNumber(formatSeconds);
    case 'minutes':
      return ofNumber((seconds) => Number((seconds / 60).toFixed(4)));
    default:
      return (record) => plain(value(record));
  }
}

const withComma = (delimiter: CsvChoices['delimiter']) => (number: number): string => {
  const text = String(number).replace('.', ',');
  return delimiter === 'comma' && text.includes(',') ? `"${text}"` : text;
};

const UTC = readerZone('UTC');
const plain = (value: Value): string | number | boolean => value ?? '';

// Carriage return, tab and the wide forms count too: spreadsheets take them off, or for the same sign.
const FORMULA = /^[=@\t\r\n\uff1d\uff20]/;
const SIGNED = /^[+\-\uff0b\uff0d]/;
const PLAIN_NUMBER = /^[+-]\d+(?:[.,]\d+)?$/;

/**
 * A text that a spreadsheet shows instead of calculating it: what would be a formula gets a leading
 * `'`. Numbers stay as they are, so that `+39…` can still be dialled and looked up.
 */
export function spreadsheetSafe(text: string): string {
  if (FORMULA.test(text) || (SIGNED.test(text) && !PLAIN_NUMBER.test(text))) return `'${text}`;
  return text;
}

// Most cells of most files: neither a formula nor in need of quotes.
const SIMPLE = /^(?:[A-Za-z0-9][A-Za-z0-9_.:/@-]*)?$/;
const NEEDS_QUOTES = /[",\r\n;\t]|^\s|\s$/;

function quoted(text: string): string {
  if (SIMPLE.test(text)) return text;
  const safe = spreadsheetSafe(text);
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
