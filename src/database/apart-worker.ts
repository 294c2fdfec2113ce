import { parentPort, workerData } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import { standBack } from '../thread-priority.js';

/** Each question has one answer, in order. */
export interface Question {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** The first says that the file is open. */
export type Reply = 'open' | { readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] } | { readonly error: { readonly code: string; readonly message: string } };

export interface WorkerData {
  readonly path: string;
  readonly busyTimeoutMs: number;
  /** Whether pages go first. */
  readonly standsBack: boolean;
}

const { path, busyTimeoutMs, standsBack } = workerData as WorkerData;
if (standsBack) standBack();
const file = new Sqlite(path, { readonly: true, timeout: busyTimeoutMs });

parentPort?.postMessage('open' satisfies Reply);
parentPort?.on('message', (question: Question | 'end') => {
  if (question === 'end') {
    file.close();
    parentPort?.close();
    return;
  }
  let reply: Reply;
  try {
    const statement = file.prepare(question.sql).raw();
    reply = { columns: statement.columns().map(({ name }) => name), rows: statement.all(...question.bindings) as unknown[][] };
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'FAILED';
    reply = { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
  parentPort?.postMessage(reply);
});
