import { isInstant, type Column, type LogDefinition } from '../logs/columns.js';
import { columnsOf, type ExportChoices } from './export-choices.js';
import type { ExportField } from './export-field.js';
import { isMasked } from './mask.js';
import type { ReaderZone } from './zone.js';

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
  const field = { name, title, optional: column.optional === true, mask: 'no' } as const;
  if (isInstant(column)) {
    const local: ExportField = { ...field, title: `${title} (${zone.name})`, kind: 'local' };
    const utc: ExportField = { ...field, title: `${title} UTC (ISO)`, kind: 'utc' };
    return dates === 'both' ? [local, utc] : [dates === 'local' ? local : utc];
  }
  switch (column.type) {
    case 'seconds':
      return [{ ...field, title: durations === 'minutes' ? `${title} (minutes)` : title, kind: durations }];
    case 'flag':
      return [{ ...field, kind: 'flag' }];
    case 'text':
      return [{ ...field, kind: 'text', mask: isMasked(name, column) ? mask : 'no' }];
    default:
      return [{ ...field, kind: 'number' }];
  }
}
