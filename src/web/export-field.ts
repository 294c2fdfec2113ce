import type { LogRecord, Value } from '../logs/columns.js';
import { maskValue, type Mask } from './mask.js';

/**
 * How a file writes a value. `local` and `utc` are instants in microseconds, on the wall clock of the zone and in UTC;
 * `seconds`, `clock` and `minutes` are durations in seconds.
 */
export type FieldKind = 'text' | 'number' | 'flag' | 'local' | 'utc' | 'seconds' | 'clock' | 'minutes';

/** A column of a file. Plain data, so that a thread can be told of it. */
export interface ExportField {
  /** The log's column. */
  readonly name: string;
  readonly title: string;
  readonly kind: FieldKind;
  /** A text or number that is nothing: absent. */
  readonly optional: boolean;
  readonly mask: Mask;
}

/** Reads a field's value of a record, masked where that was chosen. */
export function reader({ name, mask }: ExportField): (record: LogRecord) => Value {
  const value = (record: LogRecord): Value => record[name] ?? null;
  return mask === 'no' ? value : (record) => maskValue(name, value(record), mask);
}
