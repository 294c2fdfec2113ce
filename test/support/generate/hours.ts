import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import type { Random } from './company.js';

const HOUR: Micros = 3_600 * MICROS_PER_SECOND;

/** How much happens in each hour of a working day in Rome. */
const DAY = [1, 0.5, 0.5, 0.5, 1, 2, 6, 18, 46, 71, 78, 69, 44, 38, 62, 74, 66, 48, 22, 11, 7, 5, 3, 2];
const WEEKEND = 0.12;

/** So many instants of `[from, to)`, in order, most of them in office hours. Exactly `count`, however short the range. */
export function* instants(count: number, from: Micros, to: Micros, random: Random): Generator<Micros> {
  const hours = hoursOf(from, to);
  const whole = hours.reduce((sum, { weight }) => sum + weight, 0);
  let passed = 0;
  let given = 0;
  for (const hour of hours) {
    passed += hour.weight;
    const until = hour === hours.at(-1) ? count : Math.min(count, Math.round((count * passed) / whole));
    const drawn = new Float64Array(until - given).map(() => hour.from + Math.floor(random() * (hour.to - hour.from)));
    yield* drawn.sort();
    given = until;
  }
}

function hoursOf(from: Micros, to: Micros): { from: Micros; to: Micros; weight: number }[] {
  const hours: { from: Micros; to: Micros; weight: number }[] = [];
  for (let begin = from; begin < to; ) {
    const end = Math.min(begin - (begin % HOUR) + HOUR, to);
    const local = new Date(begin / 1_000 + 3_600_000);
    const weight = (DAY[local.getUTCHours()] ?? 1) * (local.getUTCDay() % 6 === 0 ? WEEKEND : 1);
    hours.push({ from: begin, to: end, weight: (weight * (end - begin)) / HOUR });
    begin = end;
  }
  return hours;
}
