import v8 from 'node:v8';
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { standBack } from '../thread-priority.js';
import { MOST_BLOCKS, type Block, type ExportTask, type FromThread, type ToThread } from './export-task.js';

export interface ExportWorkerData {
  /** Loaded before there is a file to write. */
  readonly driver: 'better-sqlite3' | 'mysql2';
}

/** V8 sees no hurry in what lies outside its heap, and would let 64 MB of pages that were read gather there. */
const BLOCKS_A_COLLECTION = 8;

standBack();
const port = parentPort;
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
const free: ArrayBuffer[] = [];
let underWay = 0;
let wake: () => void = () => undefined;

const say = (message: FromThread, transfer: ArrayBuffer[] = []): void => port?.postMessage(message, transfer);

async function blocksOf(task: ExportTask): Promise<AsyncIterable<Block>> {
  if (task.kind === 'calls') return (await import('./export-calls.js')).blocks(task);
  if (task.format === 'xlsx') return (await import('./export-book.js')).blocks(task);
  return (await import('./export-lines.js')).blocks(task, () => free.pop() ?? null);
}

async function write(task: ExportTask): Promise<void> {
  let blocksWritten = 0;
  try {
    for await (const block of await blocksOf(task)) {
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
}

port?.on('message', (message: ToThread) => {
  if ('task' in message) {
    void write(message.task);
    return;
  }
  if (free.length < MOST_BLOCKS) free.push(message.memory);
  underWay -= 1;
  wake();
});
// Whoever fails to load says so when a file needs it.
await Promise.all([import((workerData as ExportWorkerData).driver), import('./export-lines.js')]).catch(() => undefined);
