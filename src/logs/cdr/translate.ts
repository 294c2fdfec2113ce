import type { AmiEvent } from '../../ami/event.js';
import type { PbxZone } from '../../ami/input.js';
import { fromSeconds, MICROS_PER_SECOND, parseIso, type Micros } from '../../time.js';
import { eventKey } from '../key.js';
import type { NewCdr } from '../output.js';
import { cdrs, type Disposition } from './columns.js';
import { clip } from '../columns.js';
import { instantsOfLocal, nearest } from './zone.js';

/** Headers of a Cdr event that have a column, or say the same as one; all others are kept in `extra`. */
const KNOWN = new Set(
  (
    'AccountCode Source Destination DestinationContext CallerID Channel DestinationChannel LastApplication LastData ' +
    'StartTime AnswerTime EndTime Duration BillableSeconds Disposition AMAFlags UniqueID UserField LinkedID Sequence ' +
    'StartEpoch AnswerEpoch EndEpoch PeerAccount Timestamp'
  )
    .toLowerCase()
    .split(' '),
);

/** Asterisk's words and ours. CONGESTION: the call could not be placed. CANCEL: the caller gave up first. */
const DISPOSITION: ReadonlyMap<string, Disposition> = new Map([
  ['ANSWERED', 'ANSWERED'],
  ['NO ANSWER', 'NO_ANSWER'],
  ['NOANSWER', 'NO_ANSWER'],
  ['CANCEL', 'NO_ANSWER'],
  ['BUSY', 'BUSY'],
  ['FAILED', 'FAILED'],
  ['CONGESTION', 'FAILED'],
]);

export const dispositionOf = (word: string): Disposition => DISPOSITION.get(word.trim().toUpperCase()) ?? 'UNKNOWN';

/**
 * A `Cdr` event as a row. Times come from the epoch mappings (docs/asterisk.md) to the microsecond;
 * without them from the PBX's local times and its own offset, to the second. A call is never left
 * out: what cannot be read is replaced by the best there is, and stands in `extra` as it was said.
 */
export function translateCdr(pbx: string, event: AmiEvent, zone: PbxZone | null): NewCdr {
  const doubts: Record<string, string> = {};
  const times = epochTimes(event) ?? localTimes(event, zone) ?? someTimes(event, doubts);
  const duration = wholeSeconds(event, 'Duration', doubts);
  const billsec = wholeSeconds(event, 'BillableSeconds', doubts);
  const extra = otherFields(event, doubts);
  return {
    key: eventKey(
      pbx,
      'cdr',
      ...['UniqueID', 'Sequence', 'Channel', 'DestinationChannel', 'Source', 'Destination', 'StartTime', 'AnswerTime', 'EndTime'].map((name) => event.get(name)),
      ...['Duration', 'BillableSeconds', 'Disposition', 'LastApplication', 'LastData', 'UserField', 'AccountCode'].map((name) => event.get(name)),
    ),
    callDate: times.start,
    answerDate: times.answer,
    endDate: times.end,
    src: event.get('Source'),
    dst: event.get('Destination'),
    callerId: event.get('CallerID'),
    duration,
    billsec,
    disposition: dispositionOf(event.get('Disposition')),
    asteriskDisposition: event.get('Disposition'),
    channel: event.get('Channel'),
    dstchannel: event.get('DestinationChannel'),
    dcontext: event.get('DestinationContext'),
    lastapp: event.get('LastApplication'),
    lastdata: event.get('LastData'),
    accountcode: event.get('AccountCode'),
    amaflags: event.get('AMAFlags'),
    userfield: event.get('UserField'),
    uniqueid: event.get('UniqueID'),
    linkedid: event.get('LinkedID'),
    sequence: event.get('Sequence') || null,
    peeraccount: event.get('PeerAccount'),
    extra,
    pbx,
  };
}

interface Times {
  readonly start: Micros;
  readonly answer: Micros | null;
  readonly end: Micros | null;
}

