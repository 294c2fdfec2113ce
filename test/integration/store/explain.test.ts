import { beforeAll, expect, it } from 'vitest';
import { insertOnce, type Database } from '../../../src/database/database.js';
import { pageQuery } from '../../../src/database/listing.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { Column, LogDefinition } from '../../../src/logs/columns.js';
import { filterNames, parseListQuery, sortNames } from '../../../src/logs/list-query.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { webSessions } from '../../../src/logs/web-session/columns.js';
import { describeEachDatabase } from '../../support/databases.js';

const ROWS = 20_000;
const LOGS: readonly LogDefinition[] = [sipSessions, webSessions, cdrs];

/** A value a column can have, about one in ten the same. */
function valueOf(column: Column, n: number): string | number {
  if (Array.isArray(column.filter)) return column.type === 'flag' ? n % 2 : String((column.filter as string[])[n % column.filter.length]);
  if (column.type === 'text') return `v${n % 400}`;
  return column.type === 'flag' ? n % 2 : 1_000_000 + n;
}

async function fill({ knex, dialect }: Database): Promise<void> {
  for (const log of LOGS) {
    const columns = Object.entries(log.columns).filter(([name]) => name !== 'id');
    const rows = Array.from({ length: ROWS }, (_, n) => ({
      event_key: `${log.table} ${n}`,
      ...Object.fromEntries(columns.map(([, column]) => [column.db, valueOf(column, n)])),
    }));
    await insertOnce(knex, log.table, rows);
    await knex.raw(dialect === 'sqlite' ? 'analyze' : `analyze table ${log.table}`);
  }
}

/** How the database would do it: the access path of each step, and whether it sorts. */
async function planOf({ knex, dialect }: Database, log: LogDefinition, parameters: Record<string, string>): Promise<string> {
  const { sql, bindings } = pageQuery(knex, log, parseListQuery(log, parameters)).toSQL().toNative();
  const answer: unknown = await knex.raw(dialect === 'sqlite' ? `explain query plan ${sql}` : `explain ${sql}`, [...bindings]);
  if (dialect === 'sqlite') return (answer as { detail: string }[]).map(({ detail }) => detail).join('; ');
  const [rows] = answer as [{ type: string; key: string | null; Extra: string }[]];
  return rows.map(({ type, key, Extra }) => `${type} ${key ?? 'NO KEY'} ${Extra}`).join('; ');
}

describeEachDatabase('every query a listing can make', (database) => {
  beforeAll(() => fill(database()));

  it.each(LOGS.map((log) => [log.name, log] as const))('%s: each sort is read from an index, in its order', async (_, log) => {
    for (const sort of sortNames(log.columns)) {
      for (const order of ['asc', 'desc']) {
        const plan = await planOf(database(), log, { sort, order });
        expect(plan, `${log.name} by ${sort} ${order}`).not.toMatch(/NO KEY|ALL|filesort|TEMP B-TREE|SCAN \w+$/);
      }
    }
  });

  it.each(LOGS.map((log) => [log.name, log] as const))('%s: each filter is found by an index, and its newest rows need no sorting', async (_, log) => {
    for (const name of filterNames(log.columns)) {
      const column = log.columns[name];
      const value = column?.type === 'flag' ? 'true' : String(column ? valueOf(column, 1) : '');
      const plan = await planOf(database(), log, { [name]: value });
      expect(plan, `${log.name} with ${name}`).not.toMatch(/NO KEY|ALL|filesort|TEMP B-TREE|SCAN \w+$/);
    }
  });

  it('the accounts on line are found by an index', async () => {
    for (const sort of sortNames(registeredAccounts.columns)) {
      expect(await planOf(database(), registeredAccounts, { sort }), sort).not.toMatch(/SCAN \w+$|TEMP B-TREE/);
    }
  });
});
