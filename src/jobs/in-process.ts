import type { Logger } from 'pino';
import { JobRecord, type Job, type JobStatus, type Scheduler } from './scheduler.js';

/** Timers of this process: for one Logbook without Redis. */
export class InProcessScheduler implements Scheduler {
  private readonly records: JobRecord[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly logger: Logger) {}

  start(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      const record = new JobRecord(job);
      let busy = false;
      this.records.push(record);
      this.timers.push(
        setInterval(() => {
          if (busy) return;
          busy = true;
          const run = record
            .run(this.stopping.signal, (error) => this.logger.error({ job: job.name, err: error }, 'a job failed; it runs again at its next interval'))
            .finally(() => {
              busy = false;
              this.underWay.delete(run);
            });
          this.underWay.add(run);
        }, job.everyMs),
      );
    }
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
}
