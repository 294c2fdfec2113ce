import { interestIn } from './vocabulary.js';

/** What became of one block of text. `text` is ready for asterisk-manager; the other kinds never reach it. */
export type CheckedBlock =
  | { readonly kind: 'event' | 'answer'; readonly text: string; readonly dropped: readonly string[] }
  | { readonly kind: 'uninteresting' | 'stray-answer' }
  | { readonly kind: 'unknown'; readonly name: string; readonly headerNames: readonly string[] }
  | { readonly kind: 'malformed'; readonly headerNames: readonly string[] };

/** True for an ActionID that is ours and still waits for its answer, or for its list's entries. */
export type IsExpected = (actionId: string) => boolean;

// A line break within a name would end the line for asterisk-manager, and what follows be a header or a block of its own.
const HEADER = /^([^\s:][^:\r\n]*):[ \t]?/;
/** An event of which nothing must be escaped, dropped or joined, with names of printable ASCII: nearly all of them. */
const PLAIN_EVENT = /^Event: (\w+)(?:\r\n(?!(?:event|response|actionid|output|variable|chanvariable|userevent|__proto__|constructor):)[!-$&-9;-~]+: [^\r\n%]*)+$/i;
const MOST_PLAIN = 8_000;
const NONE: readonly string[] = [];
const MAX_HEADERS = 2_000;
const ANSWERS = new Set(['success', 'error', 'goodbye', 'pong']);
// asterisk-manager keeps headers as keys of a plain object, where these two are not keys like others.
const UNSAFE = new Set(['__proto__', 'constructor']);

/**
 * Checks one block and writes it anew so that asterisk-manager reads what was meant: one header a
 * line, values with CR, LF and `%` escaped (undo with {@link unescapeValue}), all `Output` lines in one.
 *
 * Headers that would mislead it are dropped and named: keys that break its objects, the `Response`
 * of an event and the `Event` of an answer (it would take one for the other), ActionIDs of others
 * (it emits on them by name).
 */
export function checkBlock(text: string, isExpected: IsExpected): CheckedBlock {
  const plain = text.length <= MOST_PLAIN ? PLAIN_EVENT.exec(text)?.[1] : undefined;
  if (plain !== undefined) {
    const interest = interestIn(plain);
    if (interest.kind === 'uninteresting') return interest;
    if (interest.kind === 'happening') return { kind: 'event', text: `Event: ${interest.name}${text.slice('Event: '.length + plain.length)}\r\n\r\n`, dropped: NONE };
  }
  const malformed: string[] = [];
  const headers = readHeaders(text.split('\r\n'), malformed);
  const names = (): string[] => [...headers.map(([name]) => name), ...malformed].slice(0, 50);
  const first = headers[0];
  if (first === undefined || headers.length > MAX_HEADERS) return { kind: 'malformed', headerNames: names() };
  const [, kindValue, kindKey] = first;
  const actionId = headers.find(([, , key]) => key === 'actionid')?.[1] ?? '';
  switch (kindKey) {
    case 'response': {
      if (!ANSWERS.has(kindValue.toLowerCase())) return { kind: 'malformed', headerNames: names() };
      if (!isExpected(actionId)) return { kind: 'stray-answer' };
      const dropped = malformed.map(() => '(no header)');
      return { kind: 'answer', text: write(`Response: ${kindValue}`, headers, (name) => name === 'event' || name === 'response', dropped), dropped };
    }
    case 'event': {
      const interest = interestIn(kindValue);
      if (interest.kind === 'uninteresting') return interest;
      if (interest.kind === 'unknown') return { kind: 'unknown', name: kindValue.slice(0, 80), headerNames: names() };
      const expected = isExpected(actionId);
      if (interest.kind === 'listed' && !expected) return { kind: 'stray-answer' };
      const dropped = malformed.map(() => '(no header)');
      const unwanted = (name: string): boolean => name === 'event' || name === 'response' || (name === 'actionid' && !expected);
      return { kind: 'event', text: write(`Event: ${interest.name}`, headers, unwanted, dropped), dropped };
    }
    default:
      return { kind: 'malformed', headerNames: names() };
  }
}

type Header = readonly [name: string, value: string, key: string];

const header = (name: string, value: string): Header => [name, value, name.toLowerCase()];

function readHeaders(lines: readonly string[], malformed: string[]): Header[] {
  const headers: Header[] = [];
  let output: string[] | null = null;
  for (const line of lines) {
    const match = HEADER.exec(line);
    if (!match) {
      if (line !== '') malformed.push('(no header)');
      continue;
    }
    const name = (match[1] ?? '').trimEnd();
    const value = line.slice(match[0].length);
    if (name.toLowerCase() !== 'output') headers.push(header(name, value));
    else if (output) output.push(value);
    else {
      headers.push(header('Output', ''));
      output = [value];
    }
  }
  const joined = output?.join('\n');
  return joined === undefined ? headers : headers.map((one) => (one[0] === 'Output' ? header('Output', joined) : one));
}

function write(kindLine: string, headers: readonly Header[], unwanted: (name: string) => boolean, dropped: string[]): string {
  let text = `${kindLine}\r\n`;
  // asterisk-manager makes a list of a header that comes twice, and throws when this one is no text.
  const userEvent = headers.findLastIndex(([, , key]) => key === 'userevent');
  for (const [index, [name, value, key]] of headers.entries()) {
    if (index === 0 || (key === 'userevent' && index !== userEvent)) continue;
    if (UNSAFE.has(key)) dropped.push(name);
    else if (!unwanted(key)) text += `${name}: ${escapeValue(key, value)}\r\n`;
  }
  return `${text}\r\n`;
}

// asterisk-manager makes an object of `Variable: a=b`; without its `=` the whole text is the key.
function escapeValue(key: string, value: string): string {
  const special = key === 'variable' || key === 'chanvariable' ? /[%\r\n=]/g : /[%\r\n]/g;
  return value.replace(special, (char) => ESCAPES[char] ?? char);
}

const ESCAPES: Readonly<Record<string, string>> = { '%': '%25', '\r': '%0D', '\n': '%0A', '=': '%3D' };

/** Undoes the escapes of {@link checkBlock}. */
export function unescapeValue(value: string): string {
  return value.includes('%') ? value.replace(/%(?:25|0D|0A|3D)/g, (code) => String.fromCharCode(parseInt(code.slice(1), 16))) : value;
}
