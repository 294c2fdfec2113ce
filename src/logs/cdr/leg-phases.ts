import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Cdr } from './columns.js';
import { answerOf, endOf, isRelayed, partyOf, SEEKING, type FoldedCall } from './folded-call.js';

/** `ring`: sought, not answered; `talk`: with the party that took it; `line`: with the PBX alone (announcement, queue music, voicemail). */
export type PhaseKind = 'ring' | 'talk' | 'line';

export interface Phase {
  readonly kind: PhaseKind;
  readonly from: Micros;
  readonly to: Micros;
}

/** One leg, and what it is in its call. */
export interface LegStory {
  readonly leg: Cdr;
  readonly begin: Micros;
  readonly end: Micros;
  readonly phases: readonly Phase[];
  /** `909` of `PJSIP/909-0000001a`; '' where the PBX says no channel. */
  readonly caller: string;
  /** Whether a party was looked for: the PBX alone took any other leg. */
  readonly sought: boolean;
  /** The party that was sought, else what was dialled. */
  readonly party: string;
  /** The queue through which the party was sought; null where it was none. */
  readonly queue: string | null;
  /** Half of a Local channel: the other half's legs say what came of it. */
  readonly relayed: boolean;
  /**
   * The number, from 1, of the leg whose line went on here after people had talked there: a transfer, or the next step
   * of the dial plan, which CDRs do not tell apart. Null otherwise.
   */
  readonly goesOnFrom: number | null;
  /** The party took it, but the line had been answered before this leg began, so that nothing tells how long the party rang. */
  readonly ringUntold: boolean;
}

/** Between two legs of one line Asterisk leaves no more than some milliseconds. */
const AT_ONCE: Micros = 0.1 * MICROS_PER_SECOND;

/** The legs of a call in their order. */
export function legStories({ legs }: Pick<FoldedCall, 'legs'>): LegStory[] {
  const channels = new Set(legs.map(({ channel }) => channel));
  return legs.map((leg, index) => {
    const sought = leg.dstchannel !== '';
    const phases = phasesOf(leg, sought);
    return {
      leg,
      begin: leg.callDate,
      end: endOf(leg),
      phases,
      caller: partyOf(leg.channel),
      sought,
      party: sought ? partyOf(leg.dstchannel) : leg.dst,
      queue: leg.lastapp === 'Queue' ? (leg.lastdata.split(',')[0] ?? '') : null,
      relayed: sought && isRelayed(leg.dstchannel, channels),
      goesOnFrom: before(legs, index),
      ringUntold: sought && leg.disposition === 'ANSWERED' && SEEKING.has(leg.lastapp) && leg.answerDate !== null && leg.answerDate <= leg.callDate,
    };
  });
}

function phasesOf(leg: Cdr, sought: boolean): Phase[] {
  const [begin, end] = [leg.callDate, endOf(leg)];
  if (leg.disposition !== 'ANSWERED') return nonEmpty([{ kind: 'ring', from: begin, to: end }]);
  const answer = Math.min(Math.max(answerOf(leg), begin), end);
  return nonEmpty([
    { kind: 'ring', from: begin, to: answer },
    { kind: sought ? 'talk' : 'line', from: answer, to: end },
  ]);
}

const nonEmpty = (phases: readonly Phase[]): Phase[] => phases.filter(({ from, to }) => to > from);

function before(legs: readonly Cdr[], index: number): number | null {
  const leg = legs[index];
  if (!leg || leg.uniqueid === '' || leg.dstchannel === '') return null;
  const found = legs.findIndex(
    (other) =>
      other !== leg &&
      other.uniqueid === leg.uniqueid &&
      other.dstchannel !== '' &&
      other.dstchannel !== leg.dstchannel &&
      other.disposition === 'ANSWERED' &&
      endOf(other) - answerOf(other) >= MICROS_PER_SECOND &&
      Math.abs(leg.callDate - endOf(other)) <= AT_ONCE,
  );
  return found === -1 ? null : found + 1;
}

/** Channel drivers whose channels are called like the account that they are of. */
const OF_ACCOUNTS = /^(PJSIP|SIP|IAX2)\//;

/** Who may have had a part in a call, and by what one knows: a channel of theirs, what Dial was told to ring, or no more than the number. */
export interface Party {
  readonly name: string;
  readonly by: 'channel' | 'dialled' | 'number';
}

/** The names that come up in a call, each once, the surest first. Where a phone is off line, no channel of it comes to be. */
export function partiesOf({ legs }: Pick<FoldedCall, 'legs'>): Party[] {
  const channels = legs.flatMap(({ channel, dstchannel }) => [channel, dstchannel]).filter((channel) => OF_ACCOUNTS.test(channel));
  const targets = legs.filter(({ lastapp }) => lastapp === 'Dial').flatMap(({ lastdata }) => (lastdata.split(',')[0] ?? '').split('&')).filter((target) => OF_ACCOUNTS.test(target));
  const named: Party[] = [
    ...channels.map((channel) => ({ name: partyOf(channel), by: 'channel' as const })),
    ...targets.map((target) => ({ name: targetOf(target), by: 'dialled' as const })),
    ...legs.flatMap(({ src, dst }) => [src, dst]).map((name) => ({ name, by: 'number' as const })),
  ];
  return named.filter(({ name }, index) => name !== '' && named.findIndex((other) => other.name === name) === index);
}

/** `904` of `PJSIP/904`, `trunk` of `PJSIP/+39065551234@trunk` and of `SIP/trunk/065551234`. */
const targetOf = (target: string): string => target.replace(OF_ACCOUNTS, '').replace(/^[^/]*@/, '').replace(/[/:].*$/, '');

/** Seconds, to the microsecond, that a kind of phase takes of a leg. */
export const secondsOf = ({ phases }: LegStory, kind: PhaseKind): number =>
  phases.filter((phase) => phase.kind === kind).reduce((sum, { from, to }) => sum + to - from, 0) / MICROS_PER_SECOND;
