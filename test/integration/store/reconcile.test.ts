import { beforeEach, expect, it } from 'vitest';
import { makeMonths } from '../../../src/database/partitions.js';
import { writing } from '../../../src/database/writing.js';
import { eventKey } from '../../../src/logs/key.js';
import { parseListQuery } from '../../../src/logs/list-query.js';
import { listPage } from '../../../src/logs/listing.js';
import type { AccountState, Output } from '../../../src/logs/output.js';
import { writeAccountStates } from '../../../src/logs/registered-account/store.js';
import { sipSessions, type SipSession } from '../../../src/logs/sip-session/columns.js';
import { reconcile } from '../../../src/logs/sip-session/reconcile.js';
import { sessionRow } from '../../../src/logs/sip-session/rows.js';
import { writeBatch } from '../../../src/pipeline/writer.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/random.js';

const SECOND = 1_000_000;
const REMOTE = { transport: 'TLS', ip: '192.0.2.1', port: 40_000 } as const;
const ADDRESS = '192.0.2.1:40000';

const boundary = (event: 'CONNECT' | 'DISCONNECT', seconds: number, remote = REMOTE): Output => ({
  kind: 'sip-session',
  row: sessionRow('lab', { at: seconds * SECOND, event, source: 'CLIENT', details: '', remote, binding: 'pending' }),
});

function use(peername: string, seconds: number, pbx = 'lab'): Output {
  const at = seconds * SECOND;
  return { kind: 'socket-use', key: eventKey(pbx, peername, at), pbx, transport: 'TLS', remoteAddress: ADDRESS, peername, account: `Name of ${peername}`, at };
}

