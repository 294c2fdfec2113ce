import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../database/database.js';
import type { Output } from '../logs/output.js';
import { writeBatch } from './writer.js';

export interface WriterData {
  readonly databaseUrl: string;
  readonly listener: string;
}

/** What of an error says whether it is about the row, about somebody in the way, or about the database. */
export interface PlainError {
  readonly isAboutTheValue: boolean;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export type WriterQuestion = { readonly ask: 'write'; readonly outputs: readonly Output[] } | { readonly ask: 'close' };
export type WriterReply = { readonly notKept: number } | { readonly error: PlainError };

const { databaseUrl, listener } = workerData as WriterData;
// Whoever asks tries again; it lets others read and write in between.
const database = { ...openDatabase(databaseUrl), patienceMs: 0 };

async function answer(question: WriterQuestion): Promise<WriterReply> {
  try {
    if (question.ask === 'write') return { notKept: await writeBatch(database, question.outputs, listener) };
    await database.close();
    return { notKept: 0 };
  } catch (error) {
    return { error: plain(error) };
  }
}

function plain(error: unknown): PlainError {
  const facts: Record<string, string | number> = {};
  for (const name of ['name', 'code', 'errno', 'sqlState', 'sqlMessage']) {
    const value: unknown = error instanceof Error ? error[name as keyof Error] : undefined;
    if (typeof value === 'string' || typeof value === 'number') facts[name] = value;
  }
  return { isAboutTheValue: error instanceof TypeError || error instanceof RangeError, message: error instanceof Error ? error.message : String(error), facts };
}

let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (question: WriterQuestion) => {
  last = last.then(async () => {
    parentPort?.postMessage(await answer(question));
    if (question.ask === 'close') parentPort?.close();
  });
});
