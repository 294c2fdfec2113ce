import type { Logger } from 'pino';
import { AGAIN_MS, isToRunAgain, JobRecord, type Job, type JobStatus, type Scheduler } from './scheduler.js';

/** Timers of this process: for one Logbook without Redis. */
export class InProcessScheduler implements Scheduler {
  private readonly records: JobRecord[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly logger: Logger,
    private readonly againMs = AGAIN_MS,
  ) {}

  start(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) this.schedule(job);
    return Promise.resolve();
  }

  status(): readonly JobStatus[] {
    return this.records.map((record) => record.status());
  }

  trouble(): string | null {
    return null;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.stopping.abort();
    await Promise.all(this.underWay);
  }

  private schedule(job: Job): void {
    const record = new JobRecord(job);
    this.records.push(record);
    let busy = false;
    const run = (): void => {
      if (busy) return;
      busy = true;
      const running = record
        .run(this.stopping.signal, (error) => this.logger.error({ job: job.name, err: error }, 'a job failed; it runs again at its next interval'))
        .finally(() => {
          busy = false;
          this.underWay.delete(running);
        });
      this.underWay.add(running);
    };
    this.timers.push(setInterval(run, job.everyMs));
    this.timers.push(setInterval(() => isToRunAgain(job, record.status(), this.againMs) && run(), this.againMs));
  }
}
