import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { DiskSpool } from '../../../src/pipeline/disk-spool.js';
import { built } from '../../support/logbook.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

/** What docs/reliability.md promises: so long after it was heard, an event is on disk. */
const ON_DISK_MS = 50;
/** Two cores, shared with whatever else runs here. */
const SCHEDULING_MS = 150;

// A process that pushes numbered events as fast as it can, and says every few what it has pushed by now.
const PUSHER = `
  import { pino } from 'pino';
  const { DiskSpool } = await import(process.argv[1] + '/pipeline/disk-spool.js');
  const { amiEvent } = await import(process.argv[1] + '/ami/event.js');
  const spool = await DiskSpool.open({ dir: process.argv[2], pbx: 'lab', maxMb: 256, logger: pino({ level: 'silent' }) });
  spool.push({ kind: 'connected', at: 0 });
  let n = Number(process.argv[3]);
  setInterval(() => {
    for (let i = 0; i < 50; i += 1) spool.push({ kind: 'event', event: amiEvent('UserEvent', n, new Map([['number', String(n++)]])) });
    process.stdout.write(n + '\\n');
  }, 2);
`;

it('what was heard 50 ms before a SIGKILL is in the spool, in order and once, kill after kill', async () => {
  await built();
  const dir = tempFolder('spool');
  const dist = join(import.meta.dirname, '../../../dist/src');
  let begun = 0;
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PUSHER, dist, dir, String(begun)], { cwd: join(dist, '../..'), stdio: ['ignore', 'pipe', 'inherit'] });
    const said: { readonly n: number; readonly at: number }[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push({ n: Number(line), at: performance.now() }));
    while (said.length < 20) await sleep(5);
    const promisedBy = (now: number): number => {
      // A line comes each few milliseconds: where one comes later, the machine has stood still.
      const haltMs = Math.max(...said.map(({ at }, index) => at - (said[index - 1]?.at ?? at)));
      return said.filter(({ at }) => at < now - ON_DISK_MS - SCHEDULING_MS - haltMs).at(-1)?.n ?? 0;
    };
    await sleep(300 + 150 * round);
    while (promisedBy(performance.now()) <= begun) await sleep(20);
    const killedAt = performance.now();
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const promised = promisedBy(killedAt);

    const spool = await DiskSpool.open({ dir, pbx: 'lab', maxMb: 256, logger: pino({ level: 'silent' }) });
    const numbers: number[] = [];
    await spool.flush();
    let last = 0;
    for (let batch = await spool.take(AbortSignal.abort()); batch; batch = await spool.take(AbortSignal.abort())) {
      for (const input of batch.inputs) if (input.kind === 'event') numbers.push(Number(input.event.get('Number')));
      last = batch.seq;
    }
    expect(promised).toBeGreaterThan(begun);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => begun + index));
    expect(numbers.at(-1)).toBeGreaterThanOrEqual(promised - 1);
    begun = (numbers.at(-1) ?? 0) + 1;
    await spool.checkpoint(last, Buffer.from(String(begun)));
    await spool.close();
  }
  removeFolder(dir);
});
