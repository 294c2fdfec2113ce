import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { PbxConnection, type PbxConnectionOptions } from './ami/connection.js';
import type { Config } from './config.js';
import { whenDatabaseServes } from './database-ready.js';
import { openDatabase, type Database } from './database/database.js';
import { WriteTurn } from './database/write-turn.js';
import type { DemoPbx } from './demo/server.js';
import { messageOf } from './errors.js';
import { InProcessScheduler } from './jobs/in-process.js';
import { journalled } from './jobs/journal.js';
import { makeMonthsAhead, partitionsJob } from './jobs/partitions.js';
import { reconcileJob, squareJob } from './jobs/reconcile.js';
import { recoverGapsJob } from './jobs/recover-gaps.js';
import { retentionJob } from './jobs/retention.js';
import { rollUpJob } from './jobs/roll-up.js';
import type { Scheduler } from './jobs/scheduler.js';
import { DiskSpool } from './pipeline/disk-spool.js';
import type { Drainer } from './pipeline/drainer.js';
import { drainerOf } from './pipeline/drainer-thread.js';
import { readinessOf } from './readiness.js';
import { fromMs } from './time.js';
import { createWebApp } from './web/app.js';
import { housekeepingJob } from './web/housekeeping.js';
import { consoleUsers } from './web/users.js';

// An import would read all that the module has, among it the WebSocket of undici, which takes 5 MB and 25 ms to load and is not used.
const { createServer } = process.getBuiltinModule('node:http');

const STOP_PATIENCE_MS = 3_000;

export interface Service {
  readonly url: string;
  /** The first password, where this start made one; nobody can ask for it again. */
  readonly generatedPassword: string | null;
  /**
   * Stops in the order of the data's way: no more from the PBX, all that was received is in the spool and, if the database takes it in time, written,
   * jobs and requests under way end, then the database closes.
   */
  stop(): Promise<void>;
}

/**
 * Builds every part by hand and starts them in order. The PBX is listened to at once, and what it says kept in the
 * spool, while the database is waited for. Rejects when `signal` aborts that.
 */
export async function startService(config: Config, logger: Logger, signal: AbortSignal): Promise<Service> {
  const database = openDatabase(config.databaseUrl, 'service', new WriteTurn('main'));
  const parts: Parts = { database, stopping: new AbortController() };
  try {
    const demo = config.ami === null ? (parts.demo = await demoPbx(logger)) : null;
    const spool = (parts.spool = await DiskSpool.open({ ...config.spool, pbx: config.pbxName, logger }));
    const connection = (parts.connection = new PbxConnection({ ...amiOptions(config, demo), logger, onInput: (input) => spool.push(input) }));
    const news = new EventEmitter();
    const drainer = (parts.drainer = drainerOf({ pbx: config.pbxName, spool, database, logger, onRows: () => news.emit('rows') }));
    const scheduler = (parts.scheduler = await jobScheduler(config, logger));
    const ownJobs = (parts.ownJobs = new InProcessScheduler(logger));
    const opening = { waitsFor: 'not asked yet' as string | null };
    const readiness = readinessOf({ database, opening, connection, drainer, spool, scheduler, ownJobs });
    const server = (parts.server = createServer(createWebApp({ database, config, logger, demo: demo !== null, readiness, news, stopping: parts.stopping.signal })));

    const port = await listen(server, config);
    connection.start();
    const users = consoleUsers(database.knex);
    const prepare = async () => {
      await database.migrate((done, what) => {
        opening.waitsFor = `${what}, ${Math.floor(done * 100)} %`;
        logger.info({ what, percent: Math.floor(done * 100) }, 'the tables are brought up to date');
      });
      // Whatever lies in the spool is of months that may have begun since the last run.
      await makeMonthsAhead(database, fromMs(Date.now())).catch((error: unknown) => logger.warn({ reason: messageOf(error) }, 'the months ahead could not be made; the job partitions tries again'));
      // After what can fail, so that no start uses up a password it could not show; before anything is ready, so that ready means one can sign in.
      return users.ensureAdmin(config.admin.username, config.admin.password);
    };
    const { generatedPassword } = await whenDatabaseServes(prepare, { logger, signal, onWait: (reason) => (opening.waitsFor = reason) });
    drainer.start();
    const jobs = [reconcileJob(database, config.reconcileEveryMs), retentionJob(database, config.retention), rollUpJob(database), ...(database.dialect === 'mysql' ? [partitionsJob(database)] : [])];
    await scheduler.start(jobs.map((job) => journalled(database.knex, job)));
    await ownJobs.start([squareJob(connection, config.reconcileEveryMs), housekeepingJob(database), recoverGapsJob(database, demo ? { ...config, recovery: { csv: null, sql: null } } : config)]);
    opening.waitsFor = null;
    return { url: `http://${hostInUrl(config.http.host)}:${port}`, generatedPassword, stop: () => stopAll(parts) };
  } catch (error) {
    await stopAll(parts);
    throw error;
  }
}

