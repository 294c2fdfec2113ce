import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;
let collect: Collect | null = null;

/** What starting, or a large text, leaves behind V8 would keep for as long as a thread has little to do; of a thread with a database's driver that is a third. */
export function forgetGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  // Any other way V8 keeps the memory that it has emptied.
  collect({ type: 'major', flavor: 'last-resort' });
}
