import { expect, it } from 'vitest';
import { journalled, lastRunOf } from '../../../src/jobs/journal.js';
import { describeEachDatabase } from '../../support/databases.js';

describeEachDatabase('the journal of jobs', (database) => {
  it('says when a job last ended well, whoever ran it', async () => {
    const { knex } = database();
    let fails = false;
    const how = { signal: new AbortController().signal, alive: () => undefined };
    const job = journalled(knex, { name: 'try', everyMs: 1_000, run: () => (fails ? Promise.reject(new Error('no luck')) : Promise.resolve('x'.repeat(400))) });
    expect(await lastRunOf(knex, 'try')).toBeNull();
    const before = Date.now() * 1_000;
    await job.run(how);
    const first = await lastRunOf(knex, 'try');
    expect(first).toBeGreaterThanOrEqual(before);
    fails = true;
    await expect(job.run(how)).rejects.toThrow('no luck');
    expect(await lastRunOf(knex, 'try')).toBe(first);
    fails = false;
    await job.run(how);
    expect(await lastRunOf(knex, 'try')).toBeGreaterThanOrEqual(first ?? 0);
  });
});
