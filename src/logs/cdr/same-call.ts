import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import { clip } from '../columns.js';
import type { NewCdr } from '../output.js';
import { cdrs } from './columns.js';

/** What two accounts of one call agree on, whoever wrote them. */
export type CallIdentity = Pick<
  NewCdr,
  'src' | 'dst' | 'channel' | 'dstchannel' | 'dcontext' | 'lastapp' | 'disposition' | 'duration' | 'billsec' | 'uniqueid' | 'sequence' | 'lastdata' | 'userfield' | 'accountcode'
>;

export type IdentityText = 'src' | 'dst' | 'channel' | 'dstchannel' | 'dcontext' | 'lastapp' | 'uniqueid';

/** How many characters of a text the other side kept; 0: it does not say this at all. */
export type TextLimits = Readonly<Partial<Record<IdentityText, number>>>;

export interface ToldCall {
  readonly call: CallIdentity;
  /** When it began; several where its source cannot tell the two hours of an autumn night apart. */
  readonly starts: readonly Micros[];
}

const TEXTS: readonly IdentityText[] = ['channel', 'dstchannel', 'src', 'dst', 'dcontext', 'lastapp'];
const second = (at: Micros): number => Math.floor(at / MICROS_PER_SECOND);

/**
 * Tells which calls of one account are which of another: pairs of indexes (`told` to `there`), each used
 * once and as many pairs as can be, so that two calls that look alike stay two. One account may be cut to
 * seconds, or rounded as MySQL does, so times and durations may differ by one; the best fits go first.
 */
export function matchCalls(told: readonly ToldCall[], there: readonly ToldCall[], limits: TextLimits = {}): Map<number, number> {
  const bySecond = new Map<number, number[]>();
  there.forEach(({ starts }, index) => {
    for (const at of new Set(starts.map(second))) {
      const bucket = bySecond.get(at);
      if (bucket) bucket.push(index);
      else bySecond.set(at, [index]);
    }
  });
  const fits: { readonly told: number; readonly there: number; readonly score: number }[] = [];
  const choices = told.map(({ call, starts }, index) => {
    const scores = new Map<number, number>();
    for (const start of starts) {
      for (const offset of [0, -1, 1]) {
        for (const candidate of bySecond.get(second(start) + offset) ?? []) {
          const other = there[candidate];
          if (!other || !isSame(call, other.call, limits)) continue;
          scores.set(candidate, Math.max(scores.get(candidate) ?? 0, likeness(call, other.call) + (offset === 0 ? 4 : 0)));
        }
      }
    }
    for (const [candidate, score] of scores) fits.push({ told: index, there: candidate, score });
    return [...scores.keys()];
  });
  fits.sort((a, b) => b.score - a.score || a.told - b.told || a.there - b.there);
  const toldOf = new Map<number, number>();
  const matched = new Map<number, number>();
  for (const fit of fits) {
    if (matched.has(fit.told) || toldOf.has(fit.there)) continue;
    matched.set(fit.told, fit.there);
    toldOf.set(fit.there, fit.told);
  }
  // A best fit may have taken the only one that another could have: move it along (augmenting paths).
  const settle = (index: number, tried: Set<number>): boolean =>
    (choices[index] ?? []).some((candidate) => {
      if (tried.has(candidate)) return false;
      tried.add(candidate);
      const holder = toldOf.get(candidate);
      if (holder !== undefined && !settle(holder, tried)) return false;
      matched.set(index, candidate);
      toldOf.set(candidate, index);
      return true;
    });
  told.forEach((_, index) => {
    if (!matched.has(index)) settle(index, new Set());
  });
  return matched;
}

function isSame(a: CallIdentity, b: CallIdentity, limits: TextLimits): boolean {
  if (Math.abs(a.duration - b.duration) > 1 || Math.abs(a.billsec - b.billsec) > 1 || a.disposition !== b.disposition) return false;
  if (a.sequence !== null && b.sequence !== null && a.sequence !== b.sequence) return false;
  // Without loguniqueid a source has none; a channel's name and its second are enough then.
  if (a.uniqueid !== '' && b.uniqueid !== '' && !sameText('uniqueid', a, b, limits)) return false;
  return TEXTS.every((name) => sameText(name, a, b, limits));
}

function sameText(name: IdentityText, a: CallIdentity, b: CallIdentity, limits: TextLimits): boolean {
  if (a[name] === b[name]) return true;
  const most = Math.min(limits[name] ?? Number.MAX_SAFE_INTEGER, cdrs.columns[name].maxLength);
  return clip(plain(a[name]), most) === clip(plain(b[name]), most);
}

/** Tables in latin1 hold `?` for what they cannot, and control characters do not survive AMI. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/gu, '?');

/** Between two that may both be it: the one that also says the same in everything else. */
function likeness(a: CallIdentity, b: CallIdentity): number {
  const same = [a.duration === b.duration, a.billsec === b.billsec, a.lastdata === b.lastdata, a.userfield === b.userfield, a.accountcode === b.accountcode, a.sequence === b.sequence];
  return same.filter(Boolean).length;
}
