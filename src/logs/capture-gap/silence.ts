import { MICROS_PER_SECOND, type Micros } from '../../time.js';

/** One login that stood `[from, until)`; `reason` is why it ended, '' while it stands, or when nobody was left to say. */
export interface Heard {
  readonly listener: string;
  readonly from: Micros;
  readonly until: Micros;
  readonly reason: string;
}

export interface Silence {
  readonly from: Micros;
  readonly to: Micros;
  readonly reason: string;
}

export const KILLED = 'Logbook was killed or its machine went down';

/** A login that still stands and is behind the furthest by no more may cover yet what looks like a hole beside it. */
const SETTLES: Micros = 30 * MICROS_PER_SECOND;
/** By so much a PBX's clock and ours may differ. */
const SKEW: Micros = 3_600 * MICROS_PER_SECOND;

/** What no login covers, between the beginning of the first and the end of the last. */
export function silences(heard: readonly Heard[]): Silence[] {
  const logins = heard.filter(({ from, until }) => until > from).sort((a, b) => a.from - b.from);
  const begin = Math.min(...heard.map(({ from }) => from));
  const end = Math.max(...heard.map(({ until }) => until));
  const found: Silence[] = [];
  let reach = begin;
  const silentUntil = (to: Micros): void => {
    if (to > reach) found.push({ from: reach, to, reason: logins.find(({ until, reason }) => until === reach && reason !== '')?.reason ?? KILLED });
  };
  for (const { from, until } of logins) {
    silentUntil(from);
    reach = Math.max(reach, until);
  }
  silentUntil(end);
  return found;
}

/** False while a login that still stands may reach into this silence when its next news comes. */
export function isSettled(silence: Silence, heard: readonly Heard[], now: Micros): boolean {
  const newest = new Map<string, Heard>();
  for (const login of heard) if (login.from >= (newest.get(login.listener)?.from ?? login.from)) newest.set(login.listener, login);
  const alive = Math.max(Math.max(...heard.map(({ until }) => until)) - SETTLES, now - SKEW);
  return ![...newest.values()].some(({ until, reason }) => reason === '' && until <= silence.from && until > alive);
}
