import type { Disposition } from '../../../src/logs/cdr/columns.js';
import type { NewCdr } from '../../../src/logs/output.js';
import { MICROS_PER_SECOND, type Micros } from '../../../src/time.js';
import { drawnKey, PBX, pick, type Company, type Person, type Random } from './company.js';
import { instants } from './hours.js';

/** Exactly so many rows of the call log, in the order in which calls begin; a call to a queue has a row for each agent that rang. */
export function* generateCalls(company: Company, count: number, from: Micros, to: Micros, random: Random): Generator<NewCdr> {
  let rows = 0;
  let instant = 0;
  for (const at of instants(count, from, to, random)) {
    instant += 1;
    // A call of several legs takes the instants of several calls, so that the rows end where the range does.
    if (rows >= instant) continue;
    const call = legs(company, at, rows, random).slice(0, count - rows);
    rows += call.length;
    yield* call;
  }
}

const QUEUES = ['600', '601', '602', '610'];
const ASTERISK_WORDS: Readonly<Record<Disposition, readonly string[]>> = {
  ANSWERED: ['ANSWERED'], NO_ANSWER: ['NO ANSWER'], BUSY: ['BUSY'], FAILED: ['FAILED', 'CONGESTION'], UNKNOWN: ['UNKNOWN'],
};

function legs(company: Company, at: Micros, number: number, random: Random): NewCdr[] {
  const dice = random();
  const caller = company.anyone(random);
  const callee = company.anyone(random);
  const outsider = company.outsider(random);
  const uniqueid = `${Math.floor(at / MICROS_PER_SECOND)}.${number}`;
  const whole = { at, uniqueid, linkedid: uniqueid, number };
  const inside = { src: caller.extension, callerId: callerId(caller), channel: channel(caller, number), accountcode: caller.extension };
  const outside = { src: outsider, callerId: `"" <${outsider}>`, channel: `PJSIP/fastline-${hex(number)}`, accountcode: '' };
  if (dice < 0.3) return [leg(whole, { ...inside, dst: callee.extension, dcontext: 'internal', ...dial(callee, number) }, random)];
  if (dice < 0.62) {
    const trunk = { lastapp: 'Dial', lastdata: `PJSIP/${outsider}@fastline,60`, dstchannel: `PJSIP/fastline-${hex(number + 1)}` };
    return [leg(whole, { ...inside, dst: outsider, dcontext: 'outbound', ...trunk }, random)];
  }
  if (dice < 0.85) return [leg(whole, { ...outside, dst: company.outsideNumber(callee), dcontext: 'inbound', ...dial(callee, number) }, random)];
  return queueLegs(company, whole, outside, random);
}

interface Whole {
  readonly at: Micros;
  readonly uniqueid: string;
  readonly linkedid: string;
  readonly number: number;
}

type Ends = Pick<NewCdr, 'src' | 'dst' | 'callerId' | 'channel' | 'dstchannel' | 'dcontext' | 'lastapp' | 'lastdata' | 'accountcode'>;

/** Agents ring one after the other, and the last takes it, or nobody. */
function queueLegs(company: Company, whole: Whole, caller: Pick<Ends, 'src' | 'callerId' | 'channel' | 'accountcode'>, random: Random): NewCdr[] {
  const queue = pick(QUEUES, random);
  const rang = 1 + Math.floor(random() * 5);
  const answered = random() < 0.85;
  return Array.from({ length: rang }, (_, i) => {
    const agent = company.anyone(random);
    const at = whole.at + i * 18 * MICROS_PER_SECOND;
    const ends = { ...caller, dst: queue, dcontext: 'queues', ...dial(agent, whole.number + i), lastapp: 'Queue', lastdata: `${queue},tT,,,300` };
    return leg({ ...whole, at, number: whole.number + i }, ends, random, i === rang - 1 && answered ? 'ANSWERED' : 'NO_ANSWER');
  });
}

function leg({ at, uniqueid, linkedid, number }: Whole, ends: Ends, random: Random, disposition = drawnDisposition(random)): NewCdr {
  const ring = Math.floor(random() * 25 * MICROS_PER_SECOND);
  const talk = disposition === 'ANSWERED' ? Math.floor(-Math.log(1 - random()) * 165 * MICROS_PER_SECOND) : 0;
  const end = at + ring + talk;
  return {
    key: drawnKey(random),
    callDate: at,
    answerDate: disposition === 'ANSWERED' ? at + ring : null,
    endDate: end,
    ...ends,
    duration: Math.floor((ring + talk) / MICROS_PER_SECOND),
    billsec: Math.floor(talk / MICROS_PER_SECOND),
    disposition,
    asteriskDisposition: pick(ASTERISK_WORDS[disposition], random),
    amaflags: 'DOCUMENTATION',
    userfield: number % 50 === 0 ? `ticket ${number}` : '',
    uniqueid,
    linkedid,
    sequence: String(number),
    peeraccount: '',
    extra: null,
    pbx: PBX,
  };
}

function drawnDisposition(random: Random): Disposition {
  const dice = random();
  return dice < 0.68 ? 'ANSWERED' : dice < 0.88 ? 'NO_ANSWER' : dice < 0.95 ? 'BUSY' : 'FAILED';
}

const dial = (callee: Person, number: number): Pick<Ends, 'lastapp' | 'lastdata' | 'dstchannel'> => ({ lastapp: 'Dial', lastdata: `PJSIP/${callee.extension},30,tT`, dstchannel: channel(callee, number + 1) });
const channel = ({ extension }: Person, number: number): string => `PJSIP/${extension}-${hex(number)}`;
const callerId = ({ name, extension }: Person): string => `"${name}" <${extension}>`;
const hex = (number: number): string => number.toString(16).padStart(8, '0');
