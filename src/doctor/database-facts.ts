/** What the newest calls of this PBX in the table tell about cdr_manager's mappings; at most twenty are read. */
export interface CallFacts {
  readonly newest: number;
  /** How many of them start at a fraction of a second, which only `start,u` gives. */
  readonly exact: number;
  readonly newestIsExact: boolean;
  readonly linked: number;
  readonly numbered: number;
}

export type MigrationFacts =
  /** No table of migrations: nothing has been started here yet. */
  | { readonly kind: 'none' }
  | { readonly kind: 'some'; readonly pending: readonly string[]; readonly strange: readonly string[] };

export type DatabaseFacts =
  | { readonly kind: 'failed'; readonly engine: 'sqlite' | 'mysql'; readonly place: string; readonly code: string; readonly message: string }
  | {
      readonly kind: 'sqlite';
      readonly place: string;
      /** Null: there is no file yet, so that nothing could be read. */
      readonly content: { readonly version: string; readonly migrations: MigrationFacts; readonly calls: CallFacts | null } | null;
      readonly writable: boolean;
      readonly freeBytes: number | null;
    }
  | {
      readonly kind: 'mysql';
      readonly place: string;
      readonly version: string;
      readonly timeZone: string;
      readonly charset: string;
      readonly readOnly: boolean;
      /** 1: each commit is on disk before it is answered. */
      readonly flushAtCommit: number | null;
      readonly migrations: MigrationFacts;
      readonly calls: CallFacts | null;
    };

export type RedisFacts =
  | { readonly kind: 'unset' }
  | { readonly kind: 'failed'; readonly place: string; readonly message: string }
  /** `policy` and `maxmemory` as `INFO memory` gives them; null when it does not. */
  | { readonly kind: 'up'; readonly place: string; readonly version: string; readonly policy: string | null; readonly maxmemory: number | null };
