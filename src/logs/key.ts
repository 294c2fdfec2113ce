import { hash } from 'node:crypto';

/**
 * The key of a row, made of what the row is: the same happening heard twice gives the same key,
 * and the unique index on it keeps one row. 32 hexadecimal digits.
 */
export function eventKey(...parts: readonly (string | number | null)[]): string {
  let text = '';
  // A length before each part keeps ('a', 'bc') apart from ('ab', 'c').
  for (const part of parts) {
    const own = part === null ? '' : String(part);
    text += `${own.length}:${own}`;
  }
  return hash('sha256', text, 'hex').slice(0, 32);
}
