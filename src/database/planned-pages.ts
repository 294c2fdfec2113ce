/** A value of a statement: itself, one of the keyset of the row before, or how many rows. */
export type Binding = string | number | { readonly keyset: number } | { readonly limit: true };

export interface PlannedSql {
  readonly sql: string;
  readonly bindings: readonly Binding[];
}

/** How the pages of a list are asked for after a first one. Plain data, so that a thread can do it that has the driver alone. */
export interface PagePlan {
  readonly dialect: 'sqlite' | 'mysql';
  /** The index is given, so that a page is found in the same way however many rows it has. */
  readonly isIndexGiven: boolean;
  /** The database's columns, in the order of a row. */
  readonly columns: readonly string[];
  /** The keyset's places among them, and which are texts. */
  readonly keyset: readonly { readonly place: number; readonly text: boolean }[];
  /** Rows as arrays. */
  readonly arrays: PlannedSql;
  /** A row as one text, its cells parted by `CELL_END`; on SQLite all rows as one blob, parted by `ROW_END`, and how many they are. */
  readonly texts: PlannedSql;
}

/** Control characters that no call has; where a value has one after all, there are cells or rows too many, which is seen. */
export const CELL_END = 0x1f;
export const ROW_END = 0x1e;

/** The values of a statement of a plan. */
export const bound = ({ bindings }: Pick<PlannedSql, 'bindings'>, after: readonly (string | number)[], limit: number): (string | number)[] =>
  bindings.map((binding) => (typeof binding !== 'object' ? binding : 'limit' in binding ? limit : (after[binding.keyset] ?? 0)));
