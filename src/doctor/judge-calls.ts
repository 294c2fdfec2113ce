import type { CallFacts } from './database-facts.js';
import { fix, less, loses, ok, unknown, type Check } from './outcome.js';
import type { LoginFacts } from './pbx-facts.js';

/** `[mappings]` of cdr_manager.conf, as docker/asterisk has them; the first three are the times. */
export const MAPPINGS = [
  'start,u => StartEpoch', 'answer,u => AnswerEpoch', 'end,u => EndEpoch', 'linkedid => LinkedID', 'sequence => Sequence', 'peeraccount => PeerAccount',
] as const;

/** Whether each call reaches AMI, at once and with exact times. */
export function judgeCalls(login: LoginFacts, calls: CallFacts | null): readonly Check[] {
  return [events(login), ...cdrConf(login), login.mapped === null ? mappingsByCalls(calls) : mappings(login.mapped)];
}

function events({ cdr, settings }: LoginFacts): Check {
  const name = 'calls.events';
  if (settings?.disabledEvents.some((event) => event.toLowerCase() === 'cdr') === true) {
    const others = settings.disabledEvents.filter((event) => event.toLowerCase() !== 'cdr');
    // Asterisk 16 and 22 keep the old list at a reload where the line is only taken out.
    return loses(name, 'disabledevents holds back Cdr events', fix('manager.conf, [general]', `disabledevents = ${others.join()}`.trimEnd()));
  }
  if (cdr === null) return unknown(name, 'the PBX does not tell whether cdr_manager runs', fix('cdr_manager.conf, [general]', 'enabled = yes'));
  if (!cdr.logging) return loses(name, 'call records are off on the PBX', fix('cdr.conf, [general]', 'enable = yes'), fix('cdr_manager.conf, [general]', 'enabled = yes'));
  switch (cdr.overAmi) {
    case 'running':
      return ok(name, 'cdr_manager sends each call');
    case 'suspended':
      return loses(name, 'cdr_manager is loaded, but not enabled: no call reaches AMI', fix('cdr_manager.conf, [general]', 'enabled = yes'));
    case 'missing':
      return loses(name, 'cdr_manager is not running: no call reaches AMI', fix('cdr_manager.conf, [general]', 'enabled = yes'), fix('modules.conf', 'load => cdr_manager.so'));
  }
}

function cdrConf({ cdr }: LoginFacts): readonly Check[] {
  if (cdr === null || !cdr.logging) return [];
  const section = 'cdr.conf, [general]';
  const checks = [
    cdr.batch
      ? less('calls.batch', 'batch mode is on: calls come late, in bursts, and those waiting die with Asterisk', fix(section, 'batch = no'))
      : ok('calls.batch', 'calls come one by one as they end'),
  ];
  if (cdr.unanswered === false) checks.push(less('calls.unanswered', 'the PBX keeps no record of some calls that nobody answered', fix(section, 'unanswered = yes')));
  if (cdr.congestion === false) checks.push(less('calls.congestion', 'the PBX reports congestion as an ordinary failure, or not at all', fix(section, 'congestion = yes')));
  return checks;
}

/** The mappings that the file lacks; `start,u => StartEpoch` is read as `start,u=StartEpoch`. */
const unmapped = (mapped: readonly string[]): readonly string[] => {
  const plain = (line: string): string => line.replace(/\s*=>?\s*/, '=').toLowerCase();
  const present = new Set(mapped.map(plain));
  return MAPPINGS.filter((line) => !present.has(plain(line)));
};

/** Whether the starts of calls come as epoch seconds, so that the PBX's zone does not matter. */
export const hasExactStarts = ({ mapped }: LoginFacts, calls: CallFacts | null): boolean =>
  mapped === null ? calls?.newestIsExact === true : !unmapped(mapped).includes(MAPPINGS[0]);

function mappings(mapped: readonly string[]): Check {
  const name = 'calls.mappings';
  const missing = unmapped(mapped);
  if (missing.length === 0) return ok(name, 'cdr_manager.conf maps exact times, LinkedID, Sequence and PeerAccount');
  const what = missing.map((line) => line.split(' => ')[1] ?? line).join(', ');
  const times = missing.some((line) => line.includes(',u ')) ? ': call times come from local time, to the second' : '';
  return less(name, `cdr_manager.conf does not map ${what}${times}`, fix('cdr_manager.conf, [mappings]', ...missing));
}

// A login without `system` may not read the file, but the calls that came tell.
function mappingsByCalls(calls: CallFacts | null): Check {
  const name = 'calls.mappings';
  const add = fix('cdr_manager.conf, [mappings]', ...MAPPINGS);
  if (calls === null || calls.newest === 0) return unknown(name, 'no call is logged yet that would tell; place one and ask again', add);
  const { newest, exact, newestIsExact, linked, numbered } = calls;
  if (!newestIsExact) return less(name, `the newest call has its time to the second (${exact} of the last ${newest} to the microsecond): start, answer and end are not mapped, unless it was imported`, add);
  const absent = [...(linked === 0 ? ['linkedid => LinkedID'] : []), ...(numbered === 0 ? ['sequence => Sequence'] : [])];
  if (absent.length > 0) return less(name, `none of the last ${newest} calls has it: which legs are one call, or which leg this is`, fix('cdr_manager.conf, [mappings]', ...absent));
  return ok(name, `${exact} of the last ${newest} calls have times to the microsecond`);
}
