import type { BackfillReport } from './report.js';

export interface Progress {
  readonly show: (report: Readonly<BackfillReport>, done: number) => void;
  /** Leaves the line; safe to call twice. */
  end(): void;
}

const BAR = 24;

/** A bar that is drawn over on a terminal; elsewhere (a log, a cron mail) a plain line every five seconds. */
export function progressOn(output: { readonly isTTY?: boolean; write(text: string): unknown }, now: () => number = Date.now): Progress {
  const everyMs = output.isTTY === true ? 100 : 5_000;
  let last = now();
  let drawn = false;
  return {
    show(report, done) {
      if (now() - last < everyMs) return;
      last = now();
      const text = `${Math.floor(done * 100)} %  ${report.read} read, ${report.added} new, ${report.alreadyThere} already there, ${report.unreadable} unreadable`;
      if (output.isTTY === true) {
        const filled = Math.round(done * BAR);
        output.write(`\r[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${text}\u001B[K`);
        drawn = true;
      } else output.write(`${text}\n`);
    },
    end() {
      if (drawn) output.write('\n');
      drawn = false;
    },
  };
}
