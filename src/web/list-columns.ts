import type { Request } from 'express';
import { InvalidInputError } from '../errors.js';
import type { LogDefinition } from '../logs/columns.js';

/** The columns that a list shows where none are chosen. */
export const listedColumns = (log: LogDefinition): string[] => Object.keys(log.columns).filter((name) => log.columns[name]?.listed);

/** Reads `src,dst`: names of columns in their order. Throws InvalidInputError that says which of them is none of `there`, or stands twice. */
export function parseColumns(list: unknown, there: readonly string[]): readonly string[] {
  if (typeof list !== 'string') throw new InvalidInputError('columns', 'must be a single value');
  const names = list.split(',').map((name) => name.trim()).filter((name) => name !== '');
  if (names.length === 0) throw new InvalidInputError('columns', 'must name at least one column');
  const unknown = names.find((name) => !there.includes(name));
  if (unknown !== undefined) throw new InvalidInputError('columns', `has no ${unknown}; there are ${there.join(', ')}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidInputError('columns', `names ${twice} more than once`);
  return names;
}

/** Of remembered names those that still are columns; null where none is left. */
export function knownColumns(log: LogDefinition, remembered: string | null): readonly string[] | null {
  const names = [...new Set((remembered ?? '').split(','))].filter((name) => Object.hasOwn(log.columns, name));
  return names.length === 0 ? null : names;
}

/** Whether these are what the list shows anyway. */
export const areListed = (log: LogDefinition, columns: readonly string[]): boolean => columns.join(',') === listedColumns(log).join(',');

/** All values that a form sends under one name. */
export function fieldValues(request: Request, name: string): string[] {
  const body = request.body as Readonly<Record<string, unknown>> | undefined;
  return [body?.[name]].flat().filter((value): value is string => typeof value === 'string');
}

/** The columns of a form of boxes, in its order but for the one that `move` (`up src`, `down src`) puts past its neighbour among those that are ticked. */
export function movedColumns(ticked: readonly string[], move: string): string[] {
  const [way, name = ''] = move.split(' ');
  const columns = [...ticked];
  const from = columns.indexOf(name);
  const to = way === 'up' ? from - 1 : from + 1;
  if (from === -1 || to < 0 || to >= columns.length) return columns;
  columns.splice(to, 0, ...columns.splice(from, 1));
  return columns;
}
