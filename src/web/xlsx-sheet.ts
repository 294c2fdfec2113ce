import type { LogRecord, Value } from '../logs/columns.js';
import { MICROS_PER_MS, MICROS_PER_SECOND } from '../time.js';
import { reader, type ExportField, type FieldKind } from './export-field.js';
import type { ReaderZone } from './zone.js';

/** The cell styles of `STYLES`, by their index in `cellXfs`. */
const STYLE: Readonly<Record<FieldKind | 'header', number>> = { number: 0, flag: 0, seconds: 0, header: 1, local: 2, utc: 3, clock: 4, text: 5, minutes: 6 };

/** Texts are of format `@`, so that a number typed anew over one stays text too. */
export const STYLES =
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
  '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' +
  '<numFmts count="3">' +
  '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>' +
  '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\Thh:mm:ss.000\\Z"/>' +
  '<numFmt numFmtId="166" formatCode="[h]:mm:ss"/>' +
  '</numFmts>' +
  '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
  '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
  '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
  '<cellXfs count="7">' +
  [
    'numFmtId="0" fontId="0"',
    'numFmtId="49" fontId="1" applyFont="1"',
    'numFmtId="164" fontId="0"',
    'numFmtId="165" fontId="0"',
    'numFmtId="166" fontId="0"',
    'numFmtId="49" fontId="0"',
    'numFmtId="2" fontId="0"',
  ]
    .map((xf) => `<xf ${xf} fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`)
    .join('') +
  '</cellXfs>' +
  '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>' +
  '</styleSheet>';

/** Widths in characters; the title and the filter's arrow need room as well. */
const WIDTH: Readonly<Record<FieldKind, number>> = { number: 10, flag: 8, seconds: 10, local: 20, utc: 25, clock: 10, text: 18, minutes: 10 };

/**
 * The XML of one sheet, in parts: `begin`, then rows in their order, then `end` with the number of the last. The header is row 1.
 * Each cell says where it stands, which doubles the file: some readers cannot do without.
 */
export interface SheetXml {
  readonly lastColumn: string;
  readonly begin: string;
  rows(records: readonly LogRecord[], firstRow: number): string;
  end(lastRow: number): string;
}

export function sheetXml(fields: readonly ExportField[], zone: ReaderZone): SheetXml {
  const letters = fields.map((_field, index) => columnLetters(index));
  const lastColumn = letters.at(-1) ?? 'A';
  const cells = fields.map((field, index) => ({ letter: letters[index] ?? '', value: reader(field), write: cellWriter(field.kind, zone) }));
  const texts = fields.flatMap(({ kind }, index) => (kind === 'text' ? [letters[index] ?? ''] : []));
  const widths = fields.map(({ kind, title }, index) => `<col min="${index + 1}" max="${index + 1}" width="${Math.max(WIDTH[kind], title.length + 4)}" customWidth="1"/>`);
  const heads = fields.map(({ title }, index) => `<c r="${letters[index] ?? ''}1" s="${STYLE.header}" t="inlineStr">${inline(title)}</c>`);
  return {
    lastColumn,
    begin:
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
      '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' +
      '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>' +
      `<cols>${widths.join('')}</cols><sheetData><row r="1">${heads.join('')}</row>`,
    rows(records, firstRow) {
      let xml = '';
      for (const [index, record] of records.entries()) {
        const row = String(firstRow + index);
        xml += `<row r="${row}">`;
        for (const { letter, value, write } of cells) {
          const content = value(record);
          if (content !== null && content !== '') xml += `<c r="${letter}${row}"${write(content)}</c>`;
        }
        xml += '</row>';
      }
      return xml;
    },
    end: (lastRow) =>
      `</sheetData><autoFilter ref="A1:${lastColumn}${lastRow}"/>` +
      // Phone numbers are text on purpose: no green corner at each of them.
      (texts.length > 0 ? `<ignoredErrors><ignoredError sqref="${texts.map((letter) => `${letter}1:${letter}${lastRow}`).join(' ')}" numberStoredAsText="1"/></ignoredErrors>` : '') +
      '</worksheet>',
  };
}

/** What stands between `<c r="A2"` and `</c>`. */
function cellWriter(kind: FieldKind, zone: ReaderZone): (value: NonNullable<Value>) => string {
  const numeric = (number: (value: number) => number) => (value: NonNullable<Value>) => ` s="${STYLE[kind]}"><v>${number(Number(value))}</v>`;
  switch (kind) {
    case 'text':
      return (value) => ` s="${STYLE.text}" t="inlineStr">${inline(String(value))}`;
    case 'flag':
      return (value) => ` t="b"><v>${value === true ? 1 : 0}</v>`;
    // Excel rounds what it does not show, and half a second before midnight would be another day.
    case 'local':
      return numeric((at) => serial(at - (at % MICROS_PER_SECOND) + zone.offsetAt(at) * 60 * MICROS_PER_SECOND));
    case 'utc':
      return numeric((at) => serial(at - (at % MICROS_PER_MS)));
    case 'clock':
      return numeric((seconds) => seconds / SECONDS_PER_DAY);
    case 'minutes':
      return numeric((seconds) => seconds / 60);
    default:
      return numeric((value) => value);
  }
}

const SECONDS_PER_DAY = 86_400;
/** 1970-01-01 in days since 1899-12-30, as workbooks count. */
const EPOCH_DAYS = 25_569;

const serial = (micros: number): number => micros / (SECONDS_PER_DAY * MICROS_PER_SECOND) + EPOCH_DAYS;

function columnLetters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnLetters(Math.floor(index / 26) - 1) + letter;
}

const SPECIAL = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_x[0-9a-f]{4}_/i;
// What XML cannot hold is written as workbooks write it, and what would be read as such is written so itself.
const CODED = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9a-f]{4}_)/gi;

// Spaces that a reader may take away, unless it is told otherwise.
const SPACES = /^\s|\s$|\s\s|[\t\n]/;

const inline = (text: string): string => `<is><t${SPACES.test(text) ? ' xml:space="preserve"' : ''}>${escaped(text)}</t></is>`;

function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text
    .replace(CODED, (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
