import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { PbxInput } from '../../../src/ami/input.js';
import { Drainer } from '../../../src/pipeline/drainer.js';
import type { SpoolBatch } from '../../../src/pipeline/spool.js';

const IN_BATCH = 2_000;
/** Of a state that takes so long to pack, and packs so little, that neither size nor time asks for a checkpoint. */
const LARGE = randomBytes(12_000_000).toString('hex');

/** After which batches the spool is told to forget. */
async function forgottenAfter(batches: readonly SpoolBatch[]): Promise<number[]> {
  const forgotten: number[] = [];
  const waiting = [...batches];
  const drainer = new Drainer({
    pbx: 'lab',
    logger: pino({ level: 'silent' }),
    spool: {
      take: () => Promise.resolve(waiting.shift() ?? null),
      checkpoint(seq) {
        forgotten.push(seq);
        return Promise.resolve();
      },
    },
    translator: { handle: () => [], savePieces: () => [LARGE] },
    write: () => Promise.resolve(0),
  });
  drainer.start();
  await expect.poll(() => forgotten.at(-1)).toBe(batches.at(-1)?.seq);
  await drainer.stop();
  return forgotten;
}

it('lets a spool that has little room forget sooner what is written', async () => {
  const inputs = Array.from({ length: IN_BATCH }, (_, at): PbxInput => ({ kind: 'tick', at }));
  const batches = (crowded: boolean): SpoolBatch[] => Array.from({ length: 25 }, (_, index) => ({ seq: index + 1, inputs, more: true, crowded }));
  // The first one and the last before it stops ask for nothing else.
  expect(await forgottenAfter(batches(false))).toEqual([1, 25]);
  expect(await forgottenAfter(batches(true))).toEqual([1, 11, 21, 25]);
});
