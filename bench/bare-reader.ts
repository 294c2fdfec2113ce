import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AmiSource } from './ami-source.js';

/** Seconds that asterisk-manager alone, in a process of its own, takes to read the events of a storm, which it forgets at once. */
export async function secondsToRead(source: AmiSource, phones: number, rounds: number): Promise<number> {
  const reader = fork(join(import.meta.dirname, 'bare-reader-process.js'), [String(source.port), String(phones * rounds)], { stdio: 'inherit' });
  const ended = once(reader, 'exit').then(() => Promise.reject(new Error('the reader ended before the storm')));
  ended.catch(() => undefined);
  const said = (): Promise<unknown> => Promise.race([once(reader, 'message'), ended]);
  try {
    await said();
    const start = performance.now();
    await Promise.all([source.storm(phones, rounds), said()]);
    return (performance.now() - start) / 1_000;
  } finally {
    reader.kill();
  }
}