// What only some need is loaded for them: Bull takes a tenth of the start, and of an idle process's memory.
const demoPbx = async (logger: Logger): Promise<DemoPbx> => (await import('./demo/server.js')).startDemoPbx({ logger });

async function jobScheduler(config: Config, logger: Logger): Promise<Scheduler> {
  if (config.redisUrl === null) return new InProcessScheduler(logger);
  const { BullScheduler } = await import('./jobs/bull.js');
  return new BullScheduler(config.redisUrl, logger, queueName(config));
}

/** What has been built so far; all but the database may be missing when the start failed. */
interface Parts {
  readonly database: Database;
  /** Aborted when the pages that are open must let go. */
  readonly stopping: AbortController;
  spool?: DiskSpool;
  connection?: PbxConnection;
  demo?: DemoPbx;
  drainer?: Pick<Drainer, 'stop'>;
  /** Jobs that one process does for all. */
  scheduler?: Scheduler;
  /** Jobs that each process does for itself. */
  ownJobs?: Scheduler;
  server?: Server;
}

async function stopAll({ stopping, connection, demo, spool, drainer, scheduler, ownJobs, server, database }: Parts): Promise<void> {
  await connection?.stop();
  await demo?.close();
  await spool?.flush();
  await drainer?.stop();
  await spool?.close();
  await ownJobs?.stop();
  await scheduler?.stop();
  stopping.abort();
  if (server) await closed(server);
  // One that hangs keeps its connections open; the end of the process ends them.
  await Promise.race([database.close(), new Promise((resolve) => setTimeout(resolve, STOP_PATIENCE_MS).unref())]);
}

/** Processes that share a database share its jobs, and nobody else's. */
const queueName = (config: Config): string => `logbook-${createHash('sha256').update(config.databaseUrl).digest('hex').slice(0, 12)}`;

function amiOptions(config: Config, demo: DemoPbx | null): Omit<PbxConnectionOptions, 'logger' | 'onInput'> {
  if (demo) {
    const { host, port, username, secret, pace } = demo;
    return { host, port, username, secret, tls: false, ...pace };
  }
  const { ami } = config;
  if (!ami) throw new Error('neither a PBX nor a demo');
  const { host, port, username, secret, tls, tlsCa } = ami;
  // Asterisk's certificates are self-signed as a rule: without AMI_TLS_CA the line is encrypted, and the README says what that leaves open.
  return { host, port, username, secret, tls, tlsVerify: tlsCa !== null, ...(tlsCa === null ? {} : { tlsCa }) };
}

async function listen(server: Server, config: Config): Promise<number> {
  server.listen(config.http.port, config.http.host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const close = once(server, 'close');
  server.close();
  // A download still running gets a moment; a browser's idle connection none.
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), STOP_PATIENCE_MS);
  await close;
  clearTimeout(timer);
}

const hostInUrl = (host: string): string => (host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host);
