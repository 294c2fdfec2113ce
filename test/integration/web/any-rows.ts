import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { choicesOf, isInstant, isText, toRow, type Column, type Columns, type LogDefinition, type RecordOf, type Value } from '../../../src/logs/columns.js';
import { at } from './samples.js';

/** Rows of a log, whichever: one with all there is, one with nothing, one for each word of each column that has only some. */
export async function fill(knex: Knex, log: LogDefinition): Promise<void> {
  const columns = (await knex(log.table).columnInfo()) as unknown as Readonly<Record<string, { readonly type: string }>>;
  // What the database makes of other columns cannot be written.
  const table = Object.fromEntries(Object.entries(columns).filter(([name]) => !/_reversed$|_device$|_listed$|^remote_host$|^caller_name$/.test(name)));
  const rest = Object.fromEntries(Object.entries(table).map(([name, { type }]) => [name, /int|bool/.test(type) ? (name === log.onlyWhere ? 1 : 0) : name === 'contacts' ? '[]' : '']));
  const words = Object.entries(log.columns).flatMap(([name, column]) => (choicesOf(column) ?? []).map((word) => ({ ...absent(log), [name]: column.type === 'flag' ? word === 'true' : word })));
  for (const record of [full(log), absent(log), ...words]) {
    const row = { ...rest, ...toRow(log.columns, record as Partial<RecordOf<Columns>>), ...('event_key' in table ? { event_key: randomUUID().slice(0, 32) } : { username: randomUUID() }) };
    await knex(log.table).insert(Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'id')));
  }
}

const record = (log: LogDefinition, value: (column: Column) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(log.columns).map(([name, column]) => [name, value(column)]));

const full = (log: LogDefinition): Record<string, Value> =>
  record(log, (column) => {
    if (isInstant(column)) return at('2026-05-10T15:12:24.882123Z');
    if (isText(column)) return choicesOf(column)?.[0] ?? (column.list ? '904,908' : '\u{1F4DE}é'.repeat(2_000));
    return column.type === 'flag' ? true : 7;
  });

const absent = (log: LogDefinition): Record<string, Value> =>
  record(log, (column) => {
    if (column.optional) return null;
    if (isInstant(column)) return at('2026-05-09T00:00:00Z');
    return isText(column) ? (choicesOf(column)?.at(-1) ?? '') : column.type === 'flag' ? false : 0;
  });
