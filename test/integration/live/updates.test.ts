import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeLive, expectRegistrations, registered } from '../../support/live.js';

describeLive({ version: 22, updateEvents: true }, 'send_contact_status_on_update_registration', (live) => {
  it('has the PBX tell of a refresh twice, which is one row', async () => {
    const { logbook, pbx } = live();
    const watch = await pbx.watch();
    const from = Date.now();
    const phone = await live().udp('909', { ip: '127.57.41.37' });
    const seen = [await phone.register(120)];
    for (let refresh = 1; refresh <= 3; refresh += 1) {
      await sleep(1_200);
      seen.push(await phone.register(120));
    }
    // Evidence that found no counterpart would have made its row by then.
    await sleep(4_500);
    // The word of the refresh is the one before it.
    expect(watch.events('ContactStatus').filter((event) => event['AOR'] === '909').map((event) => event['ContactStatus'])).toEqual(['NonQualified', 'Reachable', 'Reachable', 'Reachable', 'Reachable']);
    expect(watch.events('SuccessfulAuth').filter((event) => event['AccountID'] === '909')).toHaveLength(4);
    watch.close();
    await expectRegistrations(logbook, '909', from, seen.map(registered));
    const last = await phone.unregister();
    await expectRegistrations(logbook, '909', from, [...seen.map(registered), { ...registered(last), event: 'UNREGISTER' }]);
  });
});
