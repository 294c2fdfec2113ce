export interface Progress {
  /** `done` is a part of 1; `text` is asked for only when it is shown. */
  readonly show: (done: number, text: () => string) => void;
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
    show(done, text) {
      if (now() - last < everyMs) return;
      last = now();
      const line = `${Math.floor(done * 100)} %  ${text()}`;
      if (output.isTTY === true) {
        const filled = Math.round(done * BAR);
        output.write(`\r[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}] ${line}\u001B[K`);
        drawn = true;
      } else output.write(`${line}\n`);
    },
    end() {
      if (drawn) output.write('\n');
      drawn = false;
    },
  };
}
