import { LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import { durationText, formatCount, visible } from './display-text.js';
import { many } from './overview-text.js';
import { silentFor, type Overview } from './overview.js';
import type { Check } from './readiness.js';

/** Something that is not right, and what to do about it. */
export interface Concern {
  /** `trouble`: something does not work now. `attention`: something is missing or is worth a look. */
  readonly severity: 'trouble' | 'attention';
  readonly what: string;
  /** '' where `what` says it already. */
  readonly todo: string;
}

export interface Verdict {
  readonly state: 'well' | 'attention' | 'trouble';
  /** One sentence that says it all. */
  readonly says: string;
  /** Trouble first. */
  readonly concerns: readonly Concern[];
}

/** Whether everything is all right, in words. */
export function verdictOf(overview: Overview): Verdict {
  const concerns = [...serviceConcerns(overview), ...trunkConcerns(overview), ...gapConcerns(overview), ...letterConcerns(overview)];
  concerns.sort((a, b) => Number(a.severity === 'attention') - Number(b.severity === 'attention'));
  const troubles = concerns.filter(({ severity }) => severity === 'trouble').length;
  const rest = concerns.length - troubles;
  if (troubles > 0) return { state: 'trouble', says: `Not all is well: ${things(troubles)} in trouble${rest > 0 ? `, ${rest} more to look at` : ''}.`, concerns };
  if (rest > 0) return { state: 'attention', says: `Everything works. ${things(rest, true)} worth a look.`, concerns };
  return { state: 'well', says: `All is well: ${wellWords(overview)}.`, concerns };
}

const things = (many: number, begins = false): string => (many === 1 ? `${begins ? 'One' : 'one'} thing is` : `${many} things are`);

function wellWords({ readiness, accounts, trunks, gaps }: Overview): string {
  return [
    ...(typeof readiness === 'string' ? [] : [visible(readiness.ami.message)]),
    `${many(accounts.onLineNow, 'account')} on line`,
    ...(trunks.length === 0 ? [] : [trunks.length === 1 ? 'the trunk is registered' : `all ${trunks.length} trunks are registered`]),
    gaps.length === 0 ? 'no gap in what was heard' : 'the calls of every gap are recovered',
  ].join(', ');
}

const trouble = (what: string, todo: string): Concern => ({ severity: 'trouble', what, todo });
const attention = (what: string, todo: string): Concern => ({ severity: 'attention', what, todo });

function serviceConcerns({ readiness }: Overview): Concern[] {
  if (typeof readiness === 'string') return [trouble(`The state of the service is not known: ${visible(readiness)}.`, 'Look at Logbook’s log.')];
  const { database, spool, ami, jobs } = readiness;
  const check = ({ ok, message, warnings = [] }: Check, name: string, todo: (message: string) => string): Concern[] => [
    ...(ok ? [] : [trouble(`${name} ${visible(message)}.`, todo(message))]),
    ...warnings.map((warning) => attention(visible(warning), '')),
  ];
  return [
    ...check(database, 'The database is in trouble:', () => 'Look at the server of DATABASE_URL and at its disk. What the PBX says meanwhile waits in the spool.'),
    ...check(spool, 'The spool', (message) =>
      message.includes('is full') ? 'Bring the database back, or raise SPOOL_MAX_MB.' : 'See that the disk of SPOOL_DIR has room and may be written.',
    ),
    ...check(ami, 'No connection to the PBX:', (message) =>
      message.includes('refuses the login')
        ? 'Compare AMI_USERNAME and AMI_SECRET with manager.conf on the PBX, and see that its permit line allows this machine.'
        : 'See that Asterisk runs, and that AMI_HOST and AMI_PORT lead to it; “npm run logbook -- doctor” says more.',
    ),
    ...check(jobs, 'Background jobs do not run:', (message) =>
      message.startsWith('Redis') ? 'See that the server of REDIS_URL runs; jobs go on by themselves when it is back.' : 'Logbook’s log says why. A job runs again at its next interval.',
    ),
  ];
}

/** So many trunks are named; a PBX whose network is cut loses all of them at once. */
const NAMED_TRUNKS = 3;

function trunkConcerns({ trunks }: Overview): Concern[] {
  const lost = trunks.filter(({ registered }) => !registered);
  if (lost.length === 0) return [];
  const names = lost.slice(0, NAMED_TRUNKS).map(({ username, provider, details }) => `${visible(username)} at ${visible(provider)} (${visible(details)})`);
  const more = lost.length > NAMED_TRUNKS ? ` and ${lost.length - NAMED_TRUNKS} more` : '';
  const todo = 'Compare name and password with what the provider gave, and see that its server can be reached.';
  return [trouble(`${lost.length === 1 ? 'A trunk is' : `${formatCount(lost.length)} trunks are`} not registered: ${names.join(', ')}${more}.`, todo)];
}

function gapConcerns(overview: Overview): Concern[] {
  const { gaps, gapsComplete } = overview;
  const silent = gaps.filter(({ kind, recovery }) => kind === 'GAP' && recovery !== 'done');
  const lost = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
  const concerns: Concern[] = [];
  if (silent.length > 0) {
    const todo = silent.some(({ recovery }) => recovery === 'failed')
      ? 'Calls of that time could not be recovered; the table of gaps below says why.'
      : silent.some(({ recovery }) => recovery === 'none')
        ? 'Set CDR_CSV or CDR_SQL_URL, and calls of such times come back by themselves; “npm run logbook -- backfill” recovers these.'
        : 'Calls of that time are being recovered.';
    concerns.push(attention(`The PBX was not heard for ${durationText(silentFor(overview, silent))} of this time (${gapsComplete ? '' : 'more than '}${many(silent.length, 'gap')}).`, todo));
  }
  if (lost > 0) concerns.push(attention(`${many(lost, 'event')} of little value ${lost === 1 ? 'was' : 'were'} left out because the spool was full.`, 'Look at the database, or raise SPOOL_MAX_MB.'));
  return concerns;
}

function letterConcerns({ deadLetters }: Overview): Concern[] {
  if (deadLetters === 0) return [];
  const letters = deadLetters >= LETTERS_COUNTED ? `${formatCount(LETTERS_COUNTED)} events or more` : many(deadLetters, 'event');
  return [attention(`${letters} could not be translated or written.`, 'Dead Letters says why; “npm run logbook -- retry” tries again.')];
}
