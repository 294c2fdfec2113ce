import { isInstant, type Column, type LogDefinition, type LogRecord, type Value } from '../logs/columns.js';
import { columnsOf, type ExportChoices } from './export-choices.js';
import { isMasked, maskValue } from './mask.js';
import type { ReaderZone } from './zone.js';

/**
 * How a file writes a value. `local` and `utc` are instants in microseconds, on the wall clock of the zone and in UTC;
 * `seconds`, `clock` and `minutes` are durations in seconds.
 */
export type FieldKind = 'text' | 'number' | 'flag' | 'local' | 'utc' | 'seconds' | 'clock' | 'minutes';

/** A column of a file. */
export interface ExportField {
  readonly title: string;
  readonly kind: FieldKind;
  readonly value: (record: LogRecord) => Value;
}

/** The columns of the file that was chosen, in their order: an instant makes two unless one was asked for. */
export function fieldsOf(log: LogDefinition, choices: Omit<ExportChoices, 'format'>, zone: ReaderZone): ExportField[] {
  const columns = columnsOf(log, choices.calls);
  return choices.columns.flatMap((name) => {
    const column = columns[name];
    return column ? fieldsOfColumn(name, column, choices, zone) : [];
  });
}

function fieldsOfColumn(name: string, column: Omit<Column, 'db'>, { dates, durations, mask }: Omit<ExportChoices, 'format'>, zone: ReaderZone): ExportField[] {
  const { title } = column;
  const value = (record: LogRecord): Value => record[name] ?? null;
  if (isInstant(column)) {
    const local: ExportField = { title: `${title} (${zone.name})`, kind: 'local', value };
    const utc: ExportField = { title: `${title} UTC (ISO)`, kind: 'utc', value };
    return dates === 'both' ? [local, utc] : [dates === 'local' ? local : utc];
  }
  switch (column.type) {
    case 'seconds':
      return [{ title: durations === 'minutes' ? `${title} (minutes)` : title, kind: durations, value }];
    case 'flag':
      return [{ title, kind: 'flag', value }];
    case 'text':
      return [{ title, kind: 'text', value: mask !== 'no' && isMasked(name, column) ? (record) => maskValue(name, value(record), mask) : value }];
    default:
      return [{ title, kind: 'number', value }];
  }
}
