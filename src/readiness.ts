import type { PbxConnection } from './ami/connection.js';
import { reasonOf, type Database } from './database/database.js';
import { lastRunOf } from './jobs/journal.js';
import type { JobStatus, Scheduler } from './jobs/scheduler.js';
import { failedGaps } from './logs/capture-gap/recovery.js';
import { LOOK_BACK } from './logs/capture-gap/square.js';
import { countUpTo, LETTERS_COUNTED } from './logs/dead-letter/store.js';
import type { Drainer } from './pipeline/drainer.js';
import type { Spool, SpoolStatus } from './pipeline/spool.js';
import { fromMs, toIso, toMs } from './time.js';
import type { Check, Readiness } from './web/readiness.js';

const DATABASE_ANSWER_MS = 2_000;
/** A batch is written in a moment; one that takes so long waits for somebody, or for nobody any more. */
const WRITE_MS = 30_000;
/** A job that has not run for so many intervals is in trouble. */
const MISSED_INTERVALS = 3;
/** A run under way may take longer than its interval; one that shows no sign of life for so long is stuck. */
const STUCK_MS = 600_000;

interface Parts {
  readonly database: Database;
  readonly connection: Pick<PbxConnection, 'status'>;
  /** Why the database is still waited for after the start, null once it was there. */
  readonly opening: { readonly waitsFor: string | null };
  readonly drainer: Pick<Drainer, 'status'>;
  readonly spool: Pick<Spool, 'status'>;
  /** Jobs that one process does for all, and those that each does for itself. */
  readonly scheduler: Scheduler;
  readonly ownJobs: Scheduler;
}

/** What `/readyz` and the console's notice say, asked anew each time. */
export function readinessOf({ database, opening, connection, drainer, spool, scheduler, ownJobs }: Parts): () => Promise<Readiness> {
  return async () => {
    const [databaseNow, jobs] = await Promise.all([databaseCheck(database, opening.waitsFor, drainer, spool.status()), jobsCheck(scheduler, ownJobs, database)]);
    const warnings = databaseNow.ok ? await answerWithin(DATABASE_ANSWER_MS, unfinished(database.knex)).catch(() => []) : [];
    return { database: { ...databaseNow, warnings }, spool: spoolCheck(spool.status()), ami: amiCheck(connection), jobs };
  };
}

async function databaseCheck(database: Database, waitsFor: string | null, drainer: Parts['drainer'], { waiting }: SpoolStatus): Promise<Check> {
  const events = waiting > 0 ? `; ${waiting} events wait in the spool` : '';
  if (waitsFor !== null) return { ok: false, message: `is waited for: ${waitsFor}${events}` };
  const { failing, busySince, notKept } = drainer.status();
  if (failing !== null) return { ok: false, message: `takes no rows: ${failing}${events}` };
  const busyMs = busySince === null ? 0 : performance.now() - busySince;
  if (busyMs > WRITE_MS) return { ok: false, message: `has not ended a write for ${Math.floor(busyMs / 1_000)} s${events}` };
  try {
    await answerWithin(DATABASE_ANSWER_MS, database.check());
    return { ok: true, message: `takes rows${events}${notKept > 0 ? `; ${notKept} dead letters were not kept, there are too many of their kind` : ''}` };
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

async function jobsCheck(scheduler: Scheduler, ownJobs: Scheduler, { knex }: Database): Promise<Check> {
  const trouble = scheduler.trouble();
  if (trouble !== null) return { ok: false, message: `Redis (REDIS_URL): ${trouble}` };
  for (const status of scheduler.status()) {
    // Another process may have run it.
    const lastRun = await answerWithin(DATABASE_ANSWER_MS, lastRunOf(knex, status.name)).catch(() => undefined);
    if (lastRun === undefined) return { ok: false, message: 'the database does not say when they ran' };
    const problem = jobProblem(status, toMs(lastRun ?? fromMs(0)), Date.now());
    if (problem !== null) return { ok: false, message: problem };
  }
  for (const status of ownJobs.status()) {
    const problem = jobProblem(status, status.lastError === null ? (status.lastRunAt ?? 0) : 0, Date.now());
    if (problem !== null) return { ok: false, message: problem };
  }
  return { ok: true, message: 'on schedule' };
}

/** Why a job is not in order, null when it is. `lastWellAt`: when it last ended well, in whatever process. */
export function jobProblem({ name, everyMs, since, lastRunAt, aliveAt, lastError }: JobStatus, lastWellAt: number, now: number): string | null {
  if (aliveAt !== null) {
    const silentMs = now - aliveAt;
    return silentMs > Math.max(STUCK_MS, MISSED_INTERVALS * everyMs) ? `${name} hangs: no sign of life for ${Math.floor(silentMs / 60_000)} minutes` : null;
  }
  if (lastError !== null && lastWellAt <= (lastRunAt ?? 0)) return `${name} failed`;
  return now - Math.max(since, lastWellAt) > MISSED_INTERVALS * everyMs + 1_000 ? `${name} has not run for ${MISSED_INTERVALS} intervals` : null;
}

/** What waits for somebody to do something about it. */
async function unfinished(knex: Database['knex']): Promise<string[]> {
  const [letters, gaps] = await Promise.all([countUpTo(knex, null, LETTERS_COUNTED), failedGaps(knex, fromMs(Date.now()) - LOOK_BACK)]);
  const count = letters >= LETTERS_COUNTED ? `${LETTERS_COUNTED} or more` : String(letters);
  return [
    ...(letters > 0 ? [`Dead letters: ${count} ${letters === 1 ? 'event or row could' : 'events or rows could'} not be written. See /dead-letters for why, then run: logbook retry`] : []),
    ...(gaps > 0 ? [`The calls of ${gaps === 1 ? 'a gap' : `${gaps} gaps`} could not be recovered. See /capture-gaps?recovery=failed for why, and what to do.`] : []),
  ];
}

function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`did not answer within ${ms / 1_000} s`)), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
