import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { LogRecord } from '../logs/columns.js';
import type { ExportField } from './export-field.js';
import { sheetXml, STYLES, type SheetXml } from './xlsx-sheet.js';
import type { ReaderZone } from './zone.js';

export const XLSX_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** What one sheet may hold; what is beyond goes on in a next sheet, below the same header. */
export interface SheetLimits {
  /** Header included. */
  readonly rows: number;
  readonly bytes: number;
}

/** Excel's own limit, and a size that needs no ZIP64, which not every reader knows. */
export const EXCEL: SheetLimits = { rows: 1_048_576, bytes: 3_500_000_000 };

/** Few enough that nobody else waits long: about 5 ms. */
const ROWS_A_PART = 250;
/** Half the work of the usual 6, for files a sixth larger. */
const COMPRESSION = 3;

/**
 * A workbook as a stream of bytes, made as fast as it is read: a header that stays in sight and filters, dates and durations
 * as such, texts as texts. Ends with an error when `blocks` does, and stops asking `blocks` when it is destroyed.
 */
export function xlsxStream(title: string, fields: readonly ExportField[], zone: ReaderZone, blocks: AsyncIterable<readonly LogRecord[]>, limits = EXCEL): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream;
  if (!(output instanceof Readable)) throw new TypeError('yazl gives a stream that cannot be destroyed');
  const feed = new RecordFeed(blocks);
  const xml = sheetXml(fields, zone);
  const sheets: Sheet[] = [];

  const addSheet = (): void => {
    const number = sheets.length + 1;
    zip.addReadStreamLazy(sheetPath(number), { compressionLevel: COMPRESSION }, (use) => {
      const parts = Readable.from(sheetParts(xml, feed, limits, (lastRow) => {
        sheets.push({ name: sheetName(title, number), range: `$A$1:$${xml.lastColumn}$${lastRow}` });
      }));
      // yazl listens to no errors of what it reads, and does not end it.
      parts.once('error', (error) => output.destroy(error));
      parts.once('end', () => {
        if (feed.ended) finish(zip, sheets);
        else addSheet();
      });
      output.once('close', () => parts.destroy());
      use(null, parts);
    });
  };
  zip.on('error', (error: Error) => output.destroy(error));
  output.once('close', () => void feed.close());
  addSheet();
  return output;
}

async function* sheetParts(xml: SheetXml, feed: RecordFeed, limits: SheetLimits, ended: (lastRow: number) => void): AsyncGenerator<Buffer> {
  const begin = Buffer.from(xml.begin);
  yield begin;
  let row = 1;
  let bytes = begin.length;
  while (row < limits.rows && bytes < limits.bytes) {
    const records = await feed.take(Math.min(ROWS_A_PART, limits.rows - row));
    if (records.length === 0) break;
    const part = Buffer.from(xml.rows(records, row + 1));
    row += records.length;
    bytes += part.length;
    yield part;
  }
  // Whether there is more decides whether a sheet follows.
  await feed.peek();
  ended(row);
  yield Buffer.from(xml.end(row));
}

/** Blocks of records, of which as many are taken as there is room for. */
class RecordFeed {
  ended = false;
  readonly #blocks: AsyncIterator<readonly LogRecord[]>;
  #block: readonly LogRecord[] = [];
  #at = 0;

  constructor(blocks: AsyncIterable<readonly LogRecord[]>) {
    this.#blocks = blocks[Symbol.asyncIterator]();
  }

  async take(most: number): Promise<readonly LogRecord[]> {
    await this.peek();
    const records = this.#block.slice(this.#at, this.#at + most);
    this.#at += records.length;
    return records;
  }

  async peek(): Promise<void> {
    while (!this.ended && this.#at >= this.#block.length) {
      const next = await this.#blocks.next();
      if (next.done === true) this.ended = true;
      this.#block = next.done === true ? [] : next.value;
      this.#at = 0;
    }
  }

  async close(): Promise<void> {
    this.ended = true;
    await this.#blocks.return?.();
  }
}

interface Sheet {
  readonly name: string;
  readonly range: string;
}

const sheetPath = (number: number): string => `xl/worksheets/sheet${number}.xml`;

/** Excel takes 31 characters, and none of these. */
function sheetName(title: string, number: number): string {
  const suffix = number === 1 ? '' : ` ${number}`;
  return `${title.replace(/[[\]:*?/\\']/g, ' ').slice(0, 31 - suffix.length)}${suffix}`;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

/** The parts that name the sheets, which only now are all known. */
function finish(zip: ZipFile, sheets: readonly Sheet[]): void {
  const attribute = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  const each = (text: (sheet: Sheet, number: number) => string): string => sheets.map((sheet, index) => text(sheet, index + 1)).join('');
  const override = (path: string, type: string): string => `<Override PartName="/${path}" ContentType="${XLSX_TYPE.replace(/sheet$/, type)}+xml"/>`;
  const relationship = (id: string, type: string, target: string): string => `<Relationship Id="${id}" Type="${RELATIONSHIPS}/${type}" Target="${target}"/>`;
  const parts: Readonly<Record<string, string>> = {
    'xl/styles.xml': STYLES,
    'xl/workbook.xml':
      `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}"><sheets>` +
      each(({ name }, number) => `<sheet name="${attribute(name)}" sheetId="${number}" r:id="rId${number}"/>`) +
      '</sheets><definedNames>' +
      each(({ name, range }, number) => `<definedName name="_xlnm._FilterDatabase" localSheetId="${number - 1}" hidden="1">'${attribute(name)}'!${range}</definedName>`) +
      '</definedNames></workbook>',
    'xl/_rels/workbook.xml.rels':
      `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">` +
      each((_sheet, number) => relationship(`rId${number}`, 'worksheet', `worksheets/sheet${number}.xml`)) +
      `${relationship('styles', 'styles', 'styles.xml')}</Relationships>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${relationship('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    '[Content_Types].xml':
      `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Default Extension="xml" ContentType="application/xml"/>${override('xl/workbook.xml', 'sheet.main')}${override('xl/styles.xml', 'styles')}` +
      `${each((_sheet, number) => override(sheetPath(number), 'worksheet'))}</Types>`,
  };
  for (const [path, text] of Object.entries(parts)) zip.addBuffer(Buffer.from(text), path);
  zip.end();
}
