import type { Knex } from 'knex';
import { pageQuery } from '../database/page-query.js';
import { calls, listedCall } from '../logs/cdr/call-columns.js';
import { callsOfLegs, fittingCalls } from '../logs/cdr/calls.js';
import type { FoldedCall } from '../logs/cdr/folded-call.js';
import { fromRow, type DatabaseRow, type LogDefinition, type LogRecord } from '../logs/columns.js';
import type { ListQuery } from '../logs/list-query.js';
import { withNames } from '../logs/listing.js';
import { rowId } from './live-view.js';

/** What new rows of a table are to one list. */
export interface FreshRows {
  /** What the list has of them, newest first. */
  readonly records: readonly LogRecord[];
  /** The calls that the records are of, where the list is of whole calls. */
  readonly calls: readonly FoldedCall[];
  /** Which of the records were there before, otherwise. */
  readonly again: readonly string[];
  /** What the list may have had and has no more. */
  readonly gone: readonly string[];
}

const NOTHING_FRESH: FreshRows = { records: [], calls: [], again: [], gone: [] };

/** Reads what the rows with these ids are, for each way of filtering that is asked then. */
export async function freshRows(knex: Knex, log: LogDefinition, ids: readonly number[]): Promise<(query: ListQuery) => Promise<FreshRows>> {
  if (log === calls) return freshCalls(knex, ids);
  return async (query) => {
    const whole = await withNames(knex, log, { ...query, after: null, before: null, limit: ids.length });
    const rows = (await pageQuery(knex, log, whole).whereIn('id', ids)) as DatabaseRow[];
    return { ...NOTHING_FRESH, records: rows.map((row) => fromRow(log.columns, row)) };
  };
}

/** A leg makes another call of the one that it joins: perhaps one that no longer fits. */
async function freshCalls(knex: Knex, ids: readonly number[]): Promise<(query: ListQuery) => Promise<FreshRows>> {
  const touched = await callsOfLegs(knex, ids);
  const fresh = new Set(ids);
  const isNew = ({ legs }: FoldedCall): boolean => legs.every(({ id }) => fresh.has(id));
  const idOf = (call: FoldedCall): string => rowId(calls, listedCall(call));
  return async (query) => {
    const fitting = (await fittingCalls(knex, query, touched)).sort((a, b) => b.begin - a.begin || b.id - a.id);
    const known = touched.filter((call) => !isNew(call));
    return {
      records: fitting.map(listedCall),
      calls: fitting,
      again: known.filter((call) => fitting.includes(call)).map(idOf),
      gone: known.filter((call) => !fitting.includes(call)).map(idOf),
    };
  };
}
