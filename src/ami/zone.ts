import { fromSeconds } from '../time.js';
import type { PbxZone } from './input.js';
import type { AmiLine } from './line.js';

const DAY_SECONDS = 86_400;
const SAMPLES_DAYS = [-8, -4, 0, 4, 8];

/** Seconds east of UTC at an instant (epoch seconds); null when the PBX doesn't say. */
export type OffsetAt = (epochSeconds: number) => Promise<number | null>;

/** Asks with `Getvar` and `STRFTIME(<epoch>,,%z)`. Asterisk follows its /etc/localtime, not `TZ`. */
export const offsetAsked = (line: AmiLine): OffsetAt => async (epochSeconds) => {
  const answer = await line.send({ Action: 'Getvar', Variable: `STRFTIME(${epochSeconds},,%z)` });
  return answer.kind === 'error' ? null : parseOffset(answer.headers.get('value') ?? '');
};

/**
 * The PBX's offsets from eight days ago to eight days ahead, each change exact to the second.
 * Null when the PBX doesn't say. Two changes within four days would go unnoticed; no zone has that.
 */
export async function readZone(offsetAt: OffsetAt, nowSeconds: number): Promise<PbxZone | null> {
  const spans: { from: number; offsetSeconds: number }[] = [];
  let previous: { at: number; offset: number } | null = null;
  for (const days of SAMPLES_DAYS) {
    const at = Math.floor(nowSeconds) + days * DAY_SECONDS;
    const offset = await offsetAt(at);
    if (offset === null) return null;
    if (!previous) spans.push({ from: fromSeconds(at), offsetSeconds: offset });
    else if (offset !== previous.offset) {
      const changeAt = await findChange(offsetAt, previous, at);
      if (changeAt === null) return null;
      spans.push({ from: fromSeconds(changeAt), offsetSeconds: offset });
    }
    previous = { at, offset };
  }
  return { spans };
}

async function findChange(offsetAt: OffsetAt, before: { at: number; offset: number }, after: number): Promise<number | null> {
  let [low, high] = [before.at, after];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const offset = await offsetAt(middle);
    if (offset === null) return null;
    if (offset === before.offset) low = middle;
    else high = middle;
  }
  return high;
}

/** `+0530` in seconds; null for anything else. */
export function parseOffset(text: string): number | null {
  const match = /^([+-])(\d{2})(\d{2})$/.exec(text.trim());
  if (!match) return null;
  const seconds = Number(match[2]) * 3_600 + Number(match[3]) * 60;
  return match[1] === '-' && seconds > 0 ? -seconds : seconds;
}
