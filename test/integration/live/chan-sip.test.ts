import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeLive, expectRegistrations, registered } from '../../support/live.js';
import { eventually } from '../../support/logbook.js';

describeLive({ version: 16 }, 'chan_sip', (live) => {
  it('phones register, refresh and unregister', async () => {
    const { logbook, pbx } = live();
    const from = Date.now();
    const phone = await live().udp('804', { ip: '127.57.41.37', port: pbx.chanSipPort, userAgent: 'snom320/8.4.18' });
    const first = await phone.register(300);
    expect(first.status).toBe(200);
    await eventually(async () => {
      expect(await logbook.rows('registered-accounts', { username: '804' })).toMatchObject([
        { ipAddress: '127.57.41.37', port: phone.localPort, description: 'User 804', userAgent: 'snom320/8.4.18' },
      ]);
    });
    await sleep(1_500);
    const refresh = await phone.register(300);
    await sleep(1_500);
    const last = await phone.unregister();
    await expectRegistrations(logbook, '804', from, [registered(first), registered(refresh), { ...registered(last), event: 'UNREGISTER' }]);
    expect(await logbook.rows('registered-accounts', { username: '804' })).toEqual([]);
  });

  it('a registration ends by itself when the phone does not come back', async () => {
    const { logbook, pbx } = live();
    const from = Date.now();
    const phone = await live().udp('804', { ip: '127.57.41.38', port: pbx.chanSipPort });
    const seen = await phone.register(5);
    // chan_sip waits ten seconds longer than it granted.
    await eventually(async () => {
      const rows = await logbook.rows('sip-sessions', { peername: '804', event: 'UNREGISTER', from: new Date(from).toISOString() });
      expect(rows).toMatchObject([{ source: 'SERVER', details: 'EXPIRED', remoteAddress: seen.remote }]);
    }, 30_000);
    expect(await logbook.rows('registered-accounts', { username: '804' })).toEqual([]);
  });

  it('a wrong password and an unknown account are refused alike', async () => {
    const { logbook, pbx } = live();
    const from = Date.now();
    for (const user of ['804', '7777']) {
      const phone = await live().udp(user, { ip: '127.66.6.6', port: pbx.chanSipPort, password: 'guessed' });
      const seen = await phone.register(120);
      expect(seen.status).toBeGreaterThanOrEqual(401);
      await expectRegistrations(logbook, user, from, [{ ...registered(seen), details: 'INVALID_PASSWORD' }]);
    }
  });

  it('a phone on TCP shows the description of its peer', async () => {
    const { logbook, pbx } = live();
    const from = Date.now();
    const phone = live().tcp('805', { ip: '127.30.186.117', port: pbx.chanSipPort });
    const seen = await phone.register(120);
    expect(seen.status).toBe(200);
    await expectRegistrations(logbook, '805', from, [registered(seen)]);
    await eventually(async () => {
      expect(await logbook.rows('registered-accounts', { username: '805' })).toMatchObject([{ description: 'Reception, ground floor', ipAddress: '127.30.186.117' }]);
    });
    // The transport monitors, polled every two seconds, know nothing of chan_sip's connections.
    await sleep(5_000);
    expect(await logbook.rows('sip-sessions', { remoteAddress: seen.remote, event: 'DISCONNECT' })).toEqual([]);
  });

  it('a call makes a call record, and its authentication no registration', async () => {
    const { logbook, pbx } = live();
    const phone = await live().udp('804', { ip: '127.57.41.39', port: pbx.chanSipPort });
    const seen = await phone.register(300);
    await sleep(1_500);
    const from = Date.now();
    expect((await phone.invite('600')).status).toBe(200);
    await eventually(async () => {
      expect(await logbook.rows('cdrs', { src: '804' })).toMatchObject([{ dst: '600', disposition: 'ANSWERED', callerId: '"User 804" <804>' }]);
    });
    await sleep(1_500);
    await expectRegistrations(logbook, '804', from, []);
    expect(seen.status).toBe(200);
  });
});
