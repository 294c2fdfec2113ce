import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BOTH, describeLive, expectRegistrations, registered } from '../../support/live.js';
import { eventually } from '../../support/logbook.js';
import { itWith } from '../../support/needs.js';

for (const setup of BOTH) {
  describeLive(setup, 'registrations over UDP', (live) => {
    it('come, are refreshed and go as the phone asks', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp('909', { ip: '127.57.41.37', userAgent: 'snom320/8.4.18' });

      const first = await phone.register(120);
      expect(first.status).toBe(200);
      const [account] = await eventually(async () => {
        const rows = await logbook.rows('registered-accounts', { username: '909' });
        expect(rows).toMatchObject([
          {
            username: '909', description: 'Sara', ipAddress: '127.57.41.37', port: phone.localPort, userAgent: 'snom320/8.4.18', transport: 'UDP',
            pbx: `asterisk-${setup.version}`, registrationExpires: expect.stringMatching(/Z$/) as unknown,
          },
        ]);
        return rows;
      });
      expect(Math.abs(Date.parse(String(account?.['registrationExpires'])) - first.at - 120_000)).toBeLessThan(2_000);

      await sleep(1_500);
      const refresh = await phone.register(120);
      await sleep(1_500);
      const last = await phone.unregister();
      expect([refresh.status, last.status]).toEqual([200, 200]);

      await expectRegistrations(logbook, '909', from, [registered(first), registered(refresh), { ...registered(last), event: 'UNREGISTER' }]);
      expect(await logbook.rows('registered-accounts', { username: '909' })).toEqual([]);
      const rows = await logbook.rows('sip-sessions', { peername: '909', event: 'REGISTER' });
      expect(rows).toMatchObject([{ account: 'Sara', userAgent: 'snom320/8.4.18', transport: 'UDP', reconciled: true }, { account: 'Sara' }]);
    });

    it('end by themselves when the phone does not come back in time', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp('904', { ip: '127.57.41.40' });
      const seen = await phone.register(3);
      await phone.vanish();
      // Asterisk keeps whole seconds, and looks for expired contacts once a second: three seconds from the one in which it registered, or from the one before.
      const expiresAt = (Math.floor(seen.at / 1_000 - 0.2) + 3) * 1_000;
      await expectRegistrations(logbook, '904', from, [
        registered(seen),
        { event: 'UNREGISTER', source: 'SERVER', details: 'EXPIRED', remoteAddress: seen.remote, at: expiresAt + 1_900, withinMs: 2_000 },
      ]);
      expect(await logbook.rows('registered-accounts', { username: '904' })).toEqual([]);
    });

    it('are refused for a wrong password, and then the account is not on line', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp('908', { ip: '127.57.41.41' });
      const seen = await phone.register(120, 'guessed');
      expect(seen.status).toBe(401);
      await expectRegistrations(logbook, '908', from, [{ ...registered(seen), details: 'CHALLENGE_RESPONSE_FAILED' }]);
      expect(await logbook.rows('registered-accounts', { username: '908' })).toEqual([]);
    });

    it('are refused for an account that does not exist, in one row', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp('7777', { ip: '127.66.6.6', userAgent: 'friendly-scanner' });
      const seen = await phone.register(120);
      expect(seen.status).toBe(401);
      const rows = await expectRegistrations(logbook, '7777', from, [{ ...registered(seen), details: 'INVALID_ACCOUNT_ID' }]);
      expect(rows).toMatchObject([{ reconciled: false, account: null }]);
    });

    it('of several phones keep an account on line until the last one goes', async () => {
      const { logbook } = live();
      const from = Date.now();
      const [home, work] = [await live().udp('920', { ip: '127.20.0.1' }), await live().udp('920', { ip: '127.20.0.2' })];
      const atHome = await home.register(120);
      await sleep(300);
      const atWork = await work.register(120);
      await sleep(1_500);
      const homeGone = await home.unregister();
      await expectRegistrations(logbook, '920', from, [
        registered(atHome), registered(atWork), { ...registered(homeGone), event: 'UNREGISTER', details: '200 OK, 1 contact left' },
      ]);
      expect(await logbook.rows('registered-accounts', { username: '920' })).toMatchObject([{ ipAddress: '127.20.0.2', port: work.localPort }]);

      const workGone = await work.unregister();
      await expectRegistrations(logbook, '920', (homeGone.at + workGone.at) / 2, [{ ...registered(workGone), event: 'UNREGISTER' }]);
      expect(await logbook.rows('registered-accounts', { username: '920' })).toEqual([]);
    });

    it('are replaced when the phone comes from elsewhere, while the account stays on line', async () => {
      const { logbook } = live();
      const from = Date.now();
      const [before, after] = [await live().udp('904', { ip: '127.57.41.50' }), await live().udp('904', { ip: '127.57.41.51' })];
      const first = await before.register(120);
      await sleep(1_500);
      const second = await after.register(120);
      const rows = await eventually(async () => {
        const told = (await logbook.rows('sip-sessions', { peername: '904', from: new Date(from).toISOString() })).filter((row) => String(row['event']).endsWith('REGISTER'));
        expect(told).toHaveLength(3);
        return told;
      });
      expect(rows).toEqual(expect.arrayContaining([
        expect.objectContaining({ event: 'REGISTER', remoteAddress: first.remote }),
        expect.objectContaining({ event: 'REGISTER', remoteAddress: second.remote }),
        expect.objectContaining({ event: 'UNREGISTER', source: 'SERVER', details: 'REPLACED', remoteAddress: first.remote }),
      ]));
      expect(await logbook.rows('registered-accounts', { username: '904' })).toMatchObject([{ ipAddress: '127.57.41.51' }]);
      await after.unregister();
    });

    it.each([['908', 'Zoë Çelik'], ['921', '<script>alert(1)</script>']])('of %s show the name %s as it is', async (user, name) => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp(user, { ip: '127.57.41.60', userAgent: '"><img src=x onerror=alert(1)>' });
      const seen = await phone.register(120);
      const rows = await expectRegistrations(logbook, user, from, [registered(seen)]);
      await eventually(async () => {
        expect(await logbook.rows('registered-accounts', { username: user })).toMatchObject([{ description: name, userAgent: '"><img src=x onerror=alert(1)>' }]);
        expect(await logbook.rows('sip-sessions', { peername: user, event: 'REGISTER', from: new Date(from).toISOString() })).toMatchObject([{ account: name }]);
      });
      expect(rows).toHaveLength(1);
      await phone.unregister();
    });

    itWith(['ipv6'], 'come over IPv6 too', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp('909', { ip: '::1', server: '::1' });
      const seen = await phone.register(120);
      expect(seen).toMatchObject({ status: 200, remote: `[::1]:${phone.localPort}` });
      await expectRegistrations(logbook, '909', from, [registered(seen)]);
      await eventually(async () => {
        expect(await logbook.rows('registered-accounts', { username: '909' })).toMatchObject([{ ipAddress: '::1', port: phone.localPort }]);
      });
      await phone.unregister();
    });
  });
}
