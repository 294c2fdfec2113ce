import { expect, it } from 'vitest';
import { BOTH, describeLive } from '../../support/live.js';
import { eventually, type Row } from '../../support/logbook.js';
import { startRegistrar } from '../../support/phones.js';

for (const setup of BOTH) {
  describeLive(setup, 'providers', (live) => {
    const registry = async (event: string): Promise<Row[]> => {
      const rows = await live().logbook.rows('sip-sessions', { event });
      return rows.filter((row) => String(row['peername']).includes('logbook-lab') || String(row['account']).includes('logbook-lab'));
    };

    it('at which the PBX registers itself are in the log, with the PBX as the source', async () => {
      const from = Date.now();
      const registrar = startRegistrar(live().pbx.providerPort, '200 OK');
      try {
        const accepted = { source: 'SERVER', peername: 'logbook-lab', account: `127.0.0.1:${live().pbx.providerPort}`, details: '200 OK' };
        const row = await eventually(async () => {
          const [newest] = await registry('REGISTER');
          expect(newest).toMatchObject(accepted);
          return newest;
        }, 60_000);
        expect(Date.parse(String(row?.['timestamp']))).toBeGreaterThan(from);
      } finally {
        await registrar.stop();
      }
    });

    it('with a fixed address are nobody who is on line', async () => {
      expect(await live().logbook.rows('registered-accounts')).toEqual([]);
      expect(await live().logbook.rows('sip-sessions', { peername: 'trunk' })).toEqual([]);
    });
  });
}
