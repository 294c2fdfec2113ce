import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asterisk } from './asterisk.js';
import { freePort, removeFolder, run, tempFolder } from './processes.js';
import { filled } from './template.js';

export interface CallOptions {
  readonly user: string;
  /** What is called; `[call_number]` in it becomes 1, 2, 3 … */
  readonly number: string;
  readonly count: number;
  readonly perSecond: number;
  readonly ip?: string;
}

export interface Calls {
  /** Waits until all are over. Rejects unless each was answered and ended as it should. */
  ended(): Promise<void>;
  /** Ends them at once, wherever they are. */
  abandon(): Promise<void>;
}

/** Places many calls with sipp, at a pace, all from one phone. */
export async function placeCalls(pbx: Asterisk, options: CallOptions): Promise<Calls> {
  const { user, number, count, perSecond, ip = '127.0.0.1' } = options;
  const folder = tempFolder('calls');
  const scenario = join(folder, 'call.xml');
  const errors = join(folder, 'errors.log');
  writeFileSync(scenario, filled(join(import.meta.dirname, 'sipp/call.xml'), { number }));
  const process_ = run('sipp', [
    `127.0.0.1:${pbx.sipPort}`, '-sf', scenario, '-i', ip, '-p', String(await freePort(ip)), '-s', user, '-au', user, '-ap', `${user}-change-me`,
    '-m', String(count), '-r', String(perSecond), '-l', '1000', '-nostdin', '-trace_err', '-error_file', errors,
  ], join(folder, 'sipp.log'), { cwd: folder });
  const over = async (): Promise<number | string> => {
    for (;;) {
      const ended = process_.ended();
      if (ended !== null) return ended;
      await sleep(20);
    }
  };
  return {
    async ended() {
      const status = await over();
      if (status !== 0) throw new Error(`sipp ended with ${status}: not each of ${count} calls was answered and ended\n${existsSync(errors) ? readFileSync(errors, 'utf8').slice(-3_000) : ''}`);
      removeFolder(folder);
    },
    async abandon() {
      await process_.stop('SIGKILL');
      removeFolder(folder);
    },
  };
}
