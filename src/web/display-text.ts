import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../time.js';

/**
 * Characters that show nothing, or that turn the text around them: controls, bidirectional
 * overrides and isolates, zero-width marks, line separators, tags. A caller chooses his own name,
 * and with these it would look like another one.
 */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** A text with each hidden character spelled out, such as `⟨U+202E⟩`. Still to be escaped for HTML. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** `3,120`. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

const UNITS = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']] as const;

/** `1 min 4 s`, `2 d 3 h`, `0.25 s`: the two largest units. */
export function durationText(micros: Micros): string {
  const seconds = Math.round(micros / MICROS_PER_SECOND);
  if (seconds < 1) return `${Math.max(1, Math.round(micros / MICROS_PER_MS)) / 1_000} s`;
  const first = UNITS.findIndex(([size]) => seconds >= size);
  let left = seconds;
  const parts = UNITS.slice(first, first + 2).flatMap(([size, name]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return parts.join(' ');
}

/** `0:01:25`, hours as many as there are. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3_600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
