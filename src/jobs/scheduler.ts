import { messageOf } from '../errors.js';

/** A task that runs again and again. Runs of one job may overlap between processes; a job must bear that. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /** After a failure it waits for its next interval like any other run, since trying costs much. */
  readonly isCostly?: true;
  /** Answers what it did, in a few words for the log and the console. */
  run(how: JobRun): Promise<string>;
}

/** What a run that may take long needs to know, and to say. */
export interface JobRun {
  /** Aborts when the scheduler stops, which waits for the run. */
  readonly signal: AbortSignal;
  /** A run that goes on says so now and then; one that does not counts as stuck. */
  readonly alive: () => void;
}

export interface JobStatus {
  readonly name: string;
  readonly everyMs: number;
  /** When this scheduler took it on. All times are milliseconds since 1970. */
  readonly since: number;
  /** When its last run ended, well or not; null when it has not run here yet. */
  readonly lastRunAt: number | null;
  /** When the run under way last showed that it is alive; null when none is under way. */
  readonly aliveAt: number | null;
  readonly lastResult: string | null;
  readonly lastError: string | null;
}

/**
 * Runs jobs on their interval. The contract, which test/integration/jobs holds both kinds to:
 * - one run each interval, however many schedulers share the same Redis;
 * - a run that fails is reported and the next one comes all the same, before a long interval is over unless the job is costly;
 * - a run still under way is never joined by another of the same scheduler;
 * - a changed interval replaces the old one;
 * - after `stop` nothing runs any more, and a run under way has ended.
 */
export interface Scheduler {
  start(jobs: readonly Job[]): Promise<void>;
  status(): readonly JobStatus[];
  /** Why jobs cannot run at present, null when they can. */
  trouble(): string | null;
  stop(): Promise<void>;
}

/** What failed is not left failed until an interval of many minutes is over. */
export const AGAIN_MS = 15_000;

/** Whether a job has failed here and is to be tried before its interval is over. */
export const isToRunAgain = ({ everyMs, isCostly }: Job, { lastError, lastRunAt, aliveAt }: JobStatus, againMs: number): boolean =>
  everyMs > againMs && isCostly !== true && lastError !== null && aliveAt === null && Date.now() - (lastRunAt ?? 0) >= againMs / 2;

/** Keeps what a status says, for both kinds of scheduler. */
export class JobRecord {
  private readonly since = Date.now();
  private lastRunAt: number | null = null;
  private aliveAt: number | null = null;
  private lastResult: string | null = null;
  private lastError: string | null = null;

  constructor(private readonly job: Job) {}

  /** Runs the job once and never rejects; `report` hears of a failure, unless it is the same as that of the run before. */
  async run(signal: AbortSignal, report: (error: unknown) => void): Promise<void> {
    const alive = (): void => {
      this.aliveAt = Date.now();
    };
    alive();
    try {
      this.lastResult = await this.job.run({ signal, alive });
      this.lastError = null;
    } catch (error) {
      const message = messageOf(error);
      // A database that is away for hours is no news every few seconds.
      if (message !== this.lastError) report(error);
      this.lastError = message;
    } finally {
      this.lastRunAt = Date.now();
      this.aliveAt = null;
    }
  }

  status(): JobStatus {
    const { name, everyMs } = this.job;
    return { name, everyMs, since: this.since, lastRunAt: this.lastRunAt, aliveAt: this.aliveAt, lastResult: this.lastResult, lastError: this.lastError };
  }
}
