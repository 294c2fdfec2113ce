import { z } from 'zod';
import { GAP_KINDS, RECOVERIES, type CaptureGap } from '../logs/capture-gap/columns.js';
import { LETTERS_COUNTED } from '../logs/dead-letter/store.js';
import { answerSeizureRatio, averageDuration, type Tally } from '../logs/statistics/calls.js';
import type { Span } from '../logs/statistics/spans.js';
import { MICROS_PER_SECOND, toIso } from '../time.js';
import { RANGES, silentFor, type Overview } from './overview.js';
import { verdictOf } from './overview-verdict.js';
import type { Check } from './readiness.js';

const instant = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/).meta({ format: 'date-time' });
const count = z.int().min(0);
const seconds = z.number().min(0);
const about = <T extends z.ZodType>(schema: T, description: string): T => schema.meta({ description });

const dispositions = about(z.strictObject({ ANSWERED: count, NO_ANSWER: count, BUSY: count, FAILED: count, UNKNOWN: count }), 'Calls by disposition.');
const figures = {
  total: about(count, 'Rows of the call log that began in this time. A call of several legs counts with each.'),
  byDisposition: dispositions,
  answerSeizureRatio: about(z.number().min(0).max(1).nullable(), 'Answered calls of all that were tried. Absent where none was.'),
  averageDuration: about(seconds.nullable(), 'Mean billsec of answered calls, in seconds. Absent where none was answered.'),
};
const span = { from: instant, to: about(instant, 'Not in it any more.') };
const check = z.strictObject({ ok: z.boolean(), message: z.string(), warnings: z.array(z.string()) });
const name = z.strictObject({ name: z.string(), attempts: count, exists: about(z.boolean(), 'There is such an account.') });

/** The schema of what `jsonOverview` gives. */
export const overviewSchema = z
  .strictObject({
    range: z.strictObject({
      name: z.enum(RANGES),
      ...span,
      asOf: about(instant, 'Now. The hour that it lies in is the last one, and still runs.'),
      timeZone: about(z.string(), 'The zone whose hours these are.'),
    }),
    verdict: z.strictObject({
      state: z.enum(['well', 'attention', 'trouble']),
      says: z.string(),
      concerns: z.array(z.strictObject({ severity: z.enum(['trouble', 'attention']), what: z.string(), todo: about(z.string(), 'What to do about it.') })),
    }),
    accounts: z.strictObject({
      onLineNow: count,
      known: about(count, 'Accounts that were ever seen on line.'),
      hours: z.array(
        z.strictObject({
          ...span,
          fewest: about(count.nullable(), 'Fewest accounts on line at once. Absent where nothing of the hour is known.'),
          most: count.nullable(),
          last: about(count.nullable(), 'As the hour ended, or is now.'),
          unknownSeconds: about(seconds, 'So much of the hour is not known, because nobody listened.'),
        }),
      ),
      pbxsLeftOut: about(z.array(z.string()), 'PBXs that were not heard at all in this time; their accounts are not counted.'),
    }),
    calls: z.strictObject({
      ...figures,
      busiestHour: about(z.strictObject({ ...span, total: count }).nullable(), 'The first of the hours with most calls.'),
      hours: z.array(z.strictObject({ ...span, running: z.boolean(), ...figures })),
    }),
    pbxs: about(z.array(z.strictObject({ pbx: z.string(), heardAt: instant, heardNow: z.boolean() })), 'The PBXs that were heard in this time, by whichever process, and when last.'),
    trunks: about(
      z.array(
        z.strictObject({
          pbx: z.string(),
          provider: z.string(),
          username: z.string(),
          registered: z.boolean(),
          details: about(z.string(), 'What the PBX said last.'),
          since: about(instant, 'Since when it is registered, or is not.'),
          sinceBefore: about(z.boolean(), 'It was so before already; that is only how far was looked back.'),
          heardAt: instant,
        }),
      ),
      'Providers that the PBX spoke of in the last seven days.',
    ),
    refused: z.strictObject({
      attempts: count,
      addressCount: count,
      addresses: about(z.array(z.strictObject({ address: z.string(), attempts: count, firstAt: instant, lastAt: instant, nameCount: count, names: z.array(name) })), 'The most active ones.'),
      nameCount: count,
      names: about(z.array(name), 'The most tried ones.'),
    }),
    readiness: about(z.strictObject({ database: check, spool: check, ami: check, jobs: check }).nullable(), 'What /readyz says. Absent where the service cannot tell.'),
    gaps: z.strictObject({
      silentSeconds: about(seconds, 'So much of the range the PBX was not heard, by the gaps that are listed.'),
      complete: about(z.boolean(), 'False: there are more gaps than are listed.'),
      list: z.array(
        z.strictObject({ pbx: z.string(), kind: z.enum(GAP_KINDS), ...span, reason: z.string(), lost: count, recovery: z.enum(RECOVERIES), recoveredCalls: count, recoveryNote: z.string().nullable() }),
      ),
    }),
    jobs: z.array(z.strictObject({ job: z.string(), startedAt: instant, finishedAt: instant, result: z.string() })),
    deadLetters: z.strictObject({ count, exact: about(z.boolean(), 'False: there may be more.') }),
  })
  .meta({ title: 'Overview', description: 'Whether everything is all right.' });

