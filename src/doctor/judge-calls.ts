import type { CallFacts } from './database-facts.js';
import { fix, less, loses, ok, unknown, type Check } from './outcome.js';
import type { LoginFacts } from './pbx-facts.js';

/** `[mappings]` of cdr_manager.conf, as docker/asterisk has them; the first three are the times. */
export const MAPPINGS = [
  'start,u => StartEpoch', 'answer,u => AnswerEpoch', 'end,u => EndEpoch', 'linkedid => LinkedID', 'sequence => Sequence', 'peeraccount => PeerAccount',
] as const;

/** Whether each call reaches AMI, at once and with exact times. */
export function judgeCalls(login: LoginFacts, calls: CallFacts | null): readonly Check[] {
  return [events(login), ...cdrConf(login), mappings(calls)];
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

// AMI does not show cdr_manager.conf to a login without `config`, which would show passwords as well.
function mappings(calls: CallFacts | null): Check {
  const name = 'calls.mappings';
  const add = fix('cdr_manager.conf, [mappings]', ...MAPPINGS);
  if (calls === null || calls.newest === 0) return unknown(name, 'no call is logged yet that would tell; place one and ask again', add);
  const { newest, exact, newestIsExact, linked, numbered } = calls;
  if (!newestIsExact) return less(name, `the newest call has its time to the second (${exact} of the last ${newest} to the microsecond): start, answer and end are not mapped, unless it was imported`, add);
  const unmapped = [...(linked === 0 ? ['linkedid => LinkedID'] : []), ...(numbered === 0 ? ['sequence => Sequence'] : [])];
  if (unmapped.length > 0) return less(name, `none of the last ${newest} calls has it: which legs are one call, or which leg this is`, fix('cdr_manager.conf, [mappings]', ...unmapped));
  return ok(name, `${exact} of the last ${newest} calls have times to the microsecond`);
}
