import { MICROS_PER_SECOND, fromSeconds, parseIso, toIso, type Micros } from '../time.js';

const MARGIN = fromSeconds(86_400);

/**
 * Moves every time in a block by whole seconds: epoch numbers (timestamps, unique ids, expiries,
 * nonces) near the recorded day, and dates with a time (`EventTV`, `StartTime` …; the recorded PBX
 * was on UTC). Whole seconds keep all of them in step.
 */
export function shiftTimes(text: string, seconds: number, day: { readonly startAt: Micros; readonly endAt: Micros }): string {
  const from = (day.startAt - MARGIN) / MICROS_PER_SECOND;
  const to = (day.endAt + MARGIN) / MICROS_PER_SECOND;
  return text
    .replace(/(?<!\d)\d{10}(?!\d)/g, (digits) => {
      const epoch = Number(digits);
      return epoch >= from && epoch <= to ? String(epoch + seconds) : digits;
    })
    .replace(/\b(\d{4}-\d{2}-\d{2})([T ])(\d{2}:\d{2}:\d{2})/g, (whole, date: string, separator: string, clock: string) => {
      const at = parseIso(`${date}T${clock}Z`);
      return at === null ? whole : toIso(at + fromSeconds(seconds)).slice(0, 19).replace('T', separator);
    });
}
