/** A task that runs again and again. Runs of one job may overlap between processes; a job must bear that. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /** Answers what it did, in a few words for the log and the console. */
  run(): Promise<string>;
}

export interface JobStatus {
  readonly name: string;
  readonly everyMs: number;
  /** Milliseconds since 1970; null when it has not run here yet. */
  readonly lastRunAt: number | null;
  readonly lastResult: string | null;
  readonly lastError: string | null;
}

/**
 * Runs jobs on their interval. The contract, which test/integration/jobs holds both kinds to:
 * - one run each interval, however many schedulers share the same Redis;
 * - a run that fails is reported and the next one comes all the same;
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

/** Keeps what a status says, for both kinds of scheduler. */
export class JobRecord {
  private lastRunAt: number | null = null;
  private lastResult: string | null = null;
  private lastError: string | null = null;

  constructor(private readonly job: Job) {}

  /** Runs the job once and never rejects; `report` hears of a failure. */
  async run(report: (error: unknown) => void): Promise<void> {
    try {
      this.lastResult = await this.job.run();
      this.lastError = null;
    } catch (error) {
      this.lastError = error instanceof Error ? error.message : String(error);
      report(error);
    } finally {
      this.lastRunAt = Date.now();
    }
  }

  status(): JobStatus {
    const { name, everyMs } = this.job;
    return { name, everyMs, lastRunAt: this.lastRunAt, lastResult: this.lastResult, lastError: this.lastError };
  }
}
