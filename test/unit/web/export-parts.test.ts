import { expect, it } from 'vitest';
import type { LogRecord } from '../../../src/logs/columns.js';
import { parts } from '../../../src/web/export-rows.js';

it('writes a block in parts, and lets others have their turn between them', async () => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const records = Array.from({ length: 1_000 }, (_, id): LogRecord => ({ id }));
  const written: LogRecord[] = [];
  const turnsBefore: number[] = [];
  for await (const part of parts(records)) {
    written.push(...part);
    turnsBefore.push(turns);
  }
  isOver = true;
  expect(written).toEqual(records);
  expect(turnsBefore.length).toBeGreaterThanOrEqual(10);
  expect(new Set(turnsBefore).size).toBe(turnsBefore.length);
});

it('has one part of a block without rows, whose header is written', async () => {
  const sizes: number[] = [];
  for await (const part of parts([])) sizes.push(part.length);
  expect(sizes).toEqual([0]);
});
