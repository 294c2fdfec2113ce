import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AmiClient } from '../../support/ami-client.js';
import { BOTH, describeLive } from '../../support/live.js';
import { eventually } from '../../support/logbook.js';

for (const setup of BOTH) {
  describeLive(setup, 'logins to the management of the PBX', (live) => {
    const since = (from: number, service: string): Promise<unknown[]> => live().logbook.rows('web-sessions', { from: new Date(from).toISOString(), service });

    it('over AMI are web sessions, right and wrong ones', async () => {
      const from = Date.now();
      (await live().pbx.watch()).close();
      await expect(AmiClient.connect(live().pbx.amiPort, 'everything', 'guessed')).rejects.toThrow('Authentication failed');
      await expect(AmiClient.connect(live().pbx.amiPort, 'nobody', 'guessed')).rejects.toThrow('Authentication failed');
      await eventually(async () => {
        const rows = await since(from, 'AMI');
        expect(rows).toHaveLength(3);
        expect(rows).toEqual(expect.arrayContaining([
          expect.objectContaining({ eventType: 'SUCCESS', principal: 'everything', ipAddress: '127.0.0.1' }),
          expect.objectContaining({ eventType: 'FAIL_BAD_CREDENTIALS', principal: 'everything', ipAddress: '127.0.0.1' }),
          expect.objectContaining({ eventType: 'FAIL_BAD_CREDENTIALS', principal: 'nobody' }),
        ]));
      });
    });

    it('of the service itself are among them', async () => {
      await eventually(async () => {
        const rows = await live().logbook.rows('web-sessions', { service: 'AMI', principal: live().pbx.ami.username });
        expect(rows.length).toBeGreaterThanOrEqual(1);
      });
    });

    // Neither version raises a security event for an ARI login, right or wrong; should a later one do so, this says it.
    it('over ARI are not reported by Asterisk, and make no row', async () => {
      const from = Date.now();
      const watch = await live().pbx.watch();
      const ari = async (password: string): Promise<number> => {
        const headers = { authorization: `Basic ${btoa(`ari-user:${password}`)}` };
        return (await fetch(`http://127.0.0.1:${live().pbx.httpPort}/ari/asterisk/info`, { headers })).status;
      };
      expect([await ari('ari-secret'), await ari('guessed')]).toEqual([200, 401]);
      await sleep(1_000);
      expect(watch.blocks.filter((block) => block['Service'] === 'ARI' || block['Service'] === 'HTTP')).toEqual([]);
      expect([...(await since(from, 'ARI')), ...(await since(from, 'HTTP'))]).toEqual([]);
      watch.close();
    });
  });
}
