import type { Span } from '../logs/statistics/spans.js';
import { toMs } from '../time.js';
import type { Language } from './language.js';
import { offsetName, type ReaderZone } from './zone.js';

export interface HourLabel {
  /** `Tue 24 Nov` */
  readonly date: string;
  /** `17:00–18:00`, with the offset from UTC where the same comes twice. */
  readonly clock: string;
  /** What stands under the chart here, '' for nothing. */
  readonly tick: string;
}

/** What each hour is called on the zone's wall clock. Ticks stand at every third hour, or at each new day. */
export function hourLabels(hours: readonly Span[], zone: ReaderZone, ticks: 'hours' | 'days', { shortDate }: Language): HourLabel[] {
  const labels = hours.map(({ from, to }) => {
    const { date, clock } = zone.local(from);
    const offset = zone.offsetAt(from);
    const begin = clock.slice(0, 5);
    // By the clock that holds in the hour, also where it ends with a change of it.
    const end = new Date(toMs(to) + offset * 60_000).toISOString().slice(11, 16);
    return { date, begin, offset, clock: `${begin}–${end}` };
  });
  const twice = new Set(labels.map(({ date, begin }) => `${date} ${begin}`).filter((name, index, all) => all.indexOf(name) !== index));
  return labels.map(({ date, begin, clock, offset }, index) => {
    const newDay = index > 0 && labels[index - 1]?.date !== date;
    const third = begin.endsWith(':00') && Number(begin.slice(0, 2)) % 3 === 0;
    return {
      date: shortDate(date),
      clock: twice.has(`${date} ${begin}`) ? `${clock} ${offsetName(offset)}` : clock,
      tick: newDay ? shortDate(date) : ticks === 'hours' && third ? begin : '',
    };
  });
}
