import { CELL_END } from '../database/planned-pages.js';
import type { Columns } from '../logs/columns.js';
import { EOL, DELIMITERS, minutesOf, quoted, withComma } from './csv-text.js';
import type { CsvChoices } from './csv.js';
import { formatSeconds } from './display-text.js';
import type { ExportField } from './export-field.js';
import { instantCells, instantText, LONGEST_INSTANT } from './instant-bytes.js';
import { maskValue } from './mask.js';
import type { ReaderZone } from './zone.js';

/** The cells of a row that a file is written from: the database's columns in the order of the fields, one for those of one instant. */
export function cellsFor(fields: readonly ExportField[], columns: Columns): string[] {
  return fields.filter(({ name }, index) => name !== fields[index - 1]?.name).map(({ name }) => columns[name]?.db ?? '');
}

interface PlacedField extends ExportField {
  /** Of the cell before it, as instants do that are written twice. */
  readonly isAgain: boolean;
  /** Its bytes are copied, unless there is something unusual in them. */
  readonly isCopied: boolean;
}

/** Writes rows of a CSV file byte by byte: the same bytes as `csvWriter` makes of the records, several times as fast. */
export interface CsvBytes {
  /**
   * Adds a row: the database's values as text in UTF-8, parted by `CELL_END`, those of `cellsFor` first. False when they are not
   * `cells`; then nothing is added.
   */
  row(source: Buffer, start: number, end: number): boolean;
  /** Adds a row whatever is in its values. */
  values(cells: readonly string[]): void;
  /** The bytes of the rows since the last `take`. */
  size(): number;
  /** The rows since the last call. `spare` is memory that may be used for the next ones. */
  take(spare: ArrayBuffer | null): Uint8Array<ArrayBuffer>;
}

/** Bytes that take quotes for all of their cell. */
const QUOTED = Uint8Array.from({ length: 256 }, (_, byte) => Number('",\r\n;\t'.includes(String.fromCharCode(byte))));
/** Bytes that a cell cannot begin with and be written as it stands: signs of formulas, spaces, and what is more than a byte. */
const DELICATE = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte >= 0x80 || byte === 0x20 || (byte >= 9 && byte <= 13) || '=@+-'.includes(String.fromCharCode(byte))));
/** Bytes that a cell may begin with and be copied. */
const SIMPLE = QUOTED.map((quotes, byte) => Number(quotes === 0 && DELICATE[byte] === 0 && byte !== CELL_END));
/** Bytes where copying a cell ends. */
const STOPS = QUOTED.map((quotes, byte) => Number(quotes === 1 || byte === CELL_END));
const QUOTE = 0x22;
const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;
/** So many digits are a safe integer. */
const MOST_DIGITS = 15;

const FIRST_SIZE = 64 * 1024;