function epochTimes(event: AmiEvent): Times | null {
  const start = epoch(event.get('StartEpoch'));
  return start === null ? null : { start, answer: epoch(event.get('AnswerEpoch')), end: epoch(event.get('EndEpoch')) };
}

/** `1795369894.437993`; `0.000000` is a call that never was answered. */
function epoch(text: string): Micros | null {
  const match = /^(\d{1,11})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) return null;
  const at = Number(match[1]) * MICROS_PER_SECOND + Number((match[2] ?? '').padEnd(6, '0'));
  return at === 0 ? null : at;
}

function localTimes(event: AmiEvent, zone: PbxZone | null): Times | null {
  const local = parseIso(event.get('StartTime'));
  if (local === null) return null;
  const created = createdAt(event.get('UniqueID'));
  const seconds = Number(event.get('Duration'));
  const start = zone ? nearest(instantsOfLocal(zone, local), created ?? event.at) : startWithoutZone(event, local, created, seconds);
  if (start === null) return null;
  const later = (header: string, after: number): Micros | null => laterLocal(parseIso(event.get(header)), zone, local, start, after);
  return { start, answer: later('AnswerTime', 0), end: later('EndTime', seconds) };
}

/** Neither the mappings nor the local times say when: the channel's creation does, or at last the event's own time. */
function someTimes(event: AmiEvent, doubts: Record<string, string>): Times {
  doubts['unplaced starttime'] = event.get('StartTime');
  return { start: createdAt(event.get('UniqueID')) ?? event.at, answer: null, end: null };
}

/** `UniqueID` begins with the creation time of its channel, after the system's name where it has one. */
export function createdAt(uniqueid: string): Micros | null {
  const match = /(?:^|-)(\d{9,11})\.\d+$/.exec(uniqueid);
  return match ? fromSeconds(Number(match[1])) : null;
}

/**
 * Zones keep whole quarter hours, and a Cdr event comes soon after its call ended (minutes at most,
 * in batch mode): that tells the offset at the end. A channel's creation tells it at the start.
 */
function startWithoutZone(event: AmiEvent, local: Micros, created: Micros | null, seconds: number): Micros | null {
  const localEnd = parseIso(event.get('EndTime'));
  if (localEnd !== null && Number.isFinite(seconds)) {
    const end = atOffsetNear(localEnd, event.at);
    return atOffsetNear(local, end - fromSeconds(seconds));
  }
  return created === null ? null : atOffsetNear(local, created);
}

function atOffsetNear(local: Micros, instant: Micros): Micros {
  const quarter = 900 * MICROS_PER_SECOND;
  return local - Math.round((local - instant) / quarter) * quarter;
}

function laterLocal(local: Micros | null, zone: PbxZone | null, localStart: Micros, start: Micros, seconds: number): Micros | null {
  if (local === null) return null;
  const guess = start + fromSeconds(Number.isFinite(seconds) ? seconds : 0);
  if (!zone) return atOffsetNear(local, guess);
  return nearest(instantsOfLocal(zone, local).filter((at) => at >= start), guess) ?? start + (local - localStart);
}

// A PBX whose clock was set back during a call says a negative duration.
function wholeSeconds(event: AmiEvent, header: string, doubts: Record<string, string>): number {
  const value = event.get(header);
  if (value === '') return 0;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  doubts[`unread ${header.toLowerCase()}`] = value;
  return 0;
}

function otherFields(event: AmiEvent, doubts: Readonly<Record<string, string>>): string | null {
  const fields: Record<string, string> = { ...doubts };
  let size = 0;
  const most = cdrs.columns.extra.maxLength;
  for (const [name, value] of event.headers()) {
    if (KNOWN.has(name)) continue;
    // Cut whole fields rather than the JSON, which must stay readable.
    size += name.length + value.length + 10;
    if (size <= most) fields[name] = clip(value, 1_000);
  }
  return Object.keys(fields).length === 0 ? null : JSON.stringify(fields);
}
