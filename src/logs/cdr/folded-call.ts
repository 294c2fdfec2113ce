import { MICROS_PER_SECOND, type Micros } from '../../time.js';
import type { Cdr, Disposition } from './columns.js';

/**
 * One call as people count calls, made of its legs: the CDRs of one PBX with the same linkedid (or, where a leg
 * has none, the uniqueid in its place; a leg with neither is a call of its own). What Asterisk links late, such as
 * the consultation before an attended transfer, keeps its own linkedid and stays a call of its own.
 */
export interface FoldedCall {
  /** Of the leg that began first: together with `begin` the call's place in the list. */
  readonly id: number;
  readonly pbx: string;
  /** What the legs have in common; '' where nothing says. */
  readonly linkedid: string;
  /** When the first leg began. */
  readonly begin: Micros;
  /** When somebody took it; for a call that only the PBX took (announcement, voicemail, echo test) when it did. Null: never. */
  readonly answer: Micros | null;
  /** When the last leg ended. */
  readonly end: Micros;
  /** `src` and caller id of the origin: the leg of the channel that gave the call its linkedid, else the first. */
  readonly from: string;
  readonly callerId: string;
  /** `dst` of the origin: what was dialled. After a blind transfer Asterisk itself writes the new number there. */
  readonly to: string;
  /** The party whose channel took the call first: `904` for `PJSIP/904-0000001a`, a trunk's name for an outside line. */
  readonly answeredBy: string | null;
  readonly answeredChannel: string | null;
  /** Whole seconds from `begin` to `end`; of a single leg its own `duration`. */
  readonly duration: number;
  /**
   * Seconds in which the caller's line was up, which is what a carrier charges: from a channel's first answer to its
   * last end, also through announcements, queue music and legs that nobody took, since a line once answered stays so.
   * Channels that overlap (Local channels, both ends of a transfer) count once. Of a single leg its own `billsec`.
   */
  readonly billsec: number;
  /** Seconds in which people were connected: the union of `[answer, answer + billsec)` of the legs that a party took. */
  readonly talk: number;
  /**
   * ANSWERED when a party took a leg, or when no party was sought and the PBX itself took the call. Else NO_ANSWER
   * when somebody was rung or waited for in a queue, then BUSY, then FAILED, by the best that any leg came to: voicemail,
   * or a queue's music, makes no call answered.
   */
  readonly disposition: Disposition;
  readonly accountcode: string;
  /** Earliest first. */
  readonly legs: readonly Cdr[];
}

/** Groups legs into calls, newest first. A call is whole only where all its legs are among them. */
export function foldCalls(legs: readonly Cdr[]): FoldedCall[] {
  const groups = new Map<string, Cdr[]>();
  for (const leg of legs) {
    const key = callKey(leg);
    const group = groups.get(key);
    if (group) group.push(leg);
    else groups.set(key, [leg]);
  }
  return [...groups.values()].flatMap((group) => fold(group) ?? []).sort((a, b) => b.begin - a.begin || b.id - a.id);
}

/** Which call a leg belongs to. */
export const callKey = ({ pbx, linkedid, uniqueid, id }: Pick<Cdr, 'pbx' | 'linkedid' | 'uniqueid' | 'id'>): string =>
  JSON.stringify([pbx, linkedid || uniqueid || id]);

function fold(group: readonly Cdr[]): FoldedCall | null {
  const legs = [...group].sort((a, b) => a.callDate - b.callDate || a.id - b.id);
  const [first] = legs;
  if (!first) return null;
  const linkedid = first.linkedid || first.uniqueid;
  const origin = legs.find(({ uniqueid }) => uniqueid !== '' && uniqueid === linkedid) ?? first;
  const channels = new Set(legs.map(({ channel }) => channel));
  const sought = legs.filter(({ dstchannel }) => dstchannel !== '' && !isRelayed(dstchannel, channels));
  const taken = sought.filter(isAnswered);
  const byPbx = sought.length > 0 ? [] : legs.filter((leg) => isAnswered(leg) && !SEEKING.has(leg.lastapp));
  const answers = taken.length > 0 ? taken : byPbx;
  const answering = earliestAnswer(taken);
  const end = legs.reduce((latest, leg) => Math.max(latest, endOf(leg)), first.callDate);
  return {
    id: first.id,
    pbx: first.pbx,
    linkedid,
    begin: first.callDate,
    answer: answers.reduce<Micros | null>((earliest, leg) => Math.min(earliest ?? answerOf(leg), answerOf(leg)), null),
    end,
    from: origin.src,
    callerId: origin.callerId,
    to: origin.dst,
    answeredBy: answering ? partyOf(answering.dstchannel) : null,
    answeredChannel: answering?.dstchannel ?? null,
    duration: legs.length === 1 ? first.duration : Math.floor((end - first.callDate) / MICROS_PER_SECOND),
    billsec: seconds(linesUp(legs)),
    talk: seconds(taken.filter(({ billsec }) => billsec > 0).map(answeredSpan)),
    disposition: answers.length > 0 ? 'ANSWERED' : failureOf(sought.length > 0 ? sought : legs),
    accountcode: origin.accountcode,
    legs,
  };
}