describeEachDatabase('reconciliation', (database) => {
  beforeEach(async () => {
    await database().knex('sip_session').del();
    await database().knex('socket_use').del();
  });

  const run = (seconds: number) => reconcile(database(), seconds * SECOND);
  const rows = async (): Promise<string[]> => {
    const { records } = await listPage(database().knex, sipSessions, parseListQuery(sipSessions, { order: 'asc' }));
    return records.map((row: SipSession) => `${row.event} ${row.timestamp / SECOND} ${row.binding} ${row.peername ?? row.candidates ?? '-'} ${row.account ?? '-'} ${row.reconciled}`);
  };

  it('binds both ends of a connection to the account that used it', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100), use('909', 101), boundary('DISCONNECT', 200)], 'listener');
    await run(201);
    expect(await rows()).toEqual(['CONNECT 100 bound 909 Name of 909 true', 'DISCONNECT 200 bound 909 Name of 909 true']);
  });

  it('says ambiguous when two accounts used it, and never guesses', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100), use('909', 101), use('904', 150), boundary('DISCONNECT', 200)], 'listener');
    await run(201);
    expect(await rows()).toEqual(['CONNECT 100 ambiguous 904,909 - false', 'DISCONNECT 200 ambiguous 904,909 - false']);
  });

  it('takes a binding back when a second account appears later on the open connection', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100), use('909', 101)], 'listener');
    await run(102);
    expect(await rows()).toEqual(['CONNECT 100 bound 909 Name of 909 true']);
    await writeBatch(database(), [use('904', 150)], 'listener');
    await run(151);
    expect(await rows()).toEqual(['CONNECT 100 ambiguous 904,909 - false']);
  });

  it('keeps the uses of one address apart by time', async () => {
    await writeBatch(database(), [
      boundary('CONNECT', 100),
      use('909', 101),
      boundary('DISCONNECT', 200),
      boundary('CONNECT', 300),
      use('904', 301),
      boundary('DISCONNECT', 400),
    ], 'listener');
    await run(401);
    expect((await rows()).map((row) => row.split(' ')[3])).toEqual(['909', '909', '904', '904']);
  });

  it('gives the proof that opens the next connection to that one alone', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100), use('901', 101), boundary('CONNECT', 200), use('902', 200)], 'listener');
    await run(201);
    expect((await rows()).map((row) => row.split(' ').slice(1, 4).join(' '))).toEqual(['100 bound 901', '200 bound 902']);
  });

  it('keeps PBXs, and UDP and TLS of one address, apart', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100), { ...boundary('CONNECT', 100, { ...REMOTE, transport: 'UDP' } as never) }, use('909', 101, 'other')], 'listener');
    await run(1_000);
    expect((await rows()).every((row) => row.includes('unknown'))).toBe(true);
  });

  it('waits a minute before it says unknown, and still binds when the proof comes later', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100)], 'listener');
    await run(130);
    expect(await rows()).toEqual(['CONNECT 100 pending - - false']);
    await run(161);
    expect(await rows()).toEqual(['CONNECT 100 unknown - - false']);
    await writeBatch(database(), [use('909', 300)], 'listener');
    await run(301);
    expect(await rows()).toEqual(['CONNECT 100 bound 909 Name of 909 true']);
  });

  it('looks only at what is not bound yet', async () => {
    await writeBatch(database(), [boundary('CONNECT', 100), use('909', 101), boundary('DISCONNECT', 200)], 'listener');
    await run(201);
    expect(await run(202)).toEqual({ looked: 0, bound: 0, ambiguous: 0, unknown: 0 });
  });

  it('says of many sockets what looking at each alone would say, whatever order they come in', async () => {
    const chance = seeded(5);
    const below = (most: number): number => Math.floor(chance() * most);
    const events: { socket: number; at: number; what: 'CONNECT' | 'DISCONNECT' | 'use'; name: string }[] = [];
    for (let socket = 0; socket < 60; socket += 1) {
      // Some sockets live within an hour, and some for days.
      const length = socket % 3 === 0 ? 400_000 : 600;
      for (let n = 0; n < 3 + below(12); n += 1) {
        const kind = below(4);
        events.push({ socket, at: 1_000 + below(length), what: kind === 0 ? 'DISCONNECT' : kind === 1 ? 'CONNECT' : 'use', name: String(900 + below(2)) });
      }
    }
    const expected = (): string[] =>
      events.flatMap(({ socket, at, what }) => {
        if (what === 'use') return [];
        const line = events.filter((event) => event.socket === socket && event.what !== 'use');
        const from = what === 'CONNECT' ? at : Math.max(0, ...line.filter((event) => event.at < at).map((event) => event.at));
        const next = Math.min(...line.filter((event) => event.at > at).map((event) => event.at));
        const isDisconnect = (second: number): boolean => line.some((event) => event.at === second && event.what === 'DISCONNECT');
        const until = what === 'DISCONNECT' ? at : isDisconnect(next) ? next : next - 0.5;
        const names = new Set(events.filter((event) => event.socket === socket && event.what === 'use' && event.at >= from && event.at <= until).map(({ name }) => name));
        const [first] = names;
        return [`${socket} ${at} ${what} ${names.size === 0 ? 'unknown -' : names.size === 1 ? `bound ${first ?? ''}` : 'ambiguous 900,901'}`];
      });
    // What lies at one instant on one socket has no order that this test could know.
    const seen = new Set<string>();
    for (const event of [...events]) {
      const place = `${event.socket} ${event.at}`;
      if (event.what !== 'use' && seen.has(place)) events.splice(events.indexOf(event), 1);
      if (event.what !== 'use') seen.add(place);
    }
    for (const part of [events.filter((_, index) => index % 3 > 0).reverse(), events.filter((_, index) => index % 3 === 0)]) {
      const outputs = part.map(({ socket, at, what, name }, index): Output => {
        const remote = { ...REMOTE, port: 1_000 + socket } as unknown as typeof REMOTE;
        if (what !== 'use') return boundary(what, at, remote);
        return { ...(use(name, at) as Extract<Output, { kind: 'socket-use' }>), key: eventKey('many', part.length, index), remoteAddress: `192.0.2.1:${1_000 + socket}` };
      });
      await writeBatch(database(), outputs, 'listener');
      await run(10_000_000);
    }
    // A boundary that came late makes others' connections shorter; only proofs are looked at anew.
    await database().knex('sip_session').update({ binding: 'pending', peername: '', account: '', candidates: '', reconciled: 0 });
    await run(10_000_000);
    const { records } = await listPage(database().knex, sipSessions, parseListQuery(sipSessions, { limit: '1000' }));
    const told = records.map((row) => `${Number(row.remoteAddress?.split(':')[1]) - 1_000} ${row.timestamp / SECOND} ${row.event} ${row.binding} ${row.peername ?? row.candidates ?? '-'}`);
    expect(told.sort()).toEqual(expected().sort());
    expect(new Set(told.map((line) => line.split(' ')[3]))).toEqual(new Set(['bound', 'ambiguous', 'unknown']));
  });

  it('finds the beginning of a connection that was open for months', async () => {
    const end = 100 * 86_400;
    await writeBatch(database(), [boundary('CONNECT', 100), use('909', 101), boundary('DISCONNECT', end)], 'listener');
    await run(end + 1);
    expect((await rows()).map((row) => row.split(' ').slice(2, 4).join(' '))).toEqual(['bound 909', 'bound 909']);
  });

  it('reads a few rows for each event, however many accounts and months there are', async () => {
    if (database().dialect !== 'mysql') return;
    const { knex } = database();
    await makeMonths(knex, 'sip_session', '2023-01', '2023-01');
    const account = (n: number): AccountState => ({ pbx: 'lab', channelType: 'PJSIP', username: String(n), description: `Name of ${n}`, contacts: [], since: null, updatedAt: 1 });
    await writing(database(), (trx) => writeAccountStates(trx, 'listener', Array.from({ length: 5_000 }, (_, n) => account(n))));
    // Of the month of now, whose partition is there, and not at its end, where the next one would be read too.
    const now = new Date();
    const begin = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1, 0, 10) * 1_000;
    const seconds = begin / SECOND;
    const remote = (n: number) => ({ ...REMOTE, port: 10_000 + n }) as unknown as typeof REMOTE;
    const all = Array.from({ length: 500 }, (_, n) => n);
    const nameless = (n: number): Output => ({ ...(use(String(n), seconds + 1) as Extract<Output, { kind: 'socket-use' }>), remoteAddress: `192.0.2.1:${10_000 + n}`, account: null });
    const readBy = async (work: () => Promise<unknown>): Promise<number> => {
      const read = async (): Promise<number> => {
        const [counts] = (await knex.raw(`show global status like 'Handler_read%'`)) as [{ Value: string }[]];
        return counts.reduce((sum, { Value }) => sum + Number(Value), 0);
      };
      const before = await read();
      await work();
      return (await read()) - before;
    };
    await writeBatch(database(), all.map((n) => boundary('CONNECT', seconds, remote(n))), 'listener');
    await writeBatch(database(), all.map(nameless), 'listener');
    await run(seconds + 2);
    await writeBatch(database(), all.map((n) => boundary('DISCONNECT', seconds + 60, remote(n))), 'listener');
    await knex.raw('analyze table sip_session, socket_use, registered_account');
    expect((await readBy(() => run(seconds + 61))) / all.length).toBeLessThan(20);
    expect((await readBy(() => writing(database(), (trx) => writeAccountStates(trx, 'listener', [account(1), account(2)]))))).toBeLessThan(100);
    expect(await knex('sip_session').where('binding', 'bound')).toHaveLength(2 * all.length);
  });

  it('may run many times at once', async () => {
    const remote = (n: number) => ({ ...REMOTE, port: 10_000 + n });
    const outputs = Array.from({ length: 120 }, (_, n): Output[] => [
      boundary('CONNECT', 100, remote(n) as typeof REMOTE),
      { ...(use(`9${n}`, 101) as Extract<Output, { kind: 'socket-use' }>), remoteAddress: `192.0.2.1:${10_000 + n}` },
      boundary('DISCONNECT', 200, remote(n) as typeof REMOTE),
    ]);
    await writeBatch(database(), outputs.flat(), 'listener');
    await Promise.all([run(201), run(201), run(201)]);
    const { records } = await listPage(database().knex, sipSessions, parseListQuery(sipSessions, { limit: '1000' }));
    expect(records).toHaveLength(240);
    for (const row of records) expect(`9${Number(row.remoteAddress?.split(':')[1]) - 10_000}`).toBe(row.peername);
  });
});
