import { NotFoundError } from '../errors.js';

/** The id in an address. Throws NotFoundError for what can be none. */
export function idOf(what: string, text: string): number {
  const id = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
  if (id === null) throw new NotFoundError(`no ${what} ${text}`);
  return id;
}
