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

/** A text as a cell: safe in spreadsheets, and in quotes where it needs them, whichever of comma, semicolon and tab parts the columns. */
export function quoted(text: string): string {
  if (SIMPLE.test(text)) return text;
  const safe = spreadsheetSafe(text);
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A number as a cell where a comma stands before the decimals. */
export const withComma = (delimiter: Delimiter) => (number: number): string => {
  const text = String(number).replace('.', ',');
  return delimiter === 'comma' && text.includes(',') ? `"${text}"` : text;
};

/** Minutes of a duration, to four decimals. */
export const minutesOf = (seconds: number): number => Number((seconds / 60).toFixed(4));

export const EOL = '\r\n';
export const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t' } as const;
export type Delimiter = keyof typeof DELIMITERS;
