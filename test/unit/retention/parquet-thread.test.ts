import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import type { ArchiveColumn } from '../../../src/retention/archive-parquet.js';
import { countParquet, parquetBlocks, parquetOf } from '../../../src/retention/parquet-thread.js';
import { removeFolder, tempFolder } from '../../support/processes.js';

const columns: readonly ArchiveColumn[] = [{ name: 'src', type: 'text', isOptional: false }];
const folder = tempFolder('parquet-thread');
const file = join(folder, 'calls.parquet');
afterAll(() => removeFolder(folder));

/** The next thread that begins. */
const nextThread = (): Promise<Worker> => new Promise((resolve) => process.once('worker', resolve));

async function* blocks(...numbers: readonly string[]): AsyncGenerator<{ src: string }[]> {
  for (const src of numbers) yield await Promise.resolve([{ src }]);
}

async function write(): Promise<void> {
  const parts: Uint8Array[] = [];
  for await (const bytes of parquetOf(columns, blocks('904', '909'))) parts.push(bytes);
  writeFileSync(file, Buffer.concat(parts));
}

test('a file goes through its threads and back', async () => {
  await write();
  const rows: Record<string, string>[] = [];
  for await (const block of parquetBlocks(file, 1)) rows.push(...block);
  expect(rows).toEqual([{ src: '904' }, { src: '909' }]);
  expect(await countParquet(file, () => Promise.resolve())).toBe(2);
});

test('a thread that dies amid a file breaks it off: another one would begin it once more', async () => {
  const writer = nextThread();
  const written = parquetOf(columns, blocks('904', '909', '910'));
  await written.next();
  await (await writer).terminate();
  await expect(written.next()).rejects.toThrow('ended amid a file');

  await write();
  const reader = nextThread();
  const read = parquetBlocks(file, 1);
  expect((await read.next()).value).toEqual([{ src: '904' }]);
  await (await reader).terminate();
  await expect(read.next()).rejects.toThrow('ended amid a file');
});
