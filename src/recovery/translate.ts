import { createdAt, dispositionOf } from '../logs/cdr/translate.js';
import { nearest, type WallClock } from '../logs/cdr/zone.js';
import type { NewCdr } from '../logs/output.js';
import { fromSeconds, MICROS_PER_SECOND, parseIso, type Micros } from '../time.js';
import type { SourceCall } from './source-call.js';

/** A row in all but its key, which depends on how many there are like it. */
export type RecoveredCdr = Omit<NewCdr, 'key'>;

export interface Translated {
  readonly row: RecoveredCdr;
  /** Every instant at which the call may have begun; more than one only where nothing tells them apart. */
  readonly starts: readonly Micros[];
}

/** Numbers that cdr_odbc and integer columns hold instead of the word (Asterisk's `enum ast_cdr_disposition`; 1 is its "null"). */
const DISPOSITION_CODES: ReadonlyMap<string, string> = new Map([
  ['0', 'NO ANSWER'], ['1', 'NO ANSWER'], ['2', 'FAILED'], ['4', 'BUSY'], ['8', 'ANSWERED'], ['16', 'CONGESTION'],
]);

/** `enum ama_flags` of Asterisk 12 and later. */
const AMA_CODES: ReadonlyMap<string, string> = new Map([['1', 'OMIT'], ['2', 'BILLING'], ['3', 'DOCUMENTATION']]);

/** A call of a source as a row, in the words of the Cdr event; or the reason why it cannot be one. */
export function translateSourceCall(pbx: string, call: SourceCall, clock: WallClock): Translated | string {
  const localStart = local(call.start);
  if (localStart === null) return 'the start time is no date';
  const duration = seconds(call.duration);
  const billsec = seconds(call.billsec);
  if (duration === null || billsec === null) return 'duration and billsec must be seconds';
  const starts = startsOf(call, clock, localStart, duration);
  const start = starts[0] ?? localStart;
  const word = DISPOSITION_CODES.get(call.disposition ?? '') ?? call.disposition ?? '';
  const end = later(clock, local(call.end), localStart, start, duration) ?? start + fromSeconds(duration);
  const answered = dispositionOf(word) === 'ANSWERED' || billsec > 0;
  const answer = call.answer === undefined ? (answered ? end - fromSeconds(billsec) : null) : later(clock, local(call.answer), localStart, start, duration - billsec);
  return {
    starts,
    row: {
      callDate: start,
      // A call whose end is cut to the second cannot have been answered before it began.
      answerDate: answer === null ? null : Math.max(answer, start),
      endDate: end,
      src: call.src ?? '',
      dst: call.dst ?? '',
      callerId: call.clid ?? '',
      duration,
      billsec,
      disposition: dispositionOf(word),
      asteriskDisposition: word,
      channel: call.channel ?? '',
      dstchannel: call.dstchannel ?? '',
      dcontext: call.dcontext ?? '',
      lastapp: call.lastapp ?? '',
      lastdata: call.lastdata ?? '',
      accountcode: call.accountcode ?? '',
      amaflags: AMA_CODES.get(call.amaflags ?? '') ?? call.amaflags ?? '',
      userfield: call.userfield ?? '',
      uniqueid: call.uniqueid ?? '',
      linkedid: call.linkedid ?? '',
      sequence: (call.sequence ?? '') === '' ? null : (call.sequence ?? null),
      peeraccount: call.peeraccount ?? '',
      extra: null,
      pbx,
    },
  };
}

/**
 * The repeated hour of autumn gives two starts: the channel's creation in `uniqueid` tells which, else
 * an end that only fits one of them. A start that spring skipped is placed as the clock went on before.
 */
function startsOf(call: SourceCall, clock: WallClock, localStart: Micros, duration: number): readonly Micros[] {
  const starts = clock(localStart);
  if (starts.length === 0) {
    const before = clock(localStart - fromSeconds(10_800))[0];
    return [before === undefined ? localStart : before + fromSeconds(10_800)];
  }
  if (starts.length === 1) return starts;
  const created = createdAt(call.uniqueid ?? '');
  if (created !== null) return [nearest(starts, created) ?? localStart];
  const localEnd = local(call.end);
  if (localEnd === null) return starts;
  const ends = clock(localEnd);
  // Both ends are cut to the second, so their difference may be one more than the duration.
  const fitting = starts.filter((start) => ends.some((end) => Math.abs(end - start - fromSeconds(duration)) <= MICROS_PER_SECOND));
  return fitting.length > 0 ? fitting : starts;
}

function later(clock: WallClock, at: Micros | null, localStart: Micros, start: Micros, after: number): Micros | null {
  if (at === null) return null;
  const instants = clock(at);
  const [only] = instants;
  if (only !== undefined && instants.length === 1 && only >= start) return only;
  return nearest(instants.filter((instant) => instant >= start), start + fromSeconds(after)) ?? start + (at - localStart);
}

const LOCAL = /^\d{4}-\d{2}-\d{2} (\d{2}):(\d{2}):(\d{2})(\.\d{1,6})?$/;
/** The midnights of dates, of which a source has few; null where there is no such date. */
const midnights = new Map<string, Micros | null>();

/** `YYYY-MM-DD HH:MM:SS[.ffffff]` read as if it were UTC; MySQL's zero date is no time. */
function local(text: string | undefined): Micros | null {
  const match = text === undefined ? null : LOCAL.exec(text);
  if (text === undefined || match === null || text.startsWith('0000')) return null;
  const [, hours, minutes, seconds, fraction] = match;
  if (fraction !== undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return parseIso(text);
  const date = text.slice(0, 10);
  let midnight = midnights.get(date);
  if (midnight === undefined) {
    if (midnights.size >= 1_000) midnights.clear();
    midnight = parseIso(date);
    midnights.set(date, midnight);
  }
  return midnight === null ? null : midnight + fromSeconds(Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
}

/** Whole seconds; fractions, which `hrtime` writes, are cut as the Cdr event cuts them. */
function seconds(text: string | undefined): number | null {
  if (text === undefined || text === '') return 0;
  return /^\d{1,9}(\.\d*)?$/.test(text) ? Math.floor(Number(text)) : null;
}
