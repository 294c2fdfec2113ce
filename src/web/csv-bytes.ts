import { EOL, DELIMITERS, minutesOf, quoted, withComma } from './csv-text.js';
import type { CsvChoices } from './csv.js';
import { formatSeconds } from './display-text.js';
import type { ExportField } from './export-field.js';
import { instantCells, instantText, LONGEST_INSTANT } from './instant-bytes.js';
import { maskValue } from './mask.js';
import type { ReaderZone } from './zone.js';

/** A field, and the place of its column among a row's cells. */
export interface PlacedField extends ExportField {
  readonly place: number;
}

/** Writes rows of a CSV file byte by byte: the same bytes as `csvWriter` makes of the records, several times as fast. */
export interface CsvBytes {
  /**
   * Adds a row. Its cells are the database's values as text in UTF-8: the cell at place n is from `ends[n - 1] + 1`, the first from `start`, to before
   * `ends[n]`.
   */
  row(source: Buffer, start: number, ends: Int32Array): void;
  /** The rows since the last call. `spare` is memory that may be used for the next ones. */
  take(spare: ArrayBuffer | null): Uint8Array<ArrayBuffer>;
}

/** Bytes that take quotes for all of their cell. */
const QUOTED = Uint8Array.from({ length: 256 }, (_, byte) => Number('",\r\n;\t'.includes(String.fromCharCode(byte))));
/** Bytes that a cell cannot begin with and be written as it stands: signs of formulas, spaces, and what is more than a byte. */
const DELICATE = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte >= 0x80 || byte === 0x20 || (byte >= 9 && byte <= 13) || '=@+-'.includes(String.fromCharCode(byte))));
const QUOTE = 0x22;
const PLUS = 0x2b;
const ZERO = 0x30;
const NINE = 0x39;
/** So many digits are a safe integer. */
const MOST_DIGITS = 15;

const FIRST_SIZE = 64 * 1024;

export function csvBytes(fields: readonly PlacedField[], zone: ReaderZone, choices: CsvChoices): CsvBytes {
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

  return {
    row(source, start, ends) {
      const length = (ends[ends.length - 1] ?? start) - start;
      // A column is written once, each byte of it as two at most.
      const rest = room + 2 * length;
      reserve(rest);
      for (let index = 0; index < fields.length; index += 1) {
        const field = fields[index];
        if (!field) break;
        if (index > 0) out[at++] = delimiter;
        const { place } = field;
        const from = place === 0 ? start : (ends[place - 1] ?? 0) + 1;
        const to = ends[place] ?? from;
        if (field.kind === 'text') {
          if (to > from) writeTextCell(source, from, to, field, rest);
        } else writeNumberCell(source, from, to, field, rest);
      }
      for (let place = 0; place < EOL.length; place += 1) out[at++] = EOL.charCodeAt(place);
    },
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