/** `cells` is how many a row has, of which the fields take the first. */
export function csvBytes(asked: readonly ExportField[], cells: number, zone: ReaderZone, choices: CsvChoices): CsvBytes {
  const fields = asked.map((field, index): PlacedField => ({ ...field, isAgain: field.name === asked[index - 1]?.name, isCopied: field.kind === 'text' && field.mask === 'no' }));
  const left = cells - fields.filter(({ isAgain }) => !isAgain).length;
  const delimiter = DELIMITERS[choices.delimiter].charCodeAt(0);
  const numberText = choices.decimal === 'comma' ? withComma(choices.delimiter) : String;
  const writeLocal = instantCells('local', zone);
  const writeUtc = instantCells('utc', zone);
  const room = fields.length * (LONGEST_INSTANT + 4) + EOL.length;
  let out = Buffer.allocUnsafeSlow(FIRST_SIZE);
  let at = 0;

  const reserve = (bytes: number): void => {
    if (out.length - at >= bytes) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(out.length * 2, at + bytes));
    larger.set(out.subarray(0, at));
    out = larger;
  };
  /** What is not written byte by byte. */
  const writeText = (text: string, rest: number): void => {
    reserve(text.length * 3 + rest);
    at += out.write(text, at);
  };

  const writeTextCell = (source: Buffer, from: number, to: number, field: PlacedField, rest: number): void => {
    if (field.mask !== 'no') {
      writeText(quoted(String(maskValue(field.name, source.toString('utf8', from, to), field.mask) ?? '')), rest);
      return;
    }
    const first = source[from] ?? 0;
    const last = source[to - 1] ?? 0;
    // A number that one can dial, as most texts are that begin with a sign.
    const isDialled = first === PLUS && to - from > 1 && areDigits(source, from + 1, to);
    if ((DELICATE[first] === 1 && !isDialled) || last >= 0x80 || last <= 0x20) {
      writeText(quoted(source.toString('utf8', from, to)), rest);
      return;
    }
    const end = copy(source, from, to, out, at);
    at = end === null ? copyQuoted(source, from, to, out, at) : end;
  };

  const writeNumber = (number: number, field: PlacedField, rest: number): void => {
    switch (field.kind) {
      case 'local':
      case 'utc':
        writeText(quoted(instantText(field.kind, zone, number)), rest);
        return;
      case 'flag':
        writeText(String(number !== 0), rest);
        return;
      case 'clock':
        writeText(quoted(formatSeconds(number)), rest);
        return;
      case 'minutes':
        writeText(numberText(minutesOf(number)), rest);
        return;
      default:
        writeText(numberText(number), rest);
    }
  };

  const writeNumberCell = (source: Buffer, from: number, to: number, field: PlacedField, rest: number): void => {
    const { kind, optional } = field;
    if (optional && kind !== 'flag' && to - from === 1 && source[from] === ZERO) return;
    let end = -1;
    if (kind === 'local') end = writeLocal(source, from, to, out, at);
    else if (kind === 'utc') end = writeUtc(source, from, to, out, at);
    else if (kind === 'number' || kind === 'seconds') end = copyWhole(source, from, to, out, at);
    if (end !== -1) {
      at = end;
      return;
    }
    const number = Number(source.toString('latin1', from, to));
    if (!optional || kind === 'flag' || number !== 0) writeNumber(number, field, rest);
  };

  const writeCell = (source: Buffer, from: number, to: number, field: PlacedField, rest: number): void => {
    if (field.kind !== 'text') writeNumberCell(source, from, to, field, rest);
    else if (to > from) writeTextCell(source, from, to, field, rest);
  };
  const endRow = (): void => {
    for (let place = 0; place < EOL.length; place += 1) out[at++] = EOL.charCodeAt(place);
  };

  return {
    row(source, start, end) {
      // A column is written once, each byte of it as two at most.
      const rest = room + 2 * (end - start);
      reserve(rest);
      const begin = at;
      let from = start;
      let to = start - 1;
      for (let index = 0; index < fields.length; index += 1) {
        const field = fields[index];
        if (!field) break;
        if (index > 0) out[at++] = delimiter;
        if (!field.isAgain) {
          if (to === end) {
            at = begin;
            return false;
          }
          from = to + 1;
          to = from;
          if (field.isCopied && from < end && SIMPLE[source[from] ?? 0] === 1) {
            let copied = at;
            while (to < end) {
              const byte = source[to] ?? 0;
              if (STOPS[byte] === 1) break;
              out[copied++] = byte;
              to += 1;
            }
            const last = source[to - 1] ?? 0;
            if ((to === end || source[to] === CELL_END) && last < 0x80 && last > 0x20) {
              at = copied;
              continue;
            }
          }
          while (to < end && source[to] !== CELL_END) to += 1;
        }
        writeCell(source, from, to, field, rest);
      }
      endRow();
      let more = 0;
      for (let place = to; place < end; place += 1) if (source[place] === CELL_END) more += 1;
      if (more !== left) at = begin;
      return more === left;
    },
    values(row) {
      const sources = row.map((value) => Buffer.from(value));
      const rest = room + 2 * sources.reduce((sum, { length }) => sum + length, 0);
      reserve(rest);
      let place = -1;
      for (const [index, field] of fields.entries()) {
        if (index > 0) out[at++] = delimiter;
        if (!field.isAgain) place += 1;
        const source = sources[place];
        if (source) writeCell(source, 0, source.length, field, rest);
      }
      endRow();
    },
    size: () => at,
    take(spare) {
      const taken = out.subarray(0, at);
      out = spare === null ? Buffer.allocUnsafeSlow(Math.max(FIRST_SIZE, out.length)) : Buffer.from(spare);
      at = 0;
      return taken;
    },
  };
}

/** Answers where it ends; null for a cell that needs quotes. */
function copy(source: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number | null {
  let end = at;
  for (let place = from; place < to; place += 1) {
    const byte = source[place] ?? 0;
    if (QUOTED[byte] === 1) return null;
    out[end++] = byte;
  }
  return end;
}

function copyQuoted(source: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  let end = at;
  out[end++] = QUOTE;
  for (let place = from; place < to; place += 1) {
    const byte = source[place] ?? 0;
    if (byte === QUOTE) out[end++] = QUOTE;
    out[end++] = byte;
  }
  out[end++] = QUOTE;
  return end;
}

function areDigits(source: Uint8Array, from: number, to: number): boolean {
  for (let place = from; place < to; place += 1) {
    const byte = source[place] ?? 0;
    if (byte < ZERO || byte > NINE) return false;
  }
  return true;
}

/** Copies a whole number that is written as numbers are; answers where it ends, or -1. */
function copyWhole(source: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  if (to <= from || to - from > MOST_DIGITS || (source[from] === ZERO && to - from > 1)) return -1;
  for (let place = from; place < to; place += 1) {
    const byte = source[place] ?? 0;
    if (byte < ZERO || byte > NINE) return -1;
    out[at + place - from] = byte;
  }
  return at + to - from;
}
