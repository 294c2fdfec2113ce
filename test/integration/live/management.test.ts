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

    it('over ARI that Asterisk reports are web sessions', async () => {
      const from = Date.now();
      const ari = (password: string): Promise<Response> =>
        fetch(`http://127.0.0.1:${live().pbx.httpPort}/ari/asterisk/info`, { headers: { authorization: `Basic ${btoa(`ari-user:${password}`)}` } });
      expect((await ari('ari-secret')).status).toBe(200);
      expect((await ari('guessed')).status).toBe(401);
      // What Asterisk itself reports of them is the measure.
      const watch = await live().pbx.watch();
      await ari('guessed');
      await ari('ari-secret');
      const told = await watch.event('InvalidPassword', (event) => event['Service'] === 'ARI', 2_000).catch(() => null);
      watch.close();
      if (told === null) {
        expect(await since(from, 'ARI')).toEqual([]);
        return;
      }
      await eventually(async () => expect(await since(from, 'ARI')).toEqual(expect.arrayContaining([expect.objectContaining({ eventType: 'FAIL_BAD_CREDENTIALS', principal: 'ari-user' })])));
    });
  });
}
