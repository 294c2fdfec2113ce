import type { SourceClock } from './source-clock.js';

/** What a source can say of a call, under the names that Asterisk's CDR backends use. */
export type Field =
  | 'accountcode' | 'src' | 'dst' | 'dcontext' | 'clid' | 'channel' | 'dstchannel' | 'lastapp' | 'lastdata'
  | 'start' | 'answer' | 'end' | 'duration' | 'billsec' | 'disposition' | 'amaflags'
  | 'uniqueid' | 'userfield' | 'peeraccount' | 'linkedid' | 'sequence';

/** A call as its source wrote it: texts as they are, times by the source's wall clock; absent fields are not there. */
export type SourceCall = Readonly<Partial<Record<Field, string>>>;

/** How many characters the source keeps of a field, where it says. */
export type FieldLimits = Readonly<Partial<Record<Field, number>>>;

/** One record of a source, or why it is none. `where` is what a reader needs to find it: `Master.csv:17`. */
export type SourceRecord =
  | { readonly kind: 'call'; readonly where: string; readonly call: SourceCall }
  | { readonly kind: 'unreadable'; readonly where: string; readonly reason: string };

/** A run of records; `done` is the part of the source (0 to 1) that ends with it. */
export interface SourceBatch {
  readonly records: readonly SourceRecord[];
  readonly done: number;
  /** Where records that are the same to the letter may be two calls: within one scope (a file, a table), not across. */
  readonly scope: string;
}

/** Where calls can be read that AMI may have missed. */
export interface CallSource {
  /** For the report: which files, which table. */
  readonly name: string;
  /** By which its times are. */
  readonly clock: SourceClock;
  readonly limits: FieldLimits;
  batches(): AsyncGenerator<SourceBatch>;
  /** What the report should say besides the counts; whole once `batches` has ended. */
  readonly notes: readonly string[];
  /** Parts that could not be read, each with a next step. */
  readonly failures: readonly string[];
  close(): Promise<void>;
}