/** Applications that look for a party: an answered leg of theirs without one means that the line was answered before. */
export const SEEKING: ReadonlySet<string> = new Set(['Dial', 'Queue', 'FollowMe', 'RetryDial']);

const isAnswered = ({ disposition }: Cdr): boolean => disposition === 'ANSWERED';

/** Whether a channel is half of a Local channel whose other half has legs of its own, which say what came of it. */
export function isRelayed(dstchannel: string, channels: ReadonlySet<string>): boolean {
  const half = /^(Local\/.*;)([12])$/.exec(dstchannel);
  return half !== null && channels.has(`${half[1] ?? ''}${half[2] === '1' ? '2' : '1'}`);
}

/** A party that hung up within its first second, as one whose call is picked up elsewhere, did not take it if another did. */
function earliestAnswer(taken: readonly Cdr[]): Cdr | undefined {
  const talking = taken.filter(({ billsec }) => billsec > 0);
  return (talking.length > 0 ? talking : taken).reduce<Cdr | undefined>((best, leg) => (best && answerOf(best) <= answerOf(leg) ? best : leg), undefined);
}

function failureOf(legs: readonly Cdr[]): Disposition {
  const words = new Set(legs.map(({ disposition }) => disposition));
  if (words.has('NO_ANSWER') || words.has('ANSWERED')) return 'NO_ANSWER';
  if (words.has('BUSY')) return 'BUSY';
  return words.has('FAILED') ? 'FAILED' : 'UNKNOWN';
}

/** When a leg ended: as the PBX said, else as long after its begin as it lasted. */
export const endOf = ({ callDate, endDate, duration }: Cdr): Micros => endDate ?? callDate + duration * MICROS_PER_SECOND;

/** When an answered leg was answered: as the PBX said, else `billsec` before its end. */
export const answerOf = (leg: Cdr): Micros => leg.answerDate ?? endOf(leg) - leg.billsec * MICROS_PER_SECOND;

interface Span {
  readonly from: Micros;
  readonly to: Micros;
}

const answeredSpan = (leg: Cdr): Span => ({ from: answerOf(leg), to: answerOf(leg) + leg.billsec * MICROS_PER_SECOND });

/** From each channel's first answer to its last end; one leg alone tells its length better than its times, which may be whole seconds. */
function linesUp(legs: readonly Cdr[]): Span[] {
  const channels = new Map<string, Cdr[]>();
  for (const leg of legs) {
    if (leg.billsec === 0 && leg.answerDate === null) continue;
    const name = leg.uniqueid || leg.channel;
    const own = channels.get(name);
    if (own) own.push(leg);
    else channels.set(name, [leg]);
  }
  return [...channels.values()].map((own) => {
    const spans = own.map(answeredSpan);
    const ends = own.length > 1 ? own.map(endOf) : spans.map(({ to }) => to);
    return { from: spans.reduce((earliest, { from }) => Math.min(earliest, from), Number.POSITIVE_INFINITY), to: ends.reduce((latest, to) => Math.max(latest, to), 0) };
  });
}

/** The whole seconds that the spans cover together. */
function seconds(spans: readonly Span[]): number {
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return Math.floor(covered / MICROS_PER_SECOND);
}

/** `904` of `PJSIP/904-0000001a` and of `Local/904@from-queue-00000002;1`. */
export function partyOf(channel: string): string {
  const name = channel.slice(channel.indexOf('/') + 1).replace(/;[12]$/, '').replace(/-[0-9a-f]+$/i, '');
  return channel.startsWith('Local/') ? name.replace(/@.*$/, '') : name;
}
