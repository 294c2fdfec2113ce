import type { CallFacts } from './database-facts.js';
import { hasExactStarts, MAPPINGS } from './judge-calls.js';
import { fix, less, ok, unknown, type Check } from './outcome.js';
import type { LoginFacts } from './pbx-facts.js';

const CLOCKS_APART_MS = 2_000;
const TIMESTAMPS = fix('manager.conf, [general]', 'timestampevents = yes');

/** Whose time rows carry: timestamps on events, the two clocks, the PBX's zone. */
export function judgeTimes(login: LoginFacts, calls: CallFacts | null): readonly Check[] {
  return [timestamps(login), clocks(login.clockAheadMs), zone(login, calls)];
}

function timestamps({ settings, heardSecurity, heardTimestamp }: LoginFacts): Check {
  const name = 'pbx.timestamps';
  if (heardTimestamp || settings?.timestampEvents === true) return ok(name, "events carry the PBX's time");
  if (heardSecurity || settings) return less(name, 'timestampevents is off: rows are timed when they are heard', TIMESTAMPS);
  return unknown(name, 'no event came that would tell whether timestampevents is on', TIMESTAMPS);
}

function clocks(aheadMs: number | null): Check {
  const name = 'pbx.clock';
  if (aheadMs === null) return unknown(name, 'the PBX did not tell its time');
  const apart = Math.abs(aheadMs) < 1_000 ? `${Math.abs(Math.round(aheadMs))} ms` : `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s`;
  if (Math.abs(aheadMs) < CLOCKS_APART_MS) return ok(name, `the two clocks are ${apart} apart`);
  return less(name, `the PBX's clock is ${apart} ${aheadMs > 0 ? 'ahead of' : 'behind'} Logbook's; rows carry the PBX's`, fix('both machines', 'timedatectl set-ntp true'));
}

function zone(login: LoginFacts, calls: CallFacts | null): Check {
  const name = 'pbx.zone';
  const { offsetSeconds } = login;
  if (offsetSeconds !== null) return ok(name, `the PBX's local time is ${utc(offsetSeconds)}`);
  if (hasExactStarts(login, calls)) return ok(name, 'the PBX does not tell its offset from UTC, and the mappings of cdr_manager.conf make it needless');
  return less(name, "the PBX does not tell its offset from UTC, of which its calls' local times have need", fix('modules.conf', 'load => func_strings.so'), fix('cdr_manager.conf, [mappings]', ...MAPPINGS.slice(0, 3)));
}

function utc(offsetSeconds: number): string {
  const minutes = Math.abs(Math.round(offsetSeconds / 60));
  const two = (value: number): string => String(value).padStart(2, '0');
  return minutes === 0 ? 'UTC' : `UTC${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
