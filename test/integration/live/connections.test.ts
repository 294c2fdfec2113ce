import { expect, it } from 'vitest';
import { BOTH, describeLive, expectRegistrations, registered, type Setup } from '../../support/live.js';
import { eventually, type Logbook, type Row } from '../../support/logbook.js';

/** The CONNECT and DISCONNECT rows of one remote address, oldest first. */
async function connections(logbook: Logbook, remoteAddress: string): Promise<Row[]> {
  const rows = await logbook.rows('sip-sessions', { remoteAddress, order: 'asc', sort: 'timestamp' });
  return rows.filter((row) => row['event'] === 'CONNECT' || row['event'] === 'DISCONNECT');
}

const off = (row: Row | undefined, at: number): number => Math.abs(Date.parse(String(row?.['timestamp'])) - at);

// The open connections are polled every few seconds.
const POLL_MS = 6_000;

for (const setup of BOTH) {
  describeLive({ ...setup, needs: ['baresip'] }, 'connections', (live) => {
    it('over TCP are bound to the account that used them, and their break is a network error', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = live().tcp('904', { ip: '127.30.186.117', userAgent: 'PGSM-10.3.5-iphone' });
      const seen = await phone.register(120);
      expect(seen).toMatchObject({ status: 200 });
      await eventually(async () => {
        expect(await connections(logbook, seen.remote)).toMatchObject([
          { event: 'CONNECT', source: 'CLIENT', transport: 'TCP', peername: '904', account: 'Peter Jones', reconciled: true },
        ]);
        expect(await logbook.rows('registered-accounts', { username: '904' })).toMatchObject([{ transport: 'TCP', userAgent: 'PGSM-10.3.5-iphone' }]);
      });
      const droppedAt = await phone.drop();
      const rows = await eventually(async () => {
        const both = await connections(logbook, seen.remote);
        expect(both).toMatchObject([{ event: 'CONNECT' }, { event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: '904', reconciled: true }]);
        return both;
      });
      expect(off(rows[0], seen.at)).toBeLessThan(1_000);
      expect(off(rows[1], droppedAt)).toBeLessThan(POLL_MS);
      // rewrite_contact=yes: the registration ends with its connection.
      await expectRegistrations(logbook, '904', from, [
        registered(seen),
        { event: 'UNREGISTER', source: 'SERVER', details: 'TRANSPORT_CLOSED', remoteAddress: seen.remote, at: droppedAt },
      ]);
      expect(await logbook.rows('registered-accounts', { username: '904' })).toEqual([]);
    });

    it('over TCP may break while the registration lives on, without rewrite_contact', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = live().tcp('910', { ip: '127.30.186.118' });
      const seen = await phone.register(120);
      await expectRegistrations(logbook, '910', from, [registered(seen)]);
      await eventually(async () => expect(await connections(logbook, seen.remote)).toMatchObject([{ event: 'CONNECT', peername: '910' }]));
      await phone.drop();
      await eventually(async () => {
        expect(await connections(logbook, seen.remote)).toMatchObject([{ event: 'CONNECT' }, { event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: '910' }]);
      });
      await expectRegistrations(logbook, '910', from, [registered(seen)]);
      expect(await logbook.rows('registered-accounts', { username: '910' })).toHaveLength(1);
    });

    it('over TLS close when the phone is switched off', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().tls('1932');
      const seen = await phone.register(120);
      expect(seen).toMatchObject({ status: 200 });
      await eventually(async () => {
        expect(await connections(logbook, seen.remote)).toMatchObject([{ event: 'CONNECT', transport: 'TLS', peername: '1932', account: 'User 1932' }]);
      });
      const leftAt = await phone.leave();
      await expectRegistrations(logbook, '1932', from, [registered(seen), { ...registered(seen), event: 'UNREGISTER', at: leftAt }]);
      const rows = await eventually(async () => {
        const both = await connections(logbook, seen.remote);
        expect(both).toMatchObject([{ event: 'CONNECT' }, { event: 'DISCONNECT', source: 'CLIENT', peername: '1932' }]);
        return both;
      });
      expect(off(rows[1], leftAt)).toBeLessThan(POLL_MS);
    });

    it('over TLS break when the phone dies', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().tls('1932');
      const seen = await phone.register(120);
      await expectRegistrations(logbook, '1932', from, [registered(seen)]);
      // From then on its expiry is known, so that its end is none.
      await eventually(async () => expect(await logbook.rows('registered-accounts', { username: '1932' })).toMatchObject([{ registrationExpires: expect.any(String) as unknown }]));
      const droppedAt = await phone.drop();
      await expectRegistrations(logbook, '1932', from, [
        registered(seen),
        { event: 'UNREGISTER', source: 'SERVER', details: 'TRANSPORT_CLOSED', remoteAddress: seen.remote, at: droppedAt },
      ]);
      await eventually(async () => {
        expect(await connections(logbook, seen.remote)).toMatchObject([{ event: 'CONNECT' }, { event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: '1932' }]);
      });
    });

    it('on which nobody proved who they are stay without an account', async () => {
      const { logbook } = live();
      const phone = await live().tls('1932', { password: 'guessed' });
      const seen = await phone.register(120);
      expect(seen.status).toBe(401);
      await eventually(async () => {
        expect(await connections(logbook, seen.remote)).toMatchObject([{ event: 'CONNECT', peername: null, account: null, reconciled: false }]);
      });
    });

    it('over UDP begin with the first packet and end when the phone no longer answers', async () => {
      const { logbook } = live();
      const phone = await live().udp('909', { ip: '127.57.41.70' });
      const seen = await phone.register(120);
      await phone.vanish();
      await eventually(async () => {
        expect(await connections(logbook, seen.remote)).toMatchObject([
          { event: 'CONNECT', transport: 'UDP', peername: '909', reconciled: true },
          { event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: '909', reconciled: true },
        ]);
      });
      expect(await logbook.rows('registered-accounts', { username: '909' })).toMatchObject([{ status: 'Unreachable' }]);
      await phone.unregister();
    });
  });
}

// Encrypted by a certificate that nobody vouches for, as without AMI_TLS_CA.
const LIMITED: Setup = { version: 22, login: { username: 'nocommand', secret: 'nocommand-secret' }, amiTls: true, settings: { AMI_TLS_CA: '' } };
describeLive(LIMITED, 'connections for a login that may run no commands', (live) => {
  it('begin with the first sign of them and end with the registration they carried', async () => {
    const { logbook } = live();
    const from = Date.now();
    const phone = live().tcp('904', { ip: '127.30.186.119' });
    const seen = await phone.register(120);
    await expectRegistrations(logbook, '904', from, [registered(seen)]);
    await phone.drop();
    await eventually(async () => {
      expect(await connections(logbook, seen.remote)).toMatchObject([
        { event: 'CONNECT', transport: 'TCP', peername: '904' }, { event: 'DISCONNECT', details: 'NETWORK_ERROR', peername: '904' },
      ]);
    });
  });
});
