import type { Knex } from 'knex';
import { byMonthSql } from '../src/database/partitions.js';
import { monthAfter, monthOf } from '../src/month.js';

const LOGS = [
  { table: 'cdr', column: 'call_date' },
  { table: 'sip_session', column: 'at' },
] as const;
const MONTHS_AHEAD = 3;

/**
 * On MariaDB the large logs lie by month, so that a month that leaves frees the disk (docs/decisions/0015). One statement a table, which the
 * server does whole or not at all, whatever ends it; others read meanwhile and wait to write.
 */
export async function up(knex: Knex): Promise<void> {
  if (!isMysql(knex)) return;
  for (const { table, column } of LOGS) {
    // Waits for the statement of one that was broken off, which the server may still be at.
    await knex.raw(`alter table ${table} comment = 'by month'`);
    if (await liesByMonth(knex, table)) continue;
    const oldest = await knex(table).min<{ readonly at: number | string | null }>({ at: column }).first();
    const now = monthOf(Date.now() * 1_000);
    const from = oldest?.at == null ? now : monthOf(Math.min(Number(oldest.at), Date.now() * 1_000));
    await knex.raw(`alter table ${table} ${keysOf(table, ['id', column], ['event_key', column])} ${byMonthSql(column, from, later(now, MONTHS_AHEAD))}`);
  }
}

export async function down(knex: Knex): Promise<void> {
  if (!isMysql(knex)) return;
  for (const { table } of LOGS) {
    if (!(await liesByMonth(knex, table))) continue;
    await knex.raw(`alter table ${table} remove partitioning`);
    await knex.raw(`alter table ${table} ${keysOf(table, ['id'], ['event_key'])}`);
  }
}

const isMysql = (knex: Knex): boolean => (knex.client as { dialect: string }).dialect === 'mysql';
const later = (month: string, months: number): string => (months === 0 ? month : later(monthAfter(month), months - 1));

const keysOf = (table: string, primary: readonly string[], unique: readonly string[]): string =>
  `drop primary key, add primary key (${primary.join(', ')}), drop index ${table}_event_key_unique, add unique ${table}_event_key_unique (${unique.join(', ')})`;

async function liesByMonth(knex: Knex, table: string): Promise<boolean> {
  const [rows] = (await knex.raw('select 1 from information_schema.partitions where table_schema = database() and table_name = ? and partition_name is not null limit 1', [table])) as [unknown[]];
  return rows.length > 0;
}
