import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeLive } from '../../support/live.js';
import { amiSettings, eventually } from '../../support/logbook.js';

const MAIN = join(import.meta.dirname, '../../../dist/src/main.js');

for (const setup of [
  { version: 22, servers: true, timeZone: 'America/St_Johns', cdrCsv: ['loguniqueid = yes', 'loguserfield = yes', 'newcdrcolumns = yes'] },
  { version: 16, cdrMappings: false, cdrCsv: ['usegmtime = yes'] },
] as const) {
  describeLive(setup, `calls placed while nobody listened, recovered from Master.csv with ${setup.cdrCsv.join(', ')}`, (live) => {
    const run = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
      new Promise((resolve) => {
        const { logbook, pbx } = live();
        const env = {
          PATH: process.env['PATH'], ...amiSettings(pbx), DATABASE_URL: logbook.databaseUrl, TIME_ZONE: 'timeZone' in setup ? setup.timeZone : 'UTC',
          CDR_CSV: join(pbx.dir, 'log/cdr-csv/Master.csv'),
        };
        execFile(process.execPath, [MAIN, 'backfill', ...args], { cwd: logbook.folder, env }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }));
      });
    const counted = (text: string): Record<string, number> => Object.fromEntries([...text.matchAll(/^(\w[\w ]*?) +(\d+)/gm)].map(([, name = '', value]) => [name, Number(value)]));

    it('are all there, each once, whoever told them', async () => {
      const { logbook, pbx } = live();
      const phone = await live().udp('909', { ip: '127.57.41.60' });
      const place = async (...numbers: readonly string[]): Promise<void> => {
        for (const number of numbers) expect((await phone.invite(number)).status).toBeGreaterThan(0);
      };
      await place('601', '603');
      await eventually(async () => expect(await logbook.rows('cdrs')).toHaveLength(2));
      await logbook.halt();
      await place('602', '601', '601', '603', '930');
      await logbook.start();
      await place('602');
      await eventually(async () => expect(await logbook.rows('cdrs')).toHaveLength(3));
      const written = readFileSync(join(pbx.dir, 'log/cdr-csv/Master.csv'), 'utf8').trim().split('\n');
      expect(written).toHaveLength(8);

      const from = new Date(Date.now() - 3_600_000).toISOString();
      const first = await run('--source', 'csv', '--from', from);
      expect(first, JSON.stringify(first)).toMatchObject({ code: 0 });
      expect(counted(first.stdout)).toMatchObject({ read: 8, new: 5, 'already there': 3, unreadable: 0, ambiguous: 0 });
      const again = await run('--source', 'csv', '--from', from);
      expect(counted(again.stdout)).toMatchObject({ read: 8, new: 0, 'already there': 8 });

      const rows = await logbook.rows('cdrs');
      expect(rows.map((row) => row['dst']).sort()).toEqual(['601', '601', '601', '602', '602', '603', '603', '930']);
      expect(Math.max(...rows.map((row) => Math.abs(Date.parse(String(row['callDate'])) - Date.now())))).toBeLessThan(60_000);
      await place('601');
      await eventually(async () => expect(await logbook.rows('cdrs')).toHaveLength(9));
    });
  });
}
