import type { Readable } from 'node:stream';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Null: longer than any line that Asterisk writes; its bytes are gone. */
  readonly text: string | null;
}

const LF = 10;
const CR = 13;
const BOM = 0xfeff;
/** cdr_csv writes no record of more than 1,024 bytes; what is far longer is damage, and must not fill the memory. */
const MOST_BYTES = 65_536;

/** The lines of a stream, a chunk's worth at a time, without their ends; memory stays bounded whatever comes. */
export async function* linesOf(stream: Readable): AsyncGenerator<readonly Line[]> {
  let rest: Buffer = Buffer.alloc(0);
  let tooLong = false;
  let number = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(LF);
    rest = bytes.subarray(end + 1);
    const lines: Line[] = [];
    for (const text of end === -1 ? [] : textsOf(bytes.subarray(0, end))) {
      number += 1;
      lines.push({ number, text: tooLong ? null : text });
      tooLong = false;
    }
    if (rest.length > MOST_BYTES) {
      tooLong = true;
      rest = Buffer.alloc(0);
    }
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0 || tooLong) yield [{ number: number + 1, text: tooLong ? null : decoded(rest) }];
}

/** The lines of whole ones; they are decoded together where all are UTF-8. Null for those that are too long. */
function textsOf(bytes: Buffer): (string | null)[] {
  const text = bytes.toString('utf8');
  if (!text.includes('\uFFFD')) return text.split('\n').map((line) => (line.length > MOST_BYTES ? null : bare(line)));
  const lines: (string | null)[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const end = found === -1 ? bytes.length : found;
    lines.push(end - start > MOST_BYTES ? null : decoded(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

/** UTF-8; a line that is not UTF-8 comes from a phone that sends Latin-1. */
function decoded(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return bare(text.includes('\uFFFD') ? bytes.toString('latin1') : text);
}

const bare = (line: string): string => line.slice(line.charCodeAt(0) === BOM ? 1 : 0, line.charCodeAt(line.length - 1) === CR ? -1 : undefined);

/**
 * The fields of one record as cdr_csv writes it: texts in quotes, a quote in them doubled, numbers bare.
 * `open`: the text ends inside quotes; `broken`: something stands where only a comma may.
 */
export function fieldsOf(text: string): readonly string[] | 'open' | 'broken' {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let value = '';
      at += 1;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote === -1) return 'open';
        value += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
        at += 1;
      }
      fields.push(value);
    } else {
      const comma = text.indexOf(',', at);
      const end = comma === -1 ? text.length : comma;
      const value = text.slice(at, end);
      if (value.includes('"')) return 'broken';
      fields.push(value);
      at = end;
    }
    if (at >= text.length) return fields;
    if (text[at] !== ',') return 'broken';
    at += 1;
  }
}
