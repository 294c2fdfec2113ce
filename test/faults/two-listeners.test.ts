import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Asterisk } from '../support/asterisk.js';
import { placeCalls } from '../support/calls.js';
import { Ledger } from '../support/ledger.js';
import { eventually } from '../support/logbook.js';
import { describeWith } from '../support/needs.js';
import { TcpPhone, UdpPhone } from '../support/phones.js';
import { TlsPhone } from '../support/tls-phone.js';
import { Bench, callNumbers, expectAllOnce, expectCalls } from './bench.js';

const STORM = 60_000;
/** Longer than any news of a login takes: by then a gap that is none would stand in its table (src/logs/capture-gap/silence.ts). */
const SETTLED_MS = 35_000;

/** Connections to the SIP port that say nothing: only the listing of open connections tells of them. */
async function silentConnections(pbx: Asterisk, count: number): Promise<{ readonly remotes: readonly string[]; close(): void }> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n += 1) {
    const socket = connect({ port: pbx.sipPort, host: '127.0.0.1', localAddress: `127.30.0.${n + 1}` });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const remotes = sockets.map((socket) => `${socket.localAddress ?? ''}:${socket.localPort ?? 0}`);
  return { remotes, close: () => sockets.forEach((socket) => socket.destroy()) };
}

describeWith(['asterisk-22', 'mariadb', 'redis', 'sipp', 'baresip'], 'two listeners on one PBX and one database', () => {
  it('double nothing, and either may be killed: nothing is lost, and there is no gap', async (context) => {
    const bench = new Bench(context);
    const pbx = await bench.asterisk({ version: 22 });
    const storm = await bench.storm(pbx);
    const [redis, server] = await Promise.all([bench.redis(), bench.mariaDb()]);
    const settings = { DATABASE_URL: await bench.database(server), REDIS_URL: redis.url };
    const [first, second] = [await bench.logbook(pbx, settings), await bench.logbook(pbx, settings)];
    const ledger = new Ledger(settings.DATABASE_URL);
    const expected: string[] = [];
    const connections: string[] = [];
    const closing = (phone: { close(): Promise<void> }): Promise<void> => phone.close();

    const udpPhone = async (user: string, ip: string): Promise<void> => {
      const phone = bench.keep(await UdpPhone.at({ user, port: pbx.sipPort, ip }), closing);
      expect((await phone.register(120)).status).toBe(200);
      await sleep(1_500);
      expect((await phone.register(120)).status).toBe(200);
      await sleep(1_500);
      expect((await phone.unregister()).status).toBe(200);
      expected.push(`REGISTER ${user} ${phone.remote}`, `REGISTER ${user} ${phone.remote}`, `UNREGISTER ${user} ${phone.remote}`);
    };
    const tcpPhone = async (user: string, ip: string): Promise<void> => {
      const phone = bench.keep(new TcpPhone({ user, port: pbx.sipPort, ip }), closing);
      const seen = await phone.register(120);
      expect(seen.status).toBe(200);
      await sleep(6_000);
      await phone.drop();
      // rewrite_contact=yes: the registration ends with its connection.
      expected.push(`REGISTER ${user} ${seen.remote}`, `UNREGISTER ${user} ${seen.remote}`);
      connections.push(seen.remote);
    };
    const tlsPhone = async (): Promise<void> => {
      const phone = bench.keep(await TlsPhone.start({ user: '1932', port: pbx.sipTlsPort }), closing);
      const seen = await phone.register(120);
      expect(seen.status).toBe(200);
      await sleep(6_000);
      await phone.leave();
      expected.push(`REGISTER 1932 ${seen.remote}`, `UNREGISTER 1932 ${seen.remote}`);
      connections.push(seen.remote);
    };
    const calls = async (prefix: string): Promise<void> => (await placeCalls(pbx, { user: '921', number: `${prefix}[call_number]`, count: 30, perSecond: 4 })).ended();
    const silent = async (holdMs: number): Promise<void> => {
      const sockets = await silentConnections(pbx, 8);
      await sleep(holdMs);
      sockets.close();
      connections.push(...sockets.remotes);
    };

    const storming = storm.raise(STORM, { perSecond: 1_500 });
    await Promise.all([
      udpPhone('909', '127.57.41.1'), tcpPhone('904', '127.57.41.2'), tlsPhone(), calls('7710'), silent(9_000), silent(16_000),
      sleep(5_000).then(() => first.halt('SIGKILL')),
    ]);
    await Promise.all([udpPhone('908', '127.57.41.3'), tcpPhone('904', '127.57.41.4'), calls('7720'), silent(7_000)]);
    await first.start();
    // By then what the second heard until the first was back is written, though the machine has a storm to bear.
    await Promise.all([udpPhone('909', '127.57.41.5'), tlsPhone(), calls('7730'), silent(14_000), sleep(2_000).then(() => second.halt('SIGKILL'))]);
    await storming;
    await storm.raise(1);
    await storm.settled();
    await ledger.holds(storm.raised);
    await sleep(SETTLED_MS);

    await expectAllOnce(storm, ledger);
    await expectCalls(ledger, new Map([...callNumbers('7710', 30), ...callNumbers('7720', 30), ...callNumbers('7730', 30)]));
    await eventually(async () => {
      const registrations = (await ledger.sessions(['REGISTER', 'UNREGISTER'])).map(({ event, peername, remote }) => `${event} ${peername} ${remote}`);
      expect(registrations.sort()).toEqual(expected.sort());
    });
    const polled = (await ledger.sessions(['CONNECT', 'DISCONNECT'])).filter(({ remote }) => connections.includes(remote)).map(({ event, remote }) => `${remote} ${event}`);
    expect(polled.sort()).toEqual(connections.flatMap((remote) => [`${remote} CONNECT`, `${remote} DISCONNECT`]).sort());
    expect(await ledger.gaps()).toEqual([]);
    expect(await ledger.deadLetters()).toEqual([]);
  });
});
