import type { Database } from '../database/database.js';
import { makeDueAgain } from '../logs/capture-gap/recovery.js';
import { newestLogin } from '../logs/capture-gap/listening.js';
import { LOOK_BACK, squareGaps } from '../logs/capture-gap/square.js';
import { recoverGaps, sourcesOf, type RecoveryConfig } from '../recovery/recover-gaps.js';
import { fromMs, type Micros } from '../time.js';
import type { Job } from './scheduler.js';

const EVERY_MS = 5_000;
/** News of a login that reaches into a gap comes without a new row; so it is looked for at times. */
const LOOK_ANYWAY_MS = 60_000;

/**
 * Finds the gaps of this process's PBX and recovers their calls from its sources. Each listener does so for itself,
 * since the sources are settings of its own. Where nothing happened it costs two look-ups.
 */
export function recoverGapsJob(database: Database, config: RecoveryConfig, clock: () => Micros = () => fromMs(Date.now())): Job {
  const { knex } = database;
  let squared: { readonly newest: number; readonly at: Micros } | null = null;
  let started = false;
  return {
    name: 'recover-gaps',
    everyMs: EVERY_MS,
    async run({ signal, alive }) {
      const now = clock();
      const lookAnyway = squared === null || now - squared.at >= fromMs(LOOK_ANYWAY_MS);
      if (lookAnyway && sourcesOf(config).length > 0) await makeDueAgain(knex, config.pbxName, started ? ['none'] : ['none', 'failed'], now - LOOK_BACK, now);
      started = true;
      const newest = await newestLogin(knex);
      if (lookAnyway || squared?.newest !== newest) {
        const { settled } = await squareGaps(database, config.pbxName, now);
        squared = settled ? { newest, at: now } : null;
      }
      const { gaps, calls, failed } = await recoverGaps(database, config, { signal, clock, onAlive: alive });
      return gaps === 0 ? 'nothing to do' : `gaps looked into ${gaps}, calls recovered ${calls}, failed ${failed}`;
    },
  };
}
