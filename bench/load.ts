import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BenchService } from './service.js';

export interface LoadOrder {
  readonly url: string;
  readonly cookie: string;
  readonly paths: readonly string[];
}

/** What was answered of a path; `failed` says why it was not asked for until the end. */
export interface LoadDone {
  readonly path: string;
  readonly answers: number;
  readonly bytes: number;
  readonly failed: string | null;
}

/** A process of its own that asks for some addresses without a break, all at once, each again as soon as it is answered. */
export interface Load {
  /** Lets each come to its end. Throws when one was not answered. */
  end(): Promise<readonly LoadDone[]>;
}

export function startLoad({ url, cookie }: Pick<BenchService, 'url' | 'cookie'>, paths: readonly string[]): Load {
  const child = fork(join(import.meta.dirname, 'load-process.js'), { stdio: 'inherit' });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the process that loads ended')));
  ended.catch(() => undefined);
  const heard = Promise.race([once(child, 'message') as Promise<[readonly LoadDone[]]>, ended]);
  heard.catch(() => undefined);
  child.send({ url, cookie, paths } satisfies LoadOrder);
  return {
    async end() {
      child.send('stop');
      const [done] = await heard;
      child.disconnect();
      for (const { failed } of done) if (failed !== null) throw new Error(failed);
      return done;
    },
  };
}
