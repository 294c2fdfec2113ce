import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { parquetRows, parquetWriter, type ArchiveColumn } from './archive-parquet.js';

/** A thread writes one file or reads one. */
export type WorkerData = { readonly kind: 'write'; readonly columns: readonly ArchiveColumn[] } | { readonly kind: 'read'; readonly path: string; readonly size: number };

/** The values of some rows, column by column; of a file that is read, only how many rows there are next; what is next; the end of a file that is written. */
export type Question = { readonly cells: readonly (readonly unknown[])[] } | 'count' | 'next' | 'end';

/** Each question has one answer: bytes, few or none until enough rows are together, or rows, null behind the last. */
export type Reply = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly rows: ReadRows | null } | { readonly error: string };

export interface ReadRows {
  readonly count: number;
  readonly names: readonly string[];
  /** Row by row; none where only their number was asked for. */
  readonly cells: readonly (readonly string[])[];
}

const port = parentPort;
const data = workerData as WorkerData;
const say = (reply: Reply): void => port?.postMessage(reply, 'bytes' in reply ? [reply.bytes.buffer] : []);
const answer = data.kind === 'write' ? writing(data.columns) : reading(data.path, data.size);
// One after the other, whenever they come.
let last: Promise<void> = Promise.resolve();

port?.on('message', (question: Question) => {
  last = last.then(() => answer(question)).then(say, (error: unknown) => say({ error: messageOf(error) }));
});

function writing(columns: readonly ArchiveColumn[]): (question: Question) => Promise<Reply> {
  const opened = parquetWriter(columns);
  return async (question) => {
    const writer = await opened;
    return { bytes: typeof question === 'object' ? await writer.add(question.cells) : await writer.finish() };
  };
}

function reading(path: string, size: number): (question: Question) => Promise<Reply> {
  const rows = parquetRows(path, size);
  return async (question) => {
    const next = await rows.next();
    if (next.done === true) return { rows: null };
    const { names, cells } = next.value;
    return { rows: { count: cells.length, names, cells: question === 'count' ? [] : cells } };
  };
}
