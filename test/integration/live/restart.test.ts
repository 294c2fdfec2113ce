import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BOTH, describeLive, expectRegistrations, registered } from '../../support/live.js';
import { eventually } from '../../support/logbook.js';

for (const setup of BOTH) {
  describeLive(setup, 'interruptions', (live) => {
    it('a restart of the PBX is noticed, and its phones are on line after it without new rows', async () => {
      const { logbook, pbx } = live();
      const from = Date.now();
      const phone = await live().udp('909', { ip: '127.57.41.37' });
      const seen = await phone.register(120);
      await expectRegistrations(logbook, '909', from, [registered(seen)]);

      await pbx.halt();
      await eventually(async () => expect(await logbook.readiness()).toBe(503));
      await pbx.start();
      await logbook.ready(45_000);
      await sleep(2_000);
      // The PBX keeps UDP registrations over a restart.
      await expectRegistrations(logbook, '909', from, [registered(seen)]);
      expect(await logbook.rows('registered-accounts', { username: '909' })).toMatchObject([{ ipAddress: '127.57.41.37', port: phone.localPort }]);

      const last = await phone.unregister();
      await expectRegistrations(logbook, '909', last.at - 500, [{ ...registered(last), event: 'UNREGISTER' }]);
      expect(await logbook.rows('registered-accounts', { username: '909' })).toEqual([]);
    });

    it('who left while nobody listened is off line after the reconnect', async () => {
      const { logbook } = live();
      const from = Date.now();
      const phone = await live().udp('908', { ip: '127.57.41.38' });
      const seen = await phone.register(120);
      await expectRegistrations(logbook, '908', from, [registered(seen)]);
      await logbook.halt();
      const other = await live().udp('909', { ip: '127.57.41.39' });
      await phone.unregister();
      await other.register(120);
      await logbook.start();
      await eventually(async () => {
        expect(await logbook.rows('registered-accounts')).toMatchObject([{ username: '909', ipAddress: '127.57.41.39', port: other.localPort }]);
      });
      await other.unregister();
    });

    it('a PBX that hangs is given up within 15 seconds', async () => {
      const { logbook, pbx } = live();
      pbx.pause();
      try {
        await eventually(async () => expect(await logbook.readiness()).toBe(503), 15_000);
      } finally {
        pbx.resume();
      }
      await logbook.ready(45_000);
    });
  });
}
