import v8 from 'node:v8';
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { MOST_BLOCKS, type Block, type ExportTask, type FromThread, type Written } from './export-task.js';

export interface ExportWorkerData {
  readonly task: ExportTask;
  /** Address of the module that writes the format, in TypeScript or built. */
  readonly module: string;
}

/** What such a module has: the blocks of the file, in order. `spare` gives memory that is free again. */
export interface Writes {
  readonly blocks: (task: ExportTask, spare: () => ArrayBuffer | null) => AsyncIterable<Block>;
}

/** V8 sees no hurry in what lies outside its heap, and would let 64 MB of pages that were read gather there. */
const BLOCKS_A_COLLECTION = 8;

const { task, module } = workerData as ExportWorkerData;
const { blocks } = (await import(module)) as Writes;
const port = parentPort;
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
const free: ArrayBuffer[] = [];
let underWay = 0;
let blocksWritten = 0;
let wake: () => void = () => undefined;

const say = (message: FromThread, transfer: ArrayBuffer[] = []): void => port?.postMessage(message, transfer);

port?.on('message', ({ memory }: Written) => {
  if (memory && free.length < MOST_BLOCKS) free.push(memory);
  underWay -= 1;
  wake();
});

try {
  for await (const block of blocks(task, () => free.pop() ?? null)) {
    say({ block }, [block.bytes.buffer]);
    underWay += 1;
    blocksWritten += 1;
    if (blocksWritten % BLOCKS_A_COLLECTION === 0) collect({ type: 'minor' });
    while (underWay >= MOST_BLOCKS) await new Promise<void>((resolve) => (wake = resolve));
  }
  say({ end: true });
} catch (error) {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
  say({ error: { message: error instanceof Error ? error.message : String(error), code } });
}
port?.close();
