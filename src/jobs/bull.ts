import Bull from 'bull';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { messageOf } from '../errors.js';
import { AGAIN_MS, isToRunAgain, JobRecord, type Job, type JobStatus, type Scheduler } from './scheduler.js';

const NOT_YET = 'has not answered yet';
const REDIS_ANSWER_MS = 5_000;
/** So often the schedule is looked for in Redis: who empties it while it runs tells nobody. */
const LOOK_EVERY_MS = 5_000;

/**
 * Jobs as Bull repeatables: exactly one run each interval, however many processes share the Redis.
 * The only file that imports bull.
 */
export class BullScheduler implements Scheduler {
  private readonly queue: Bull.Queue;
  private readonly records = new Map<string, JobRecord>();
  private readonly connections: Redis[] = [];
  private jobs: readonly Job[] = [];
  private problem: string | null = NOT_YET;
  private readonly stopping = new AbortController();
  private scheduling: Promise<void> = Promise.resolve();
  private readonly look: NodeJS.Timeout;
  private readonly again: NodeJS.Timeout;

  constructor(
    redisUrl: string,
    private readonly logger: Logger,
    queueName: string,
    private readonly againMs = AGAIN_MS,
  ) {
    this.queue = new Bull(queueName, {
      createClient: (type) => this.connect(redisUrl, type),
      defaultJobOptions: { removeOnComplete: true, removeOnFail: 20, attempts: 1 },
    });
    // Without a listener the process would end at the first error.
    this.queue.on('error', (error: Error) => this.trip(error));
    this.look = setInterval(() => void this.reschedule(), LOOK_EVERY_MS);
    this.again = setInterval(() => void this.runAgain().catch((error: unknown) => this.trip(error)), againMs);
  }

  async start(jobs: readonly Job[]): Promise<void> {
    this.jobs = jobs;
    for (const job of jobs) {
      const record = new JobRecord(job);
      this.records.set(job.name, record);
      // The promise settles when the queue closes; a failure of Redis is an `error` event above.
      this.queue
        .process(job.name, 1, async () => {
          await record.run(this.stopping.signal, (error) => this.logger.error({ job: job.name, err: error }, 'a job failed; it runs again at its next interval'));
        })
        .catch((error: unknown) => this.trip(error));
    }
    await this.reschedule();
  }

  status(): readonly JobStatus[] {
    return [...this.records.values()].map((record) => record.status());
  }

  trouble(): string | null {
    return this.problem;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.look);
    clearInterval(this.again);
    await this.scheduling;
    // close() waits for the running job; while Redis is away it would wait for ever.
    await within(REDIS_ANSWER_MS, this.queue.close()).catch((error: unknown) => this.logger.warn({ reason: messageOf(error) }, 'the job queue did not close in time'));
    for (const connection of this.connections) connection.disconnect();
  }

  private connect(redisUrl: string, type: 'client' | 'subscriber' | 'bclient'): Redis {
    const options: RedisOptions = {
      // Bull asks for both on its blocking connections; without an end of retries an outage just lasts.
      maxRetriesPerRequest: null,
      enableReadyCheck: type === 'client',
      retryStrategy: (attempt) => Math.min(attempt * 200, 5_000),
    };
    const connection = new Redis(redisUrl, options);
    connection.on('error', (error: Error) => this.trip(error));
    // Redis that comes back empty has lost the schedule, and tells nobody.
    if (type === 'client') connection.on('ready', () => void this.reschedule());
    this.connections.push(connection);
    return connection;
  }

  private reschedule(): Promise<void> {
    this.scheduling = this.scheduling.then(async () => {
      if (this.stopping.signal.aborted) return;
      try {
        await within(REDIS_ANSWER_MS, this.scheduleAll());
        if (this.problem !== null) this.logger.info('jobs are scheduled in Redis');
        this.problem = null;
      } catch (error) {
        this.trip(error);
      }
    });
    return this.scheduling;
  }

  private async scheduleAll(): Promise<void> {
    const wanted = new Map(this.jobs.map((job) => [job.name, job.everyMs]));
    const scheduled = new Set<string>();
    for (const present of await this.queue.getRepeatableJobs()) {
      // A changed interval would leave the old repeatable running beside the new one.
      if (wanted.get(present.name) === present.every) scheduled.add(present.name);
      else await this.queue.removeRepeatableByKey(present.key);
    }
    for (const job of this.jobs) {
      if (!scheduled.has(job.name)) await this.queue.add(job.name, {}, { repeat: { every: job.everyMs } });
    }
  }

  /** Whichever process takes it; several that failed at once ask for the same run. */
  private async runAgain(): Promise<void> {
    if (this.problem !== null || this.stopping.signal.aborted) return;
    const failed = this.jobs.filter((job) => {
      const record = this.records.get(job.name);
      return record !== undefined && isToRunAgain(job, record.status(), this.againMs);
    });
    const jobId = (name: string): string => `${name} again ${Math.floor(Date.now() / this.againMs)}`;
    await within(REDIS_ANSWER_MS, Promise.all(failed.map(({ name }) => this.queue.add(name, {}, { jobId: jobId(name) }))));
  }

  private trip(error: unknown): void {
    const message = messageOf(error) || 'Redis is away';
    if ((this.problem === null || this.problem === NOT_YET) && !this.stopping.signal.aborted) this.logger.error({ reason: message }, 'Redis at REDIS_URL fails; jobs wait until it is back');
    this.problem = message;
  }
}

/** Bull's calls neither resolve nor reject while Redis is away. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms / 1_000} s`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
