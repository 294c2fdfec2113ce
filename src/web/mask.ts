import type { Column, Value } from '../logs/columns.js';

/** Which phone numbers lose their last three digits: none, those of six digits or more, or also the short ones inside. */
export const MASKS = ['no', 'outside', 'all'] as const;
export type Mask = (typeof MASKS)[number];

const SHORTEST: Readonly<Record<Exclude<Mask, 'no'>, number>> = { outside: 6, all: 2 };
const MASKED = 3;

/** Text columns in which digits are no phone number. All others are masked, so that a number does not leak by one nobody thought of. */
const WITHOUT_NUMBERS: ReadonlySet<string> = new Set([
  'amaflags', 'asteriskDisposition', 'details', 'ipAddress', 'lastapp', 'linkedid', 'pbx', 'remoteAddress', 'sequence', 'service', 'source', 'status',
  'tlsCipher', 'transport', 'uniqueid', 'userAgent',
]);

/** Whether a column's texts are masked where masking is asked for: words from a list of choices have no numbers either. */
export const isMasked = (name: string, { type, filter }: Pick<Column, 'type' | 'filter'>): boolean => type === 'text' && !Array.isArray(filter) && !WITHOUT_NUMBERS.has(name);

/** Digits of any script, also in groups as people write them: `+39 06/555-1234`. */
const GROUPED = /\p{Nd}(?:[ ()./\u00a0\u2010-\u2013-]*\p{Nd})*/gu;
const UNBROKEN = /\p{Nd}+/gu;
/** What Asterisk appends to a channel's name, which tells calls apart and holds no number. */
const CHANNEL_NAME = /^([A-Za-z0-9]+\/.*)(-[0-9a-f]{8}(?:;[12])?)$/s;

/** A text whose phone numbers end in `xxx`; each run of digits for itself, and groups of them that are one number together. */
export function maskNumbers(text: string, mask: Exclude<Mask, 'no'>): string {
  const shortest = SHORTEST[mask];
  const channel = CHANNEL_NAME.exec(text);
  if (channel) return masked(channel[1] ?? '', shortest) + (channel[2] ?? '');
  return masked(text, shortest);
}

/** The same for a JSON object, whose escapes have digits of their own. */
export function maskJson(text: string, mask: Exclude<Mask, 'no'>): string {
  const inside = (_name: string, value: unknown): unknown => (typeof value === 'string' || typeof value === 'number' ? maskNumbers(String(value), mask) : value);
  try {
    return JSON.stringify(JSON.parse(text), inside);
  } catch {
    return maskNumbers(text, mask);
  }
}

function masked(text: string, shortest: number): string {
  return text.replace(GROUPED, (group) => withoutEnd(group.replace(UNBROKEN, (run) => withoutEnd(run, shortest)), shortest));
}

/** Replaces the last three digits, where there are `shortest` or more; those that are masked already count. */
function withoutEnd(text: string, shortest: number): string {
  const characters = Array.from(text);
  const places = characters.flatMap((character, index) => (/[\p{Nd}x]/u.test(character) ? [index] : []));
  if (places.length < shortest) return text;
  for (const place of places.slice(-MASKED)) characters[place] = 'x';
  return characters.join('');
}

/** A value of a column with its numbers masked. */
export function maskValue(name: string, value: Value, mask: Exclude<Mask, 'no'>): Value {
  if (typeof value !== 'string') return value;
  return name === 'extra' ? maskJson(value, mask) : maskNumbers(value, mask);
}
