import type { PbxConnection } from './ami/connection.js';
import { reasonOf, type Database } from './database/database.js';
import { lastRunOf } from './jobs/journal.js';
import type { Scheduler } from './jobs/scheduler.js';
import type { Drainer } from './pipeline/drainer.js';
import type { Spool, SpoolStatus } from './pipeline/spool.js';
import { fromMs, toIso, toMs } from './time.js';
import type { Check, Readiness } from './web/readiness.js';

const DATABASE_ANSWER_MS = 2_000;
/** A job that has not run for so many intervals is in trouble. */
const MISSED_INTERVALS = 3;

interface Parts {
  readonly database: Database;
  readonly connection: Pick<PbxConnection, 'status'>;
  /** Why the database is still waited for after the start, null once it was there. */
  readonly opening: { readonly waitsFor: string | null };
  readonly drainer: Pick<Drainer, 'status'>;
  readonly spool: Pick<Spool, 'status'>;
  readonly scheduler: Scheduler;
}

/** What `/readyz` and the console's notice say, asked anew each time. */
export function readinessOf({ database, opening, connection, drainer, spool, scheduler }: Parts): () => Promise<Readiness> {
  const startedAt = Date.now();
  return async () => ({
    database: await databaseCheck(database, opening.waitsFor, drainer, spool.status()),
    spool: spoolCheck(spool.status()),
    ami: amiCheck(connection),
    jobs: await jobsCheck(scheduler, database, startedAt),
  });
}

async function databaseCheck(database: Database, waitsFor: string | null, drainer: Parts['drainer'], { waiting }: SpoolStatus): Promise<Check> {
  const events = waiting > 0 ? `; ${waiting} events wait in the spool` : '';
  if (waitsFor !== null) return { ok: false, message: `is waited for: ${waitsFor}${events}` };
  const { failing } = drainer.status();
  if (failing !== null) return { ok: false, message: `takes no rows: ${failing}${events}` };
  try {
    await answerWithin(DATABASE_ANSWER_MS, database.check());
    return { ok: true, message: `takes rows${events}` };
  } catch (error) {
    return { ok: false, message: `${reasonOf(error)}${events}` };
  }
}

/** Where the spool is so full, people hear of it before anything is left out. */
const NEARLY_FULL = 0.8;

function spoolCheck({ usedMb, maxMb, dropped, failing }: SpoolStatus): Check {
  const used = `${Math.ceil(usedMb)} of ${maxMb} MB`;
  const left = dropped > 0 ? `; ${dropped} events of little value were left out since the start` : '';
  if (failing !== null) return { ok: false, message: `cannot be written: ${failing}; events go on from memory, and a crash would lose those not yet in the database${left}` };
  if (usedMb >= maxMb) return { ok: false, message: `is full, ${used} (SPOOL_MAX_MB); events of little value are left out, calls are kept${left}` };
  const nearlyFull = usedMb >= NEARLY_FULL * maxMb ? [`The spool is nearly full, ${used}: at the limit events of little value are left out. Look at the database, or raise SPOOL_MAX_MB.`] : [];
  return { ok: true, message: `${used}${left}`, warnings: nearlyFull };
}

function amiCheck(connection: Pick<PbxConnection, 'status'>): Check {
  const status = connection.status();
  switch (status.state) {
    case 'up':
      return { ok: true, message: `connected to Asterisk ${status.asteriskVersion ?? 'of unknown version'}`, warnings: status.warnings };
    case 'connecting':
      return { ok: false, message: status.lastError === null ? 'connecting' : `connecting; last time: ${status.lastError}` };
    case 'refused':
      return { ok: false, message: `the PBX refuses the login: ${status.message}; next try at ${toIso(status.retryAt)}` };
    case 'down':
      return { ok: false, message: `${status.message}; next try at ${toIso(status.retryAt)}` };
    case 'stopped':
      return { ok: false, message: 'stopped' };
  }
}

async function jobsCheck(scheduler: Scheduler, { knex }: Database, startedAt: number): Promise<Check> {
  const trouble = scheduler.trouble();
  if (trouble !== null) return { ok: false, message: `Redis (REDIS_URL): ${trouble}` };
  for (const { name, everyMs, lastError } of scheduler.status()) {
    if (lastError !== null) return { ok: false, message: `${name} failed` };
    // Another process may have run it.
    const lastRun = await answerWithin(DATABASE_ANSWER_MS, lastRunOf(knex, name)).catch(() => undefined);
    if (lastRun === undefined) return { ok: false, message: 'the database does not say when they ran' };
    const lastRunMs = Math.max(toMs(lastRun ?? fromMs(0)), startedAt);
    if (Date.now() - lastRunMs > MISSED_INTERVALS * everyMs + 1_000) return { ok: false, message: `${name} has not run for ${MISSED_INTERVALS} intervals` };
  }
  return { ok: true, message: 'on schedule' };
}

function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`did not answer within ${ms / 1_000} s`)), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
