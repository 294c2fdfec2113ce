import { LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import { visible } from './display-text.js';
import { english, type Language } from './language.js';
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
export function verdictOf(overview: Overview, language: Language = english): Verdict {
  const { t } = language;
  const concerns = [...serviceConcerns(overview, language), ...trunkConcerns(overview, language), ...gapConcerns(overview, language), ...letterConcerns(overview, language)];
  concerns.sort((a, b) => Number(a.severity === 'attention') - Number(b.severity === 'attention'));
  const troubles = concerns.filter(({ severity }) => severity === 'trouble').length;
  const rest = concerns.length - troubles;
  if (troubles > 0) {
    const says = rest > 0 ? t('Not all is well: {{count}} things are in trouble, {{more}} more to look at.', { count: troubles, more: rest }) : t('Not all is well: {{count}} things are in trouble.', { count: troubles });
    return { state: 'trouble', says, concerns };
  }
  if (rest > 0) return { state: 'attention', says: t('Everything works. {{count}} things are worth a look.', { count: rest }), concerns };
  return { state: 'well', says: t('All is well: {{words}}.', { words: wellWords(overview, language) }), concerns };
}

function wellWords({ readiness, accounts, trunks, gaps }: Overview, { t, said }: Language): string {
  return [
    ...(typeof readiness === 'string' ? [] : [visible(said(readiness.ami.message))]),
    t('{{count}} accounts on line', { count: accounts.onLineNow }),
    ...(trunks.length === 0 ? [] : [t('all {{count}} trunks are registered', { count: trunks.length })]),
    gaps.length === 0 ? t('no gap in what was heard') : t('the calls of every gap are recovered'),
  ].join(', ');
}

const trouble = (what: string, todo: string): Concern => ({ severity: 'trouble', what, todo });
const attention = (what: string, todo: string): Concern => ({ severity: 'attention', what, todo });

function serviceConcerns({ readiness }: Overview, { t, said }: Language): Concern[] {
  if (typeof readiness === 'string') return [trouble(t('The state of the service is not known: {{problem}}.', { problem: visible(said(readiness)) }), t('Look at Logbook’s log.'))];
  const { database, spool, ami, jobs } = readiness;
  const check = ({ ok, message, warnings = [] }: Check, what: (problem: string) => string, todo: (message: string) => string): Concern[] => [
    ...(ok ? [] : [trouble(what(visible(said(message))), todo(message))]),
    // Of dead letters the verdict speaks itself.
    ...warnings.filter((warning) => !warning.includes('/dead-letters')).map((warning) => attention(visible(said(warning)), '')),
  ];
  return [
    ...check(
      database,
      (problem) => t('The database is in trouble: {{problem}}.', { problem }),
      () => t('Look at the server of DATABASE_URL and at its disk. What the PBX says meanwhile waits in the spool.'),
    ),
    ...check(
      spool,
      (problem) => t('The spool {{problem}}.', { problem }),
      (message) => (message.includes('is full') ? t('Bring the database back, or raise SPOOL_MAX_MB.') : t('See that the disk of SPOOL_DIR has room and may be written.')),
    ),
    ...check(
      ami,
      (problem) => t('No connection to the PBX: {{problem}}.', { problem }),
      (message) =>
        message.includes('refuses the login')
          ? t('Compare AMI_USERNAME and AMI_SECRET with manager.conf on the PBX, and see that its permit line allows this machine.')
          : t('See that Asterisk runs, and that AMI_HOST and AMI_PORT lead to it; “npm run logbook -- doctor” says more.'),
    ),
    ...check(
      jobs,
      (problem) => t('Background jobs do not run: {{problem}}.', { problem }),
      (message) => (message.startsWith('Redis') ? t('See that the server of REDIS_URL runs; jobs go on by themselves when it is back.') : t('Logbook’s log says why. A job runs again at its next interval.')),
    ),
  ];
}

/** So many trunks are named; a PBX whose network is cut loses all of them at once. */
const NAMED_TRUNKS = 3;

function trunkConcerns({ trunks }: Overview, { t }: Language): Concern[] {
  const lost = trunks.filter(({ registered }) => !registered);
  if (lost.length === 0) return [];
  const names = lost.slice(0, NAMED_TRUNKS).map(({ username, provider, details }) =>
    t('{{name}} at {{provider}} ({{details}})', { name: visible(username), provider: visible(provider), details: visible(details) }),
  );
  const values = { count: lost.length, names: names.join(', ') };
  const todo = t('Compare name and password with what the provider gave, and see that its server can be reached.');
  const what =
    lost.length > NAMED_TRUNKS
      ? t('{{count}} trunks are not registered: {{names}} and {{more}} more.', { ...values, more: lost.length - NAMED_TRUNKS })
      : t('{{count}} trunks are not registered: {{names}}.', values);
  return [trouble(what, todo)];
}

function gapConcerns(overview: Overview, { t, duration }: Language): Concern[] {
  const { gaps, gapsComplete } = overview;
  const silent = gaps.filter(({ kind, recovery }) => kind === 'GAP' && recovery !== 'done');
  const lost = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
  const concerns: Concern[] = [];
  if (silent.length > 0) {
    const todo = silent.some(({ recovery }) => recovery === 'failed')
      ? t('Calls of that time could not be recovered; the table of gaps below says why.')
      : silent.some(({ recovery }) => recovery === 'none')
        ? t('Set CDR_CSV or CDR_SQL_URL, and calls of such times come back by themselves; “npm run logbook -- backfill” recovers these.')
        : t('Calls of that time are being recovered.');
    const values = { duration: duration(silentFor(overview, silent)), gaps: t('{{count}} gaps', { count: silent.length }) };
    const what = gapsComplete ? t('The PBX was not heard for {{duration}} of this time ({{gaps}}).', values) : t('The PBX was not heard for {{duration}} of this time (more than {{gaps}}).', values);
    concerns.push(attention(what, todo));
  }
  if (lost > 0) concerns.push(attention(t('{{count}} events of little value were left out because the spool was full.', { count: lost }), t('Look at the database, or raise SPOOL_MAX_MB.')));
  return concerns;
}

function letterConcerns({ deadLetters }: Overview, { t }: Language): Concern[] {
  if (deadLetters === 0) return [];
  const what = deadLetters >= LETTERS_COUNTED ? t('{{number}} events or more could not be translated or written.', { number: LETTERS_COUNTED }) : t('{{count}} events could not be translated or written.', { count: deadLetters });
  return [attention(what, t('Dead Letters says why; “npm run logbook -- retry” tries again.'))];
}
