import type { Knex } from 'knex';
import { beforeAll, expect, it } from 'vitest';
import { insertOnce, type Database } from '../../../src/database/database.js';
import { pageQuery } from '../../../src/database/page-query.js';
import { captureGaps } from '../../../src/logs/capture-gap/columns.js';
import { gapsQuery } from '../../../src/logs/capture-gap/store.js';
import { cdrs } from '../../../src/logs/cdr/columns.js';
import type { Column, LogDefinition } from '../../../src/logs/columns.js';
import { deadLetters } from '../../../src/logs/dead-letter/columns.js';
import { filterNames, parseListQuery, sortNames } from '../../../src/logs/list-query.js';
import { registeredAccounts } from '../../../src/logs/registered-account/columns.js';
import { sipSessions } from '../../../src/logs/sip-session/columns.js';
import { webSessions } from '../../../src/logs/web-session/columns.js';
import { describeEachDatabase } from '../../support/databases.js';

const ROWS = 20_000;
const LOGS: readonly LogDefinition[] = [sipSessions, webSessions, cdrs, captureGaps, deadLetters];
/** Columns of a table that no list shows. */
const OTHERS: Readonly<Record<string, Readonly<Record<string, string>>>> = { [deadLetters.table]: { content: '' } };

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
      ...OTHERS[log.table],
      ...Object.fromEntries(columns.map(([, column]) => [column.db, valueOf(column, n)])),
    }));
    await insertOnce(knex, log.table, rows);
    await knex.raw(dialect === 'sqlite' ? 'analyze' : `analyze table ${log.table}`);
  }
}

/** How the database would do it: the access path of each step, and whether it sorts. */
function planOf(database: Database, log: LogDefinition, parameters: Record<string, string>): Promise<string> {
  return planOfQuery(database, pageQuery(database.knex, log, parseListQuery(log, parameters)));
}

async function planOfQuery({ knex, dialect }: Database, query: Knex.QueryBuilder): Promise<string> {
  const { sql, bindings } = query.toSQL().toNative();
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

  it('the gaps of a page are found by an index', async () => {
    const end = 1_000_000 + ROWS;
    for (const [from, to] of [[end - 50, null], [null, null], [null, 1_000_050], [1_010_000, 1_010_050]] as const) {
      expect(await planOfQuery(database(), gapsQuery(database().knex, from, to, 100)), `${from} ${to}`).not.toMatch(/NO KEY|ALL|SCAN \w+$/);
    }
  });

  it('what a job looks for every few seconds is found by an index', async () => {
    const { knex } = database();
    const queries = [
      knex('capture_gap').where('pbx', 'v1').whereBetween('recovery_due', [1, 2]).orderBy('recovery_due').limit(100),
      knex('capture_gap').where('recovery', 'failed').where('to_at', '>=', 5).count(),
      knex('listening').where('pbx', 'lab').where('until_at', '>=', 5).select(),
      knex('listening').where('pbx', 'lab').where('until_at', '<', 5).orderBy('until_at', 'desc').limit(2),
    ];
    for (const query of queries) expect(await planOfQuery(database(), query), query.toSQL().sql).not.toMatch(/NO KEY|ALL|filesort|TEMP B-TREE|SCAN \w+$/);
  });

  it('the accounts on line are found by an index', async () => {
    for (const sort of sortNames(registeredAccounts.columns)) {
      expect(await planOf(database(), registeredAccounts, { sort }), sort).not.toMatch(/SCAN \w+$|TEMP B-TREE/);
    }
  });
});
