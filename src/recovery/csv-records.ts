import type { Line } from './csv-lines.js';
import { fieldsOf } from './csv-lines.js';
import type { SourceCall } from './source-call.js';

/** A record that was read, or why it could not be, with the number of its first line. */
export type CsvRecord = { readonly line: number } & ({ readonly call: SourceCall } | { readonly reason: string });

/** A text with line breaks in it goes on in the next lines; more than this is a quote that was never closed. */
const MOST_LINES = 8;

/**
 * Puts lines together to records. A record that a crash tore apart does not swallow what follows: where the
 * next line is a whole record by itself, the torn one is given up and reading goes on with that line.
 */
export class CsvRecords {
  #open: { readonly line: number; readonly texts: readonly string[] } | null = null;

  *take(lines: readonly Line[]): Generator<CsvRecord> {
    for (const { number, text } of lines) {
      if (text === null) {
        yield* this.finish();
        yield { line: number, reason: 'the line is too long for a record' };
        continue;
      }
      const alone = parseRecord(text);
      if (this.#open === null || 'call' in alone) {
        yield* this.finish();
        yield* this.#begin(number, text, alone);
        continue;
      }
      const texts: readonly string[] = [...this.#open.texts, text];
      const joined = parseRecord(texts.join('\n'));
      const { line } = this.#open;
      if ('call' in joined) {
        this.#open = null;
        yield { line, ...joined };
      } else if (joined.open && texts.length < MOST_LINES) {
        this.#open = { line, texts };
      } else {
        yield* this.#giveUp(line, texts);
      }
    }
  }

  /** What is left when the file ends. */
  *finish(): Generator<CsvRecord> {
    const open = this.#open;
    this.#open = null;
    if (open) yield* this.#giveUp(open.line, open.texts);
  }

  *#begin(line: number, text: string, record: Parsed): Generator<CsvRecord> {
    if ('call' in record) yield { line, call: record.call };
    else if (text.trim() === '') return;
    else if (record.open) this.#open = { line, texts: [text] };
    else yield { line, reason: record.reason };
  }

  /** Each of the lines is unreadable by itself: one that were a record would have ended the open one. */
  *#giveUp(line: number, texts: readonly string[]): Generator<CsvRecord> {
    this.#open = null;
    for (const [index, text] of texts.entries()) {
      if (text.trim() !== '') yield { line: line + index, reason: index === 0 ? 'a quote is not closed' : 'it continues a broken record' };
    }
  }
}

type Parsed = { readonly call: SourceCall } | { readonly reason: string; readonly open: boolean };

const DATE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;
const UNIQUEID = /^(?:.+-)?\d{9,11}\.\d+$/;

/** One record of cdr_csv: 16 fields, then `uniqueid`, `userfield` and the three of `newcdrcolumns`, each if it is logged. */
export function parseRecord(text: string): Parsed {
  if (text.includes('\0')) return { reason: 'it holds zero bytes', open: false };
  const fields = fieldsOf(text);
  if (fields === 'open') return { reason: 'a quote is not closed', open: true };
  if (fields === 'broken') return { reason: 'a quote stands in the middle of a field', open: false };
  if (fields.length < 16 || fields.length > 21) return { reason: `it has ${fields.length} fields; cdr_csv writes 16 to 21`, open: false };
  const field = (index: number): string => fields[index] ?? '';
  const start = field(9);
  if (!DATE.test(start)) return { reason: 'its tenth field is no start time', open: false };
  if (![field(10), field(11)].every((at) => at === '' || DATE.test(at))) return { reason: 'its answer or end is no time', open: false };
  if (!/^\d{1,9}$/.test(field(12)) || !/^\d{1,9}$/.test(field(13))) return { reason: 'its duration or billsec is no number', open: false };
  return {
    call: {
      accountcode: field(0), src: field(1), dst: field(2), dcontext: field(3), clid: field(4), channel: field(5), dstchannel: field(6),
      lastapp: field(7), lastdata: field(8), start, answer: field(10), end: field(11), duration: field(12), billsec: field(13),
      disposition: field(14), amaflags: field(15), ...optional(fields.slice(16)),
    },
  };
}

function optional(extra: readonly string[]): SourceCall {
  const newColumns = extra.length >= 3 ? extra.slice(-3) : [];
  const logged = extra.slice(0, extra.length - newColumns.length);
  const [first = '', second] = logged;
  // One field alone is either: a unique id is known by its shape.
  const ids: SourceCall = second !== undefined ? { uniqueid: first, userfield: second } : logged.length === 0 ? {} : UNIQUEID.test(first) ? { uniqueid: first } : { userfield: first };
  const [peeraccount, linkedid, sequence] = newColumns;
  return peeraccount === undefined || linkedid === undefined || sequence === undefined ? ids : { ...ids, peeraccount, linkedid, sequence };
}
