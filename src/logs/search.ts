import type { Column, LogDefinition } from './columns.js';

/** What a reader looks for in a list: a number, a name or an address, or the beginning of one, or the last digits of a number. */
export interface Search {
  readonly text: string;
  /** The user names of the accounts whose person or trunk is called so; null until they are looked up. */
  readonly accounts: readonly string[] | null;
  /** The names of callers that are so, as calls have them; looked up with the accounts. */
  readonly callers?: readonly string[];
}

/** One way for a row to fit; columns are named as in the log's `columns`. */
export type SearchTerm =
  | { readonly kind: 'begins' | 'ends'; readonly column: string; readonly text: string }
  | { readonly kind: 'is'; readonly column: string; readonly values: readonly string[] };

/** A number as people write it, with what they put between its digits. */
const NUMBER = /^\+?\(?[\d*#][\d*#\s()./-]*$/;
const BETWEEN_DIGITS = /[\s()./-]/g;
const ADDRESS = /^\[?[\da-f]*[.:][\da-f.:]*\]?(?::\d*)?$/i;

/** Whether a text may be the name of a person, so that accounts are to be looked up by it. */
export const mayBeName = (text: string): boolean => /\p{L}/u.test(text);

export const isOfAccounts = ({ search }: Column): boolean => search === 'number';
export const isOfCallers = ({ nameDb }: Column): boolean => nameDb !== undefined;

/** Whether anything of the log can be searched. */
export const isSearchable = (log: LogDefinition): boolean => Object.values(log.columns).some(({ search }) => search !== undefined);

/** What rows fit: those for which any of these holds, none where nothing can fit. Each is a range of one column, which its index finds. */
export function searchCondition(log: LogDefinition, { text, accounts, callers = [] }: Search): SearchTerm[] {
  const columns = Object.entries(log.columns);
  const terms = columns.flatMap(([column, { search, reversedDb }]): SearchTerm[] => [
    ...beginnings(search, text).map((beginning): SearchTerm => ({ kind: 'begins', column, text: beginning })),
    ...(reversedDb === undefined ? [] : endings(text).map((ending): SearchTerm => ({ kind: 'ends', column, text: ending }))),
  ]);
  const are = (values: readonly string[] | null, has: (column: Column) => boolean): SearchTerm[] =>
    values === null || values.length === 0 ? [] : columns.filter(([, column]) => has(column)).map(([column]): SearchTerm => ({ kind: 'is', column, values }));
  return [...terms, ...are(accounts, isOfAccounts), ...are(callers, isOfCallers)];
}

function beginnings(kind: Column['search'], text: string): string[] {
  switch (kind) {
    case 'number':
      return [...new Set(NUMBER.test(text) ? [text, text.replace(BETWEEN_DIGITS, '')] : [text, text.toLowerCase()])];
    case 'name':
      return [...new Set([text, text.toLowerCase()])];
    case 'address':
      return ADDRESS.test(text) ? addressBeginnings(text.toLowerCase()) : [];
    case undefined:
      return [];
  }
}

/** Fewer last digits than these have too many numbers to be looked for. */
const LEAST_DIGITS = 4;
/** What a column of endings holds of a number. */
const MOST_DIGITS = 16;

/** A number's digits, without what tells that a country's code follows: other lines of the PBX write that otherwise. */
function endings(text: string): string[] {
  if (!NUMBER.test(text)) return [];
  const digits = text.replace(BETWEEN_DIGITS, '').replace(/^(?:\+|00)/, '');
  return digits.length < LEAST_DIGITS ? [] : [digits.slice(-MOST_DIGITS)];
}

/** An IPv6 address stands in brackets where a port follows it. */
const addressBeginnings = (text: string): string[] => (text.includes(':') && !text.includes('.') && !text.startsWith('[') ? [text, `[${text}`] : [text]);
