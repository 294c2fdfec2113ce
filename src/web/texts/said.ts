import { SAID } from './italian/said.js';

type Translate = (text: string, values?: Readonly<Record<string, string>>) => string;

interface Pattern {
  readonly text: string;
  readonly names: readonly string[];
  readonly finished: RegExp;
}

/** Places of these names hold digits alone, so that a sentence in a sentence is parted where it should be. */
const NUMBERS: ReadonlySet<string> = new Set(['number', 'seconds', 'minutes', 'ms']);

// The longest first: the more a pattern says itself, the surer it is.
const PATTERNS: readonly Pattern[] = Object.keys(SAID)
  .sort((a, b) => fixedPart(b).length - fixedPart(a).length)
  .map(patternOf);

function patternOf(text: string): Pattern {
  const parts = text.split(/\{\{(\w+)\}\}/);
  const source = parts.map((part, index) => (index % 2 === 0 ? part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : NUMBERS.has(part) ? '(\\d+)' : '(.+?)')).join('');
  return { text, names: parts.filter((_, index) => index % 2 === 1), finished: new RegExp(`^${source}$`, 's') };
}

function fixedPart(text: string): string {
  return text.replaceAll(/\{\{\w+\}\}/g, '');
}

/**
 * Parts below the console know no reader: what they say is finished English, and some of it stands in the database.
 * Here it is said anew by the pattern it was made after, and so is what stands in its places. Unknown sentences stay.
 */
export function translateSaid(sentence: string, t: Translate): string {
  for (const { text, names, finished } of PATTERNS) {
    const match = finished.exec(sentence);
    if (match) return t(text, Object.fromEntries(names.map((name, index) => [name, translateSaid(match[index + 1] ?? '', t)])));
  }
  return sentence;
}
