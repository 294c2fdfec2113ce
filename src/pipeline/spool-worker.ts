import { parentPort, workerData } from 'node:worker_threads';
import type { Heard, SpoolFile, StoredBatch } from './spool-file.js';

/** What the main thread asks for; each question has one answer, in order. */
export type Question =
  | { readonly ask: 'open' }
  | { readonly ask: 'append'; readonly batches: readonly StoredBatch[]; readonly heard: Heard | null }
  | { readonly ask: 'read'; readonly after: number; readonly mostEvents: number }
  | { readonly ask: 'checkpoint'; readonly seq: number; readonly state: Uint8Array }
  | { readonly ask: 'close' };

export type Reply = { readonly value: unknown } | { readonly error: { readonly code: string; readonly message: string } };

export interface WorkerData {
  readonly path: string;
  /** Address of spool-file, in TypeScript or built: Node resolves no `.js` to a `.ts` in a thread. */
  readonly module: string;
}

const { path, module } = workerData as WorkerData;
const { SpoolFile: File } = (await import(module)) as typeof import('./spool-file.js');
let file: SpoolFile | null = null;

function answer(question: Question): unknown {
  file ??= new File(path);
  switch (question.ask) {
    case 'open':
      try {
        return file.open();
      } catch (error) {
        // A damaged file is about to be put aside: nothing may hold on to it.
        file.close();
        file = null;
        throw error;
      }
    case 'append':
      return file.append(question.batches, question.heard);
    case 'read':
      return file.read(question.after, question.mostEvents);
    case 'checkpoint':
      return file.checkpoint(question.seq, question.state);
    case 'close':
      file.close();
      file = null;
      return null;
  }
}

parentPort?.on('message', (question: Question) => {
  let reply: Reply;
  try {
    reply = { value: answer(question) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'FAILED';
    reply = { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
  parentPort?.postMessage(reply);
  if (question.ask === 'close') parentPort?.close();
});
