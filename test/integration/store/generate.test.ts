import { expect, it } from 'vitest';
import { MICROS_PER_SECOND } from '../../../src/time.js';
import { describeEachDatabase } from '../../support/databases.js';
import { generate } from '../../support/generate/generate.js';

const ROWS = 3_000;
const TO = 1_790_000_000 * MICROS_PER_SECOND;
const FROM = TO - 14 * 86_400 * MICROS_PER_SECOND;

describeEachDatabase('the generator', (database) => {
  const counted = async (table: string, ...what: string[]): Promise<Record<string, number>[]> =>
    (await database().knex(table).select(what).count({ rows: '*' }).groupBy(what).orderBy(what)) as Record<string, number>[];

  it('fills every log with as many rows as asked for, in the range asked for', async () => {
    const { knex } = database();
    expect(await generate(database(), { calls: ROWS, accounts: 500, from: FROM, to: TO, seed: 7 })).toEqual({ calls: ROWS, sessions: ROWS, webSessions: ROWS / 100 });
    for (const [table, time] of [['cdr', 'call_date'], ['sip_session', 'at'], ['web_session', 'at']] as const) {
      const [{ first, last } = {}] = await knex(table).min({ first: time }).max({ last: time });
      expect(Number(first), table).toBeGreaterThanOrEqual(FROM);
      expect(Number(last), table).toBeLessThan(TO + 90 * MICROS_PER_SECOND);
      expect(Number(last), table).toBeGreaterThan(TO - 86_400 * MICROS_PER_SECOND);
    }
    expect((await counted('cdr', 'pbx')).map(({ rows }) => Number(rows))).toEqual([ROWS]);
    expect((await counted('registered_account', 'online')).map(({ rows }) => Number(rows))).toEqual([56, 444]);
  });

  it('makes calls of several legs, and some of each disposition and event', async () => {
    const legs = (await counted('cdr', 'linkedid')).map(({ rows }) => Number(rows));
    expect(Math.max(...legs)).toBe(5);
    expect(await counted('cdr', 'disposition')).toHaveLength(4);
    expect(await counted('sip_session', 'event')).toHaveLength(4);
    expect(await counted('sip_session', 'binding')).toHaveLength(3);
  });

  it('makes the same rows of the same seed', async () => {
    const { knex } = database();
    const keys = async (): Promise<unknown> => knex('cdr').orderBy('id').limit(5).select('event_key', 'call_date', 'src', 'dst');
    const before = await keys();
    await knex('cdr').delete();
    await generate(database(), { calls: 5, sessions: 0, webSessions: 0, accounts: 500, from: FROM, to: TO, seed: 8 });
    expect(await keys()).not.toEqual(before);
    await knex('cdr').delete();
    await generate(database(), { calls: ROWS, sessions: 0, webSessions: 0, accounts: 500, from: FROM, to: TO, seed: 7 });
    expect(await keys()).toEqual(before);
  });
});
