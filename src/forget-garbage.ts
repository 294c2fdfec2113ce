import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What starting leaves behind V8 would keep for as long as a thread has little to do; of a thread with a database's driver that is a third. */
export function forgetGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;
  // Any other way V8 keeps the memory that it has emptied.
  collect({ type: 'major', flavor: 'last-resort' });
}
