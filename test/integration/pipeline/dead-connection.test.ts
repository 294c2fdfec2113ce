import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../src/database/database.js';
import { takeTurn } from '../../../src/database/turns.js';
import type { Output } from '../../../src/logs/output.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeWith } from '../../support/needs.js';
import { emptyMariaDb } from '../../support/servers.js';

/** Passes everything on; `swallow` makes those connections silent that stand by then, and none after. */
async function swallowingProxy(port: number): Promise<{ port: number; swallow(): void; close(): void }> {
  const links: [Socket, Socket][] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far);
    far.pipe(near);
    links.push([near, far]);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      for (const [near, far] of links) {
        near.unpipe(far).resume();
        far.unpipe(near).resume();
      }
    },
    close() {
      server.close();
      for (const socket of links.flat()) socket.destroy();
    },
  };
}

describeWith(['mariadb'], 'a connection whose other end is gone without a word', () => {
  it('ends a write at its limit, and the next one takes another connection', async () => {
    const { url, drop } = await emptyMariaDb();
    const through = new URL(url);
    const proxy = await swallowingProxy(Number(through.port));
    through.port = String(proxy.port);
    const database = openDatabase(through.href);
    await database.migrate();
    const impatient = { ...database, transactionLimitMs: 1_000 };
    const batch = (n: number): Output[] => [{ kind: 'loss', pbx: 'lab', from: n, until: n + 1, reason: 'the spool was full', lost: 1 }];
    await writeBatch({ ...database, transactionLimitMs: 20_000 }, batch(1), 'listener');
    proxy.swallow();
    // As many as the pool may have kept.
    let failed = 0;
    for (let written = false; !written; ) {
      written = await writeBatch(failed === 0 ? impatient : { ...impatient, transactionLimitMs: 3_000 }, batch(2), 'listener').then(
        () => true,
        (error: unknown) => {
          expect(String(error)).toMatch(/the database did not end a transaction within [13] s/);
          return false;
        },
      );
      if (!written) failed += 1;
      expect(failed).toBeLessThan(9);
    }
    expect(failed).toBeGreaterThan(0);
    expect(await database.knex('capture_gap').select('id')).toHaveLength(2);
    await database.close();
    proxy.close();
    await drop();
  });
});

describeWith(['mariadb'], 'the sessions of the pool', () => {
  const limits = ['wait_timeout', 'innodb_lock_wait_timeout', 'idle_transaction_timeout'] as const;
  const limitsOf = async (knex: Knex): Promise<number[]> => {
    const [rows] = (await knex.raw(`select sleep(0.1), ${limits.map((name) => `@@session.${name} as ${name}`).join()}`)) as [Record<string, number>[]];
    return limits.map((name) => Number(rows[0]?.[name]));
  };

  it('have limits of their own, and the pool outlives them', async () => {
    const { url, drop } = await emptyMariaDb();
    const database = openDatabase(url);
    await database.migrate();
    const together = <T>(work: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 8 }, work));
    expect(await together(() => limitsOf(database.knex))).toEqual(Array.from({ length: 8 }, () => [120, 10, 20]));
    await together(() => database.knex.raw('set session wait_timeout = 1').then(() => database.knex.raw('select sleep(0.1)')));
    await sleep(2_500);
    let n = 0;
    await together(() => writeBatch(database, [{ kind: 'loss', pbx: 'lab', from: (n += 1), until: n + 1, reason: 'the spool was full', lost: 1 }], 'listener'));
    expect(await database.knex('capture_gap').select('id')).toHaveLength(8);
    await database.close();
    await drop();
  });

  it('give up the locks of a transaction whose other end is gone without a word', async () => {
    const { url, drop } = await emptyMariaDb();
    const through = new URL(url);
    const proxy = await swallowingProxy(Number(through.port));
    through.port = String(proxy.port);
    const [gone, here] = [openDatabase(through.href), openDatabase(url)];
    await here.migrate();
    await here.knex.transaction((trx) => takeTurn(trx, 'lab'));
    const trx = await gone.knex.transaction();
    trx.on('query-error', () => undefined);
    await takeTurn(trx, 'lab');
    const waitingForLocks = async (): Promise<number> => ((await here.knex.raw("select trx_id from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")) as [unknown[]])[0].length;
    const waited = here.knex.transaction((own) => takeTurn(own, 'lab'));
    // What that table tells is kept for as long as it is asked more often than each tenth of a second.
    await expect.poll(waitingForLocks, { interval: 300 }).toBe(1);
    // As long as a second instead of twenty: less than the ten after which who waits is refused.
    await trx.raw('set session idle_transaction_timeout = 1');
    proxy.swallow();
    await waited;
    proxy.close();
    await trx.rollback().catch(() => undefined);
    await gone.close();
    await here.close();
    await drop();
  });
});
