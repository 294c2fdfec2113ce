import { join } from 'node:path';
import { openDatabase } from '../../../src/database/database.js';
import { fromMs, MICROS_PER_SECOND } from '../../../src/time.js';
import { generate } from '../../support/generate/generate.js';
import { eventually, Logbook } from '../../support/logbook.js';
import { removeFolder, tempFolder } from '../../support/processes.js';
import { gap, insertGaps, insertLetters } from '../web/samples.js';

export const PASSWORD = 'a password for the console';
const DAY = 86_400 * MICROS_PER_SECOND;
const CALLS = 100_000;

export interface FilledConsole {
  readonly service: Logbook;
  stop(): Promise<void>;
}

/** The service as it is built, on three months of a company of 400 phones; the recorded day of a real Asterisk plays into it. */
export async function filledConsole(): Promise<FilledConsole> {
  const folder = tempFolder('filled');
  const url = `sqlite:${join(folder, 'logbook.sqlite')}`;
  const now = fromMs(Date.now());
  const database = openDatabase(url);
  await database.migrate();
  await generate(database, { calls: CALLS, sessions: CALLS / 2, accounts: 400, from: now - 90 * DAY, to: now - DAY / 24 });
  await insertGaps(database.knex, [
    gap({ pbx: 'asterisk', from: now - DAY / 6, to: now - DAY / 6 + 64 * MICROS_PER_SECOND, reason: 'the PBX closed the connection', recovery: 'done', recoveredCalls: 5, recoveryNote: '5 calls from Master.csv' }),
    gap({ pbx: 'asterisk', from: now - 2 * DAY, to: now - 1.9 * DAY, reason: 'Logbook was killed or its machine went down', recovery: 'none', recoveryNote: 'set CDR_CSV or CDR_SQL_URL to recover calls' }),
    gap({ pbx: 'pbx-milan', kind: 'LOSS', from: now - 3 * DAY, to: now - 3 * DAY + 60 * MICROS_PER_SECOND, reason: 'SPOOL_FULL', lost: 3_120 }),
  ]);
  await insertLetters(database.knex, [
    { key: '1', at: now - DAY / 8, pbx: 'pbx-milan', stage: 'event', name: 'UserEvent', reason: 'SipEvent is none of CONNECT, REGISTER, UNREGISTER, DISCONNECT', content: JSON.stringify({ kind: 'event', name: 'UserEvent', headers: [['userevent', 'SipSession'], ['sipevent', 'HELLO']] }) },
    { key: '2', at: now - DAY / 9, pbx: 'pbx-milan', stage: 'row', name: 'cdr', reason: 'ER_DATA_TOO_LONG', content: '{"kind":"cdr"}' },
  ]);
  await database.close();
  const service = await Logbook.start({ ADMIN_PASSWORD: PASSWORD, SPOOL_DIR: 'spool', DATABASE_URL: url });
  // The recorded day has been played, and its accounts are on line.
  await eventually(async () => {
    const page = await fetch(`${service.url}/api/v1/registered-accounts?username=909`, { headers: { authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}` } });
    if (!(await page.text()).includes('"909"')) throw new Error('the recorded day is not there yet');
  }, 60_000);
  return {
    service,
    async stop() {
      await service.stop();
      removeFolder(folder);
    },
  };
}
