/**
 * A log's columns stand once, here described and in each log's `columns.ts` listed: the record's
 * type, the page, the JSON, the CSV, the sort keys and the filters all come from that list.
 */
export type ColumnType =
  /** Row id: positive integer. */
  | 'id'
  | 'text'
  | 'integer'
  /** Whole seconds. */
  | 'seconds'
  | 'flag'
  /** Microseconds since 1970 UTC; `instant` is shown to the millisecond, `precise-instant` to the microsecond. */
  | 'instant'
  | 'precise-instant';

export interface Column {
  /** The column in the database. */
  readonly db: string;
  readonly title: string;
  /** For people, where the title does not say enough: what the value means, and what its absence does. A sentence or two. */
  readonly about?: string;
  readonly type: ColumnType;
  /** Absent values are `''` or `0` in the database, so that keyset paging never meets NULL, and null in a record. */
  readonly optional?: true;
  /** Longest text kept, in characters; longer ones are cut at translation, never by the database. */
  readonly maxLength?: number;
  /** Holds several values parted by commas, which JSON gives as a list. */
  readonly list?: true;
  /** Has an index that sorts by it. */
  readonly sortable?: true;
  /** Can be asked for by exact value; a list names the only values there are. */
  readonly filter?: true | readonly string[];
  /** What a filter by it leaves, where that is not rows: `calls with a leg whose`. */
  readonly leaves?: string;
  /** Holds `address:port`; this column of the database has the address alone, which a filter without a port asks for. */
  readonly hostDb?: string;
  /** Holds a channel, `PJSIP/200-0000001f`; this column of the database has its device, `PJSIP/200`, which a filter asks for. */
  readonly deviceDb?: string;
  /** Holds a caller id; this column of the database has its name, by whose words `search` finds it. */
  readonly nameDb?: string;
  /** Has few values, each of very many rows. This column of the database repeats it and has the index, which a filter by it alone asks for: any other finds rows sooner. */
  readonly coarseDb?: string;
  /** `search` looks for texts that begin with what is given: a number or name that calls and signs in, a person's, or an address. */
  readonly search?: 'number' | 'name' | 'address';
  /** This column of the database has the text from its end on, 16 characters at most: `search` looks for endings, too. */
  readonly reversedDb?: string;
  /** Shown in the listing page unless others are chosen, in the order of the list. */
  readonly listed?: true;
}

export type Columns = Readonly<Record<string, Column>>;

type Plain<C extends Column> = C['type'] extends 'id' | 'integer' | 'seconds' | 'instant' | 'precise-instant'
  ? number
  : C['type'] extends 'flag'
    ? boolean
    : string;

/** The record that a list of columns describes. */
export type RecordOf<C extends Columns> = {
  readonly [K in keyof C]: C[K] extends { readonly optional: true } ? Plain<C[K]> | null : Plain<C[K]>;
};

export type Value = string | number | boolean | null;
export type LogRecord = Readonly<Record<string, Value>>;
export type DatabaseRow = Readonly<Record<string, unknown>>;

export interface LogDefinition<C extends Columns = Columns> {
  /** Path of the page and of the JSON. */
  readonly name: string;
  readonly title: string;
  /** What a row is and which there are, for people. A sentence or two. */
  readonly about?: string;
  readonly table: string;
  readonly columns: C;
  /** The column that `from` and `to` are about. */
  readonly timeColumn: string;
  readonly defaultSort: string;
  readonly defaultOrder: 'asc' | 'desc';
  /** What orders rows of the same sort value, before the id; the database's indexes end alike. */
  readonly tieBreak: readonly string[];
  /** Only rows where this database column is 1 are listed. */
  readonly onlyWhere?: string;
}

export const defineLog = <const C extends Columns>(definition: LogDefinition<C>): LogDefinition<C> => definition;

/** A row of the database as a record. */
export function fromRow<C extends Columns>(columns: C, row: DatabaseRow): RecordOf<C> {
  const record: Record<string, Value> = {};
  for (const { name, db, read } of readersOf(columns)) record[name] = read(row[db]);
  return record as RecordOf<C>;
}

/** The same of rows that are arrays of these database columns. */
export function recordsOf<C extends Columns>(columns: C, databaseColumns: readonly string[]): (row: readonly unknown[]) => RecordOf<C> {
  const places = readersOf(columns).map(({ name, db, read }) => ({ name, place: databaseColumns.indexOf(db), read }));
  const blank = blankOf<Value>(Object.keys(columns));
  return (row) => {
    const record = { ...blank };
    for (const { name, place, read } of places) record[name] = read(row[place]);
    return record as RecordOf<C>;
  };
}

/** An object of these names to be copied and filled: V8 builds one name by name in twice the time, and reads it slower. */
export const blankOf = <V>(names: readonly string[]): Record<string, V | null> => Object.fromEntries(names.map((name) => [name, null]));

/**
 * Makes records of rows that are arrays of these database columns. A record is a view on its row: its columns are read by
 * name, and it is not to be spread or compared. An export makes millions of them and reads each value once or twice.
 */
export function recordViews<C extends Columns>(columns: C, databaseColumns: readonly string[]): (row: readonly unknown[]) => RecordOf<C> {
  class View {
    constructor(readonly row: readonly unknown[]) {}
  }
  for (const { name, db, read } of readersOf(columns)) {
    const place = databaseColumns.indexOf(db);
    Object.defineProperty(View.prototype, name, {
      get(this: View) {
        return read(this.row[place]);
      },
    });
  }
  return (row) => new View(row) as unknown as RecordOf<C>;
}

type Reader = (stored: unknown) => Value;

// An export maps millions of rows by the same few lists.
const readers = new WeakMap<Columns, readonly { readonly name: string; readonly db: string; readonly read: Reader }[]>();

function readersOf(columns: Columns): readonly { readonly name: string; readonly db: string; readonly read: Reader }[] {
  let known = readers.get(columns);
  if (!known) {
    known = Object.entries(columns).map(([name, column]) => ({ name, db: column.db, read: readerOf(column) }));
    readers.set(columns, known);
  }
  return known;
}

/** A record, or some of its columns, as the database stores it. */
export function toRow<C extends Columns>(columns: C, record: Partial<RecordOf<C>>): Record<string, string | number> {
  const row: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(record)) {
    const column = columns[name];
    if (column) row[column.db] = storeValue(column, value as Value);
  }
  return row;
}

export const isInstant = ({ type }: Pick<Column, 'type'>): boolean => type === 'instant' || type === 'precise-instant';
export const isText = (column: Column): boolean => column.type === 'text';
export const maxLengthOf = (column: Pick<Column, 'maxLength'>): number => column.maxLength ?? 255;
/** The only values there are, where the column names them. */
export const choicesOf = ({ filter }: Pick<Column, 'filter'>): readonly string[] | null => (filter === undefined || filter === true ? null : filter);

function readerOf({ type, optional }: Column): Reader {
  if (type === 'text') return optional ? (stored) => (typeof stored === 'string' && stored !== '' ? stored : null) : (stored) => (typeof stored === 'string' ? stored : '');
  if (type === 'flag') return (stored) => Number(stored ?? 0) !== 0;
  return optional ? (stored) => Number(stored ?? 0) || null : (stored) => Number(stored ?? 0);
}

/** A value as the database stores it. */
export function storeValue(column: Column, value: Value): string | number {
  if (column.type === 'text') return clip(value === null ? '' : String(value), maxLengthOf(column));
  return Number(value ?? 0);
}

/** Cuts a text to a number of characters without tearing one apart. */
export function clip(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}