export type OverviewJson = z.output<typeof overviewSchema>;

/** All of the overview as JSON has it: instants in ISO 8601 and UTC. */
export function jsonOverview(overview: Overview): OverviewJson {
  const { range, zone, hours, accounts, calls, busiest, refused } = overview;
  const { state, says, concerns } = verdictOf(overview);
  return {
    range: { name: range.name, ...spanOf(range), asOf: toIso(range.asOf), timeZone: zone.name },
    verdict: { state, says, concerns: [...concerns] },
    accounts: {
      onLineNow: accounts.onLineNow,
      known: accounts.known,
      hours: hours.map(({ onLine, unknown, ...hour }) => ({ ...spanOf(hour), ...(onLine ?? { fewest: null, most: null, last: null }), unknownSeconds: unknown / MICROS_PER_SECOND })),
      pbxsLeftOut: [...accounts.pbxsLeftOut],
    },
    calls: {
      ...figuresOf(calls),
      busiestHour: busiest && { ...spanOf(busiest), total: busiest.calls.total },
      hours: hours.map((hour) => ({ ...spanOf(hour), running: hour.running, ...figuresOf(hour.calls) })),
    },
    pbxs: overview.pbxs.map(({ pbx, heardAt, now }) => ({ pbx, heardAt: toIso(heardAt), heardNow: now })),
    trunks: overview.trunks.map((trunk) => ({ ...trunk, since: toIso(trunk.since), heardAt: toIso(trunk.heardAt) })),
    refused: {
      attempts: refused.attempts,
      addressCount: refused.addressCount,
      addresses: refused.addresses.map(({ address, attempts, firstAt, lastAt, nameCount, names }) => ({ address, attempts, firstAt: toIso(firstAt), lastAt: toIso(lastAt), nameCount, names: [...names] })),
      nameCount: refused.nameCount,
      names: [...refused.names],
    },
    readiness: typeof overview.readiness === 'string' ? null : checksOf(overview.readiness),
    gaps: { silentSeconds: silentFor(overview, overview.gaps) / MICROS_PER_SECOND, complete: overview.gapsComplete, list: overview.gaps.map(gapOf) },
    jobs: overview.runs.map(({ job, startedAt, finishedAt, result }) => ({ job, startedAt: toIso(startedAt), finishedAt: toIso(finishedAt), result })),
    deadLetters: { count: overview.deadLetters, exact: overview.deadLetters < LETTERS_COUNTED },
  };
}

const spanOf = ({ from, to }: Span): { from: string; to: string } => ({ from: toIso(from), to: toIso(to) });

const figuresOf = (tally: Tally): Pick<OverviewJson['calls'], keyof typeof figures> => ({
  total: tally.total,
  byDisposition: { ...tally.byDisposition },
  answerSeizureRatio: answerSeizureRatio(tally),
  averageDuration: averageDuration(tally),
});

const gapOf = ({ pbx, kind, from, to, reason, lost, recovery, recoveredCalls, recoveryNote }: CaptureGap): OverviewJson['gaps']['list'][number] => ({
  pbx,
  kind: kind === 'LOSS' ? 'LOSS' : 'GAP',
  ...spanOf({ from, to }),
  reason,
  lost: lost ?? 0,
  recovery: RECOVERIES.find((word) => word === recovery) ?? 'none',
  recoveredCalls: recoveredCalls ?? 0,
  recoveryNote,
});

const checksOf = ({ database, spool, ami, jobs }: Exclude<Overview['readiness'], string>): NonNullable<OverviewJson['readiness']> => ({
  database: plain(database),
  spool: plain(spool),
  ami: plain(ami),
  jobs: plain(jobs),
});

const plain = ({ ok, message, warnings = [] }: Check): z.output<typeof check> => ({ ok, message, warnings: [...warnings] });
